"""Sending documents (INV-10) and announcements of a further collection (PAY-4) by mail. Decided (issued, planned) and done
(delivered, announced) are two events, so a crash between them sends again, with the same message id."""

from termijn.invoice.announcement import Announcement, announcement_mail
from termijn.invoice.billing_account import BILLING_ACCOUNT, Known
from termijn.invoice.document import subject
from termijn.invoice.draft import DRAFT, Done
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import RecordAnnouncement, RecordAnnouncementFailure, RecordDelivery, RecordDeliveryFailure
from termijn.invoice.policy import PROFILE, Profile
from termijn.invoice.receivable import CreditNote, Receivable
from termijn.kernel.ids import AccountId, InvoiceId
from termijn.runtime.handling import Work, Worker
from termijn.runtime.mail import Mailer, Origin
from termijn.runtime.outgoing import COPIES_MAX, Outgoing
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import Row, load

SQL = load("termijn.invoice", "queries.sql")

MAILS_PER_PAGE = 20
"""Mails sent before the transaction that records them ends: as many may go out twice after a crash."""


def delivery(mailer: Mailer) -> Worker:
    """The worker that sends with this mailer."""
    outgoing = Outgoing(mailer)

    async def deliver_page(work: Work) -> int:
        rows = await outgoing.page(work, SQL["due_mails"], MAILS_PER_PAGE)

        async def send(row: Row) -> bool:
            act = _deliver if row["attempt"] is None else _announce
            await act(work, outgoing, InvoiceId(row["invoice_id"]), AccountId(row["account"]), row["message_id"])
            return False

        return await outgoing.each(work, rows, "message_id", send)

    return Worker(name="delivery", waiting_providers=SQL["delivering_providers"], step=deliver_page)


async def _deliver(work: Work, outgoing: Outgoing, invoice_id: InvoiceId, account: AccountId, message_id: str) -> None:
    state = await work.load(INVOICE, invoice_id)
    billed = await work.load(BILLING_ACCOUNT, account)
    profile = (await work.load(PROFILE, CURRENT)).value
    assert isinstance(state, Receivable | CreditNote) and isinstance(billed, Known) and profile is not None
    draft = await work.load(DRAFT, invoice_id)
    own_address = draft.mail_to if isinstance(draft, Done) else None
    addresses = [own_address] if own_address else addresses_of(billed)
    if not addresses:
        await _fail(work, invoice_id, account, "the account has no e-mail address")
        return
    text = (await work.blobs.get(work.provider, state.issued.document)).decode()
    title = subject(
        number=state.issued.number,
        is_credit_note=isinstance(state, CreditNote),
        language=billed.facts.language,
        sender=profile.name,
    )
    refusals = await outgoing.copies(work.provider, message_id, addresses, write=lambda _: (title, text), origin=origin_of(profile))
    if not outgoing.accepted(message_id):
        await _fail(work, invoice_id, account, f"the mail was refused: {refusals[0]}")
        return
    await work.execute(INVOICE, invoice_id, RecordDelivery(now=work.now, channel="email"), account=account)


async def _announce(work: Work, outgoing: Outgoing, invoice_id: InvoiceId, account: AccountId, message_id: str) -> None:
    """Announce the planned further collection of the invoice; the read model names only those."""
    state = await work.load(INVOICE, invoice_id)
    billed = await work.load(BILLING_ACCOUNT, account)
    profile = (await work.load(PROFILE, CURRENT)).value
    assert isinstance(state, Receivable) and isinstance(billed, Known) and profile is not None
    assert state.debit is not None, "a planned debit is the invoice's last"
    attempt, amount, address, addressee = state.debit.attempt, state.open, _address(billed), billed.addressee
    if address is None or addressee is None or not profile.creditor_id:
        reason = "the account has no e-mail address" if profile.creditor_id else "the profile has no creditor id"
        await _fail_announcement(work, invoice_id, account, attempt, reason)
        return
    said = Announcement(
        debtor=addressee.name,
        number=state.issued.number,
        issued_on=state.issued.issued_on,
        amount=amount,
        collect_on=state.debit.collect_on,
        creditor_id=profile.creditor_id,
        mandate_reference=state.debit.mandate_reference,
        sender=profile.name,
        contact=", ".join(filter(None, (profile.email, profile.phone))),
    )
    title, text = announcement_mail(said, billed.facts.language)
    refusals = await outgoing.copies(work.provider, message_id, [address], write=lambda _: (title, text), origin=origin_of(profile))
    if refusals:
        await _fail_announcement(work, invoice_id, account, attempt, f"the mail was refused: {refusals[0]}")
        return
    recorded = RecordAnnouncement(now=work.now, attempt=attempt, amount=amount)
    await work.execute(INVOICE, invoice_id, recorded, account=account)


async def _fail_announcement(work: Work, invoice_id: InvoiceId, account: AccountId, attempt: int, reason: str) -> None:
    told = RecordAnnouncementFailure(now=work.now, attempt=attempt, reason=f"a further collection is not announced: {reason}")
    await work.execute(INVOICE, invoice_id, told, account=account)


def origin_of(profile: Profile) -> Origin:
    """Whom documents and announcements come from: the provider by its name, and answers go to its own address."""
    return Origin(name=profile.name, reply_to=profile.email)


def addresses_of(billed: Known) -> list[str]:
    """Where documents go: to the recipients that get invoices (CON-8, INV-10), else to the address of the invoices."""
    chosen = [one.email for one in billed.recipients or () if "invoices" in one.documents]
    address = _address(billed)
    return chosen[:COPIES_MAX] or ([address] if address is not None else [])


def _address(billed: Known) -> str | None:
    """The invoice address wins where it has one (CON-8)."""
    parties = (billed.invoice_address, billed.contract_partner)
    return next((party.email for party in parties if party is not None and party.email), None)


async def _fail(work: Work, invoice_id: InvoiceId, account: AccountId, reason: str) -> None:
    await work.execute(INVOICE, invoice_id, RecordDeliveryFailure(now=work.now, reason=reason), account=account)
