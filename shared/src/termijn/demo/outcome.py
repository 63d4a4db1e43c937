"""What came of it all: read from the system's own lists when the six months are over, and put into figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from termijn.demo.change import Leave, StartLease, key_of
from termijn.demo.desk import Desk
from termijn.demo.journal import Facts, Journal
from termijn.demo.population import FIRST_DAY, Customer
from termijn.demo.wishes import INDEXATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or credit note; a credit note's amounts are negative."""

    invoice_id: str
    account: str
    number: str
    issued_on: date
    due_on: date | None
    is_debited: bool
    net: Decimal
    gross: Decimal
    open_amount: Decimal
    stream: str = "subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came in for an invoice, and the day on which the bank took it back where it did."""

    account: str
    invoice_id: str
    amount: Decimal
    is_debit: bool
    booked_on: date
    reversed_on: date | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterItem:
    """A step that reached a customer about one invoice."""

    on: date
    account: str
    invoice_id: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A claim that went to the bailiff."""

    account: str
    invoice_id: str
    number: str
    invoice_date: date
    handover_date: date
    principal: Decimal
    collection_costs: Decimal
    interest: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexation:
    """Prices that went up: announced to every account that it is about, and in force from a day on (CAT-10)."""

    announced_on: date
    effective_on: date
    percentage: Decimal
    tariffs: Sequence[str]
    announced: int
    in_force: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease: managers get a task on ``warn_on``; ``ended_on`` is None while it runs."""

    account: str
    title: str
    warn_on: date
    ends_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFileReport:
    """What the system said of a call record file."""

    on: date
    name: str
    accepted: int
    duplicates: int
    suspended: int
    not_billable: int
    bad_lines: int

    @property
    def is_late(self) -> bool:
        """Whether it came after its month was closed, early on the 1st of the next."""
        last_call_on = date.fromisoformat(self.name[-12:-4])
        return (last_call_on.year, last_call_on.month) < (self.on.year, self.on.month) and self.on.day > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All of it.

    ``accepted`` counts what the system took from the office on the first day, by kind (account, mandate, order ...).
    ``answers`` are what was said to each change that a customer asked for, by its key in the journal; ``forgotten`` the accounts
    that were deleted. ``suspense_now`` are the records that still wait. ``broken_laws`` is empty when the books are right.
    """

    files: Sequence[CallFileReport]
    documents: Sequence[Document]
    letters: Sequence[LetterItem]
    handovers: Sequence[Handover]
    payments: Sequence[Payment] = ()
    debits: int = 0
    suspensions: Sequence[tuple[date, str]] = ()
    resumptions: Sequence[tuple[date, str]] = ()
    accepted: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[str, Facts] = field(default_factory=dict)
    indexation: Indexation | None = None
    leases: Sequence[Lease] = ()
    forgotten: Sequence[str] = ()
    suspense_now: int = 0
    suspense_reasons: Sequence[tuple[str, int]] = ()
    broken_laws: Sequence[str] = ()

    @property
    def reversals(self) -> list[Payment]:
        """Payments that the bank took back."""
        return [payment for payment in self.payments if payment.reversed_on is not None]

    @property
    def invoices(self) -> list[Document]:
        """Documents that ask for money."""
        return [document for document in self.documents if document.gross > 0]

    @property
    def credit_notes(self) -> list[Document]:
        """Documents that give it back."""
        return [document for document in self.documents if document.gross < 0]

    @property
    def letters_by_step(self) -> Counter[str]:
        """How often each step reached a customer, counted per invoice."""
        return Counter(letter.step for letter in self.letters)

    def as_json(self, *, seconds: float, transport: str) -> Facts:
        """The figures of ``termijn demo --json``. Amounts are strings with two decimals."""
        return {
            "usage_records": sum(file.accepted + file.suspended for file in self.files),
            "usage_duplicates": sum(file.duplicates for file in self.files),
            "usage_suspense": self.suspense_now,
            "invoices": len(self.invoices),
            "credit_notes": len(self.credit_notes),
            "invoiced_net": f"{sum((document.net for document in self.documents), Decimal(0)):.2f}",
            "direct_debits": self.debits,
            "reversals": len(self.reversals),
            "letters": dict(sorted(self.letters_by_step.items())),
            "suspensions": len(self.suspensions),
            "resumptions": len(self.resumptions),
            "handovers": [
                {
                    "account": handover.account,
                    "invoice": handover.number,
                    "invoice_date": handover.invoice_date.isoformat(),
                    "handover_date": handover.handover_date.isoformat(),
                }
                for handover in self.handovers
            ],
            "refused": sum("refused" in answer for answer in self.answers.values()),
            "streams": dict(sorted(Counter(document.stream for document in self.invoices).items())),
            "indexed_modules": self.indexation.in_force if self.indexation is not None else 0,
            "accounts_deleted": list(self.forgotten),
            "seconds": round(seconds, 1),
            "transport": transport,
            "verified": list(self.broken_laws) or True,
        }


async def gather(auditor: Desk, journal: Journal, customers: Sequence[Customer], *, broken_laws: Sequence[str]) -> Outcome:
    """Ask the system for everything that the story needs, with an auditor's rights: reads all, changes nothing."""
    keys = [key_of(customer.account_id, change) for customer in customers for change in customer.changes]
    leasing = [customer.account_id for customer in customers if any(isinstance(change, StartLease) for change in customer.changes)]
    leaving = [customer.account_id for customer in customers if any(isinstance(change, Leave) for change in customer.changes)]
    suspense = await auditor.every("/rating/suspense")
    documents = [_document(facts) for facts in await auditor.every("/invoice/invoices")]
    documents.sort(key=lambda each: (each.issued_on, each.number))
    payments = [payment for document in documents for payment in await _payments(auditor, document)]
    return Outcome(
        files=[_file(name.removeprefix("file/"), on, facts) for name, on, facts in journal.all("file/")],
        documents=documents,
        letters=[item for letter in await auditor.every("/dunning/letters") if letter["state"] == "sent" for item in _letter(letter)],
        handovers=[_handover(facts) for facts in await auditor.every("/dunning/handovers")],
        payments=payments,
        debits=sum(debit["end_to_end_id"] is not None for debit in await auditor.every("/invoice/direct-debits")),
        suspensions=[(on, facts["account"]) for _, on, facts in journal.all("suspended/")],
        resumptions=[(on, facts["account"]) for _, on, facts in journal.all("resumed/")],
        accepted=Counter(key.partition("/")[0] for key, on, _ in journal.all("") if on == FIRST_DAY),
        answers={key: facts for key in keys if (facts := journal.facts(key)) is not None},
        indexation=await _indexation(auditor, journal),
        leases=[_lease(account, facts) for account in leasing for facts in await auditor.every(f"/contracts/accounts/{account}/leases")],
        forgotten=[each for each in leaving if (await auditor.get(f"/contracts/accounts/{each}/deletion"))["state"] == "deleted"],
        suspense_now=len(suspense),
        suspense_reasons=sorted(Counter(str(each["reason"]) for each in suspense).items()),
        broken_laws=broken_laws,
    )


async def _indexation(auditor: Desk, journal: Journal) -> Indexation | None:
    plan = next(((on, facts) for _, on, facts in journal.all(f"indexation/{INDEXATION}")), None)
    if plan is None:
        return None
    announced_on, facts = plan
    modules = await auditor.every(f"/contracts/migrations/{INDEXATION}/modules")
    return Indexation(
        announced_on=announced_on,
        effective_on=date.fromisoformat(facts["effective_on"]),
        percentage=Decimal(facts["percentage"]),
        tariffs=sorted({version["tariff_id"] for version in facts["versions"]}),
        announced=sum(each["state"] != "skipped" for each in modules),
        in_force=sum(each["state"] == "in_force" for each in modules),
    )


async def _payments(auditor: Desk, document: Document) -> list[Payment]:
    shown = await auditor.get(f"/invoice/invoices/{document.invoice_id}")
    return [
        Payment(
            account=document.account,
            invoice_id=document.invoice_id,
            amount=Decimal(payment["amount"]),
            is_debit=payment["method"] == "direct_debit",
            booked_on=date.fromisoformat(payment["booked_on"]),
            reversed_on=date.fromisoformat(payment["reversed_on"]) if payment["reversed_on"] else None,
            reason_code=payment["reason_code"],
        )
        for payment in shown["payments"]
    ]


def _file(name: str, on: date, facts: Facts) -> CallFileReport:
    return CallFileReport(
        on=on,
        name=name,
        accepted=facts["accepted"],
        duplicates=facts["duplicates"],
        suspended=facts["suspended"],
        not_billable=sum(facts["not_billable"].values()),
        bad_lines=facts["bad_lines"],
    )


def _document(facts: Facts) -> Document:
    return Document(
        invoice_id=facts["invoice_id"],
        account=facts["account"],
        number=facts["number"],
        issued_on=date.fromisoformat(facts["issued_on"]),
        due_on=date.fromisoformat(facts["due_on"]) if facts["due_on"] else None,
        is_debited=facts["collection"] == "direct_debit",
        net=Decimal(facts["net"]),
        gross=Decimal(facts["gross"]),
        open_amount=Decimal(facts["open"]),
        stream=facts["stream"],
    )


def _lease(account: str, facts: Facts) -> Lease:
    return Lease(
        account=account,
        title=facts["title"],
        warn_on=date.fromisoformat(facts["warn_on"]),
        ends_on=date.fromisoformat(facts["ends_on"]),
        ended_on=date.fromisoformat(facts["ended_on"]) if facts["ended_on"] else None,
    )


def _letter(facts: Facts) -> list[LetterItem]:
    on = date.fromisoformat(facts["sent_on"])
    return [LetterItem(on=on, account=facts["account"], invoice_id=item["invoice_id"], step=item["step"]) for item in facts["items"]]


def _handover(facts: Facts) -> Handover:
    return Handover(
        account=facts["account"],
        invoice_id=facts["invoice_id"],
        number=facts["number"],
        invoice_date=date.fromisoformat(facts["invoice_date"]),
        handover_date=date.fromisoformat(facts["handover_on"]),
        principal=Decimal(facts["principal"]),
        collection_costs=Decimal(facts["collection_costs"]),
        interest=Decimal(facts["interest"]),
    )
