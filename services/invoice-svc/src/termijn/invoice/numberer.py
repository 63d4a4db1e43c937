"""The numberer: takes committed drafts in pages and issues them with the next numbers, all in one transaction (INV-7).

There is one of it at a time, so no run waits for another and a crash leaves no hole: numbers, documents and drafts of a page
are committed together or not at all. A draft that cannot be made into a document is held and takes no number (INV-15).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from datetime import date
from typing import Any

from msgspec.structs import replace

from termijn.events.base import Blob
from termijn.events.contracts import AccountFacts
from termijn.events.invoice import CreditNoteIssued, InvoiceIssued
from termijn.invoice.billing_account import BILLING_ACCOUNT, Known
from termijn.invoice.credit_balance import CREDIT_BALANCE, RecordCredit
from termijn.invoice.document import Sheet, render
from termijn.invoice.draft import DRAFT, Done, Draft, HoldDraft, NumberDraft
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import Issue
from termijn.invoice.kept_year import KEPT_YEAR, KeepYear, kept_year_key
from termijn.invoice.numbering import NUMBERING, GiveNumbers, numbering_key
from termijn.invoice.payer import PAYER, Mandate, Payer
from termijn.invoice.policy import POLICY, PROFILE, Policy, Profile
from termijn.invoice.terms import Terms, terms_for
from termijn.invoice.vat import Totals, totals
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import CATALOGUE, AccountId, InvoiceId
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Work, Worker
from termijn.runtime.key_purpose import tax_purpose
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "queries.sql")

DRAFTS_PER_PAGE = 200
"""Documents numbered in one transaction: enough to amortise the commit, little enough to be lost in a crash."""


class CannotBeIssued(Exception):
    """The document lacks something that only a person can give; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A draft with all facts of this moment, before it has a number.

    ``corrected``: by line id, the invoices that billed before what its lines correct; it may name lines of other drafts, too.
    ``credited``: the ids of this page's credit notes that name a credit already.
    """

    invoice_id: InvoiceId
    account: AccountId
    draft: Draft
    billed: Known
    payer: Payer
    corrected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    credited: frozenset[str] = frozenset()

    @property
    def corrects(self) -> tuple[str, ...]:
        """The invoices that a credit note is about, each once; none for an invoice: its lines name them."""
        if not self.draft.opened.is_credit_note:
            return ()
        return tuple(sorted({number for one in self.draft.lines for number in self.corrected.get(one.line.line_id, ())}))

    @property
    def is_test(self) -> bool:
        """Test accounts are numbered apart and never collected (INV-12)."""
        return self.billed.facts.is_test


@dataclass(slots=True)
class SeriesPage:
    """The numbers that one series gives in this page."""

    series: str
    issued_on: date
    first: int
    given: list[InvoiceId]

    @property
    def next_number(self) -> int:
        """The number of the next document."""
        return self.first + len(self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A document as it will be issued."""

    sheet: Sheet
    terms: Terms
    mandate: Mandate | None


async def number_page(work: Work) -> int:
    """Issue one page of drafts; how many were dealt with. Without the provider's profile they wait."""
    profile = (await work.load(PROFILE, CURRENT)).value
    if profile is None:
        return 0
    policy = (await work.load(POLICY, CURRENT)).value
    rows = await work.fetch(SQL["unnumbered_drafts"], work.provider, DRAFTS_PER_PAGE)
    year = day_of(work.now).year
    await work.prefetch([wanted for row in rows for wanted in _streams(InvoiceId(row["invoice_id"]), AccountId(row["account"]), year)])
    looked = [await _candidate(work, InvoiceId(row["invoice_id"]), AccountId(row["account"])) for row in rows]
    candidates = [candidate for candidate in looked if candidate is not None]
    corrected, credited = await _corrected(work, candidates), await _credited(work, candidates)
    pages: dict[str, SeriesPage] = {}
    for candidate in candidates:
        await _issue_or_hold(work, with_changes(candidate, corrected=corrected, credited=credited), pages, policy, profile)
    for page in pages.values():
        year = page.issued_on.year
        numbers = GiveNumbers(
            now=work.now, series=page.series, year=year, first=page.first, issued_on=page.issued_on, invoice_ids=tuple(page.given)
        )
        await work.execute(NUMBERING, numbering_key(page.series, year), numbers, account=CATALOGUE)
    return len(candidates)


def _streams(invoice_id: InvoiceId, account: AccountId, year: int) -> Sequence[tuple[Aggregate[Any, Any, Any], str]]:
    """All streams that a draft reads or writes on its way to a document."""
    kept_year = kept_year_key(account, year)
    return ((DRAFT, invoice_id), (INVOICE, invoice_id), (BILLING_ACCOUNT, account), (PAYER, account), (KEPT_YEAR, kept_year))


async def _candidate(work: Work, invoice_id: InvoiceId, account: AccountId) -> Candidate | None:
    """None where it is to be numbered no more: another numberer of this process gave it its number, or held it, after this transaction
    began. The rows are as they were then, and a state that the process remembers is newer.
    """
    draft = await work.load(DRAFT, invoice_id)
    if isinstance(draft, Done) or (isinstance(draft, Draft) and draft.held is not None):
        return None
    billed = await work.load(BILLING_ACCOUNT, account)
    assert isinstance(draft, Draft), "the read model names drafts only"
    assert isinstance(billed, Known), "a draft belongs to an account"
    payer = await work.load(PAYER, account)
    return Candidate(invoice_id=invoice_id, account=account, draft=draft, billed=billed, payer=payer)


async def _corrected(work: Work, candidates: Sequence[Candidate]) -> Mapping[str, tuple[str, ...]]:
    """By line id, the numbers of the invoices that billed before what lines of these drafts correct (INV-7, INV-19)."""
    lines = [
        (candidate.invoice_id, one.line.line_id, one.module_id, one.line.article, one.line.period_from)
        for candidate in candidates
        for one in candidate.draft.lines
        if candidate.draft.opened.is_credit_note or one.line.corrects
    ]
    found: dict[str, list[str]] = {}
    if lines:
        for row in await work.fetch(SQL["earlier_documents"], work.provider, *zip(*lines, strict=True)):
            found.setdefault(row["line_id"], []).append(row["number"])
    return {line_id: tuple(numbers) for line_id, numbers in found.items()}


async def _credited(work: Work, candidates: Sequence[Candidate]) -> frozenset[str]:
    """Credit notes whose id a payment took, before such ids were refused: one of them would stop the whole page, again and again."""
    notes = [candidate.invoice_id for candidate in candidates if candidate.draft.opened.is_credit_note]
    rows = await work.fetch(SQL["taken_credits"], work.provider, notes) if notes else ()
    return frozenset(row["credit_id"] for row in rows)


async def _issue_or_hold(work: Work, candidate: Candidate, pages: dict[str, SeriesPage], policy: Policy, profile: Profile) -> None:
    """The document, or the reason why there is none; only a document takes a number (INV-7, INV-15)."""
    series = policy.series(is_credit_note=candidate.draft.opened.is_credit_note, is_test=candidate.is_test)
    page = pages.get(series) or await _series_page(work, series)
    number = policy.number(series=series, year=page.issued_on.year, number=page.next_number)
    try:
        numbered = prepare(candidate, number=number, issued_on=page.issued_on, policy=policy, profile=profile)
        text = render(numbered.sheet)
    except Exception as error:
        # Pure code over one account's facts: whatever is wrong with them must not hold up everybody else's documents.
        reason = str(error) if isinstance(error, CannotBeIssued) else f"{type(error).__name__}: {error}"
        await work.execute(DRAFT, candidate.invoice_id, HoldDraft(now=work.now, reason=reason), account=candidate.account)
        return
    pages[series] = page
    page.given.append(candidate.invoice_id)
    # Under the key of its fiscal year, which outlives the account (CON-7).
    year = page.issued_on.year
    blob = await work.blobs.put_personal(work.provider, text.encode(), account=candidate.account, purpose=tax_purpose(year))
    keep = KeepYear(now=work.now, year=year)
    await work.execute(KEPT_YEAR, kept_year_key(candidate.account, year), keep, account=candidate.account)
    await _issue(work, candidate, numbered, series=series, blob=blob)


async def _series_page(work: Work, series: str) -> SeriesPage:
    today = day_of(work.now)
    state = await work.load(NUMBERING, numbering_key(series, today.year))
    return SeriesPage(series, state.next_issue_day(today), state.last + 1, [])


def prepare(candidate: Candidate, *, number: str, issued_on: date, policy: Policy, profile: Profile) -> Numbered:
    """What the document says, with the account's facts and terms of the day of issue (INV-6, INV-18).

    Raises ``CannotBeIssued`` where the addressee is not known any more, or where there can be no credit of a credit note.
    """
    opened, lines = candidate.draft.opened, candidate.draft.lines
    addressee = opened.addressee if opened.has_own_addressee else candidate.billed.addressee
    if addressee is None or not addressee.name:
        raise CannotBeIssued("there is nobody to address the document to")
    if candidate.invoice_id in candidate.credited:
        raise CannotBeIssued(f"a payment was booked as {candidate.invoice_id}, and so there is a credit of that id already")
    facts = _without_registrations(candidate.billed.facts) if opened.has_own_addressee else candidate.billed.facts
    assert len(lines) == opened.line_count, "all lines of a draft are recorded with it"
    # Without a creditor id nothing can be collected; test accounts never are (INV-12).
    mandate = candidate.payer.usable_mandate if profile.creditor_id and not candidate.is_test else None
    terms = terms_for(
        stream=opened.stream,
        issued_on=issued_on,
        facts=candidate.billed.facts,
        has_usable_mandate=mandate is not None,
        policy=policy,
    )
    is_debit = terms.collection == "direct_debit" and not opened.is_credit_note
    sheet = Sheet(
        profile=profile,
        addressee=addressee,
        facts=facts,
        number=number,
        issued_on=issued_on,
        lines=lines,
        totals=totals(line.line for line in lines),
        is_credit_note=opened.is_credit_note,
        due_on=None if opened.is_credit_note else terms.due_on,
        collection=terms.collection,
        mandate_reference=mandate.reference if is_debit and mandate else None,
        corrects=candidate.corrects,
        corrected=candidate.corrected,
    )
    return Numbered(sheet=sheet, terms=terms, mandate=mandate if is_debit else None)


def _without_registrations(facts: AccountFacts) -> AccountFacts:
    """The account's own VAT and registration numbers say nothing of a lease company that is billed instead (CON-11)."""
    return replace(facts, vat_number=None, chamber_of_commerce=None)


async def _issue(work: Work, candidate: Candidate, numbered: Numbered, *, series: str, blob: Blob) -> None:
    sheet, terms, account = numbered.sheet, numbered.terms, candidate.account
    document = _document(candidate, sheet, terms, series=series, blob=blob)
    # A manager is told that a subscription is paid by transfer, unless one let the account do without a mandate (INV-6).
    tells_manager = (
        isinstance(document, InvoiceIssued)
        and document.stream == "subscription"
        and document.collection == "transfer"
        and not (candidate.payer.is_exempt or candidate.is_test)
    )
    number = NumberDraft(now=work.now, number=sheet.number)
    await work.execute(DRAFT, candidate.invoice_id, number, account=account)
    issue = Issue(now=work.now, document=document, mandate=numbered.mandate, tells_manager=tells_manager)
    await work.execute(INVOICE, candidate.invoice_id, issue, account=account)
    if isinstance(document, CreditNoteIssued):
        credit = RecordCredit(
            now=work.now,
            credit_id=candidate.invoice_id,
            source="credit_note",
            amount=-document.gross,
            arisen_on=document.issued_on,
        )
        await work.execute(CREDIT_BALANCE, account, credit, account=account)


def _document(candidate: Candidate, sheet: Sheet, terms: Terms, *, series: str, blob: Blob) -> InvoiceIssued | CreditNoteIssued:
    figures: Totals = sheet.totals
    if sheet.is_credit_note:
        return CreditNoteIssued(
            invoice_id=candidate.invoice_id,
            number=sheet.number,
            series=series,
            stream=candidate.draft.opened.stream,
            issued_on=sheet.issued_on,
            net=figures.net,
            vat=figures.vat,
            gross=figures.gross,
            corrects=sheet.corrects,
            document=blob,
            is_test=candidate.is_test,
        )
    return InvoiceIssued(
        invoice_id=candidate.invoice_id,
        number=sheet.number,
        series=series,
        stream=candidate.draft.opened.stream,
        issued_on=sheet.issued_on,
        due_on=terms.due_on,
        collection=terms.collection,
        net=figures.net,
        vat=figures.vat,
        gross=figures.gross,
        terms=candidate.billed.facts.terms,
        document=blob,
        is_test=candidate.is_test,
        is_billed_elsewhere=candidate.draft.opened.has_own_addressee,
    )


NUMBERER = Worker(name="numberer", waiting_providers=SQL["unnumbered_providers"], step=number_page)
