"""Sending documents by mail. Decided (issued) and done (delivered) are two events, so a crash between them sends again, with the
same message id (INV-10)."""

from termijn.invoice.billing_account import BILLING_ACCOUNT, Known
from termijn.invoice.document import subject
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import RecordDelivery, RecordDeliveryFailure
from termijn.invoice.policy import PROFILE
from termijn.invoice.receivable import CreditNote, Receivable
from termijn.kernel.ids import AccountId, InvoiceId
from termijn.runtime.handling import Transient, Work, Worker
from termijn.runtime.mail import Mailer, MailRefused
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "queries.sql")

MAILS_PER_PAGE = 20
"""Mails sent before the transaction that records them ends: as many may go out twice after a crash."""


def delivery(mailer: Mailer) -> Worker:
    """The worker that sends with this mailer."""

    async def deliver_page(work: Work) -> int:
        rows = await work.fetch(SQL["due_deliveries"], work.provider, MAILS_PER_PAGE)
        done = 0
        for row in rows:
            try:
                await _deliver(work, mailer, InvoiceId(row["invoice_id"]), AccountId(row["account"]), row["message_id"])
            except Transient:
                # What went out before is recorded; where nothing did, ops see why.
                if not done:
                    raise
                break
            done += 1
        return done

    return Worker(name="delivery", waiting_providers=SQL["delivering_providers"], step=deliver_page)


async def _deliver(work: Work, mailer: Mailer, invoice_id: InvoiceId, account: AccountId, message_id: str) -> None:
    state = await work.load(INVOICE, invoice_id)
    billed = await work.load(BILLING_ACCOUNT, account)
    profile = (await work.load(PROFILE, CURRENT)).value
    assert isinstance(state, Receivable | CreditNote) and isinstance(billed, Known) and profile is not None
    address = _address(billed)
    if address is None:
        await _fail(work, invoice_id, account, "the account has no e-mail address")
        return
    text = (await work.blobs.get(work.provider, state.issued.document)).decode()
    title = subject(
        number=state.issued.number,
        is_credit_note=isinstance(state, CreditNote),
        language=billed.facts.language,
        sender=profile.name,
    )
    try:
        await mailer.send(work.provider, address, title, text, message_id)
    except MailRefused as refused:
        await _fail(work, invoice_id, account, f"the mail was refused: {refused}")
        return
    await work.execute(INVOICE, invoice_id, RecordDelivery(now=work.now, channel="email"), account=account)


def _address(billed: Known) -> str | None:
    """The invoice address wins where it has one (CON-8)."""
    parties = (billed.invoice_address, billed.contract_partner)
    return next((party.email for party in parties if party is not None and party.email), None)


async def _fail(work: Work, invoice_id: InvoiceId, account: AccountId, reason: str) -> None:
    await work.execute(INVOICE, invoice_id, RecordDeliveryFailure(now=work.now, reason=reason), account=account)
