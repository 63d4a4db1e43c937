"""Who plays in the tests: an account on its own (``Player``), and the whole service on a real database (``World``)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning import account_command as ask
from termijn.dunning import account_wake as wake
from termijn.dunning.account_event import AccountEvent, Miss
from termijn.dunning.account_state import DunningAccount
from termijn.dunning.app import definition, routes
from termijn.dunning.decided import earliest_day
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.handover import ready, statement
from termijn.dunning.laws import LAWS
from termijn.dunning.letters import draft
from termijn.dunning.policy import Policy
from termijn.events import contracts, dunning, invoice
from termijn.events.base import Blob, Event
from termijn.events.contracts import AccountFacts, Party, TermsAcceptance
from termijn.events.dunning import BailiffHandover, LetterDue, StepProposed
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import AccountId, InvoiceId, PaymentId, ProviderId
from termijn.runtime.aggregate import SetTimer
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MailRefused, Origin
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest

TERMS = TermsAcceptance(version="2026-1", accepted_on=date(2025, 12, 1))
BLOB = Blob(sha256="0" * 64, size_bytes=1, address="belco/0")
NAME = AccountId("jansen")
ISSUED, DUE = date(2026, 1, 1), date(2026, 1, 31)
PARTY = Party(name="Jansen Techniek B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email="factuur@jansen.example")


def miss_of(issued: date, due: date, **changes: Any) -> Miss:
    """A transfer that was not paid by its due day; ``changes`` replace fields."""
    fields: dict[str, Any] = {
        "number": "2026-0001",
        "occasion": 1,
        "issued_on": issued,
        "due_on": due,
        "ladder_due_on": due,
        "missed_on": due + timedelta(days=1),
        "open_amount": Decimal("121.00"),
        "gross": Decimal("121.00"),
        "stream": "subscription",
        "cause": "transfer_unpaid",
        "terms": TERMS,
        "delivered_at": at(issued, "12:00"),
        "document": BLOB,
    }
    return Miss(**(fields | changes))


class Player:
    """One account over time. ``answer`` says what the owner of the money makes of a proposal: an open amount, a reason, or nothing."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.state = DunningAccount()
        self.log: list[tuple[datetime, AccountEvent]] = []
        self.timers: dict[str, SetTimer] = {}
        self.done: set[str] = set()
        self.now = at(date(2026, 1, 1), "00:00")
        self.answer: Callable[[StepProposed], Decimal | str | None] = self.open_amount

    def open_amount(self, proposal: StepProposed) -> Decimal | str | None:
        """Cleared, over what the case thinks is open."""
        claim = self.state.cases.get(proposal.case_id) or self.state.handed_over[proposal.case_id]
        return claim.open_amount

    def do(self, command: type[ask.AccountCommand], **fields: Any) -> list[AccountEvent]:
        """Carry a command out now; proposals are answered at once."""
        events = ACCOUNT.decide(command(now=self.now, policy=self.policy, **fields), self.state)
        for event in events:
            self.state = ACCOUNT.evolve(self.state, event)
            self.log.append((self.now, event))
            for change in ACCOUNT.wakes(event, self.state):
                if isinstance(change, SetTimer):
                    if change.occasion not in self.done:
                        self.timers.setdefault(change.occasion, change)
                elif self.timers.pop(change.occasion, None) is not None:
                    self.done.add(change.occasion)
        for event in list(events):
            if isinstance(event, StepProposed):
                self._reply(event)
        return events

    def _reply(self, proposal: StepProposed) -> None:
        reply = self.answer(proposal)
        key = {"case_id": proposal.case_id, "proposal": proposal.proposal}
        if isinstance(reply, Decimal):
            self.do(ask.TakeClearance, open_amount=reply, booked_until=day_of(self.now), **key)
        elif reply is not None:
            self.do(ask.TakeRefusal, reason=reply, **key)

    def learn(self, **facts: Any) -> "Player":
        """The account opens, with an address."""
        party = Party(name="Jansen Techniek B.V.", email="factuur@jansen.example")
        known = AccountFacts(account_manager="piet", terms=TERMS, **facts)
        self.do(ask.LearnAccount, debtor=party, mail_to=party.email, facts=known)
        return self

    def miss(self, invoice: str, issued: date, due: date, **changes: Any) -> list[AccountEvent]:
        """The invoice is missed: half past midnight of the day after."""
        fields = {"number": invoice.upper()} | changes
        missed = miss_of(issued, due, **fields)
        self.until(max(self.now, at(missed.missed_on, "00:30")))
        return self.do(ask.RecordMiss, invoice_id=InvoiceId(invoice), miss=missed)

    def pay(self, invoice: str, amount: str, open_after: str, **changes: Any) -> list[AccountEvent]:
        """Money is booked today."""
        fields = {"payment_id": PaymentId("p"), "value_on": day_of(self.now)} | changes
        return self.do(ask.RecordPayment, invoice_id=InvoiceId(invoice), amount=Decimal(amount), open_after=Decimal(open_after), **fields)

    def until(self, target: datetime) -> "Player":
        """Fire what is due in between, in order; a target in the past of a timer leaves it waiting."""
        while due := min((t for t in self.timers.values() if t.due_at <= target), key=lambda t: (t.due_at, t.occasion), default=None):
            self.now = max(self.now, due.due_at)
            self._fire(due)
        self.now = max(self.now, target)
        return self

    def to(self, day: date, hour: str = "23:00") -> "Player":
        """Until an hour of a day."""
        return self.until(at(day, hour))

    def asleep_until(self, day: date, hour: str) -> "Player":
        """The system is down; then everything that was due fires late."""
        self.now = at(day, hour)
        return self.until(self.now)

    def _fire(self, timer: SetTimer) -> None:
        del self.timers[timer.occasion]
        self.done.add(timer.occasion)
        match timer.wake_up:
            case wake.StepDay() as step:
                self.do(ask.ProposeStep, case_id=step.case_id, timer=step.timer)
            case wake.LatenessDay() as late:
                self.do(ask.ProposeLateness, attempt=late.attempt)
            case wake.TenOClock() as ten:
                text = BLOB if draft(self.state, day_of(self.now), self.policy).items else None
                self.do(ask.TakeSteps, account=NAME, on=ten.on, text=text)
                for letter_id in list(self.state.letters):
                    self.do(ask.RecordSent, letter_id=letter_id, message_id="m")
            case wake.HandoverHour() as hour:
                self._hand_over(hour)
            case wake.CollectionOverdue() as wait:
                self.do(ask.EndWait, case_id=wait.case_id, collect_again_on=wait.collect_again_on)
            case wake.HoldOver() as hold:
                self.do(ask.EndHold, hold_id=hold.hold_id, is_lifted=False)
            case wake.TerminationDay() as day:
                self.do(ask.AskForTermination, attempt=day.attempt)
            case other:
                raise AssertionError(other)

    def _hand_over(self, hour: wake.HandoverHour) -> None:
        today = day_of(self.now)
        case = ready(self.state, hour.case_id, hour.timer, today=today, policy=self.policy)
        costs = statement(case, on=today, debtor="company") if case else None
        self.do(
            ask.HandOver,
            case_id=hour.case_id,
            timer=hour.timer,
            collection_costs=costs.collection_costs if costs else Decimal(0),
            interest=costs.interest if costs else Decimal(0),
            dossier=BLOB if costs else None,
        )

    def events(self, *kinds: type[Any]) -> list[Any]:
        """What happened, of these kinds, in order."""
        return [event for _, event in self.log if isinstance(event, kinds)]

    def steps(self) -> list[tuple[str, date]]:
        """Every step that left, with its day."""
        taken: list[tuple[str, date]] = []
        for event in self.events(LetterDue, BailiffHandover):
            if isinstance(event, LetterDue):
                taken += [(item.step, event.on) for item in event.items]
            else:
                taken.append(("bailiff", event.handover_on))
        return taken

    def check(self) -> None:
        """What must hold at every moment: see ``laws.py`` for the same over the database."""
        letters = [event.on for event in self.events(LetterDue)]
        assert len(letters) == len(set(letters)), "two letters on one day"
        for handover in self.events(BailiffHandover):
            assert handover.handover_on >= handover.invoice_date + timedelta(days=60), "a handover before day 60"
        for case in self.state.cases.values():
            waits = {case.timer, f"{case.timer}/handover"} & self.timers.keys()
            if case.proposal is not None:
                waits |= {name for name in self.timers if name.startswith(f"ten/{case.proposal.on.isoformat()}/")}
            assert case.rests or waits, f"{case.case_id} waits for nothing"
            assert not (case.rests and case.timer in self.timers), f"{case.case_id} rests with a timer"
        assert earliest_day(self.now, self.policy) >= day_of(self.now)


@pytest.fixture(scope="session")
def player() -> Callable[..., Player]:
    """Makes players, for tests and for laws."""
    return Player


@pytest.fixture
def account(player: Callable[..., Player]) -> Player:
    """A player whose account is known."""
    return player().learn()


# -- The service on a real database -------------------------------------------------------------------------------------


@dataclass
class Post:
    """A mail server that is down, for all or for some, or refuses an address. ``meanwhile`` happens once, while a mail is on its way."""

    mails: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    origins: list[Origin | None] = field(default_factory=list)
    is_down: bool = False
    down_for: str = ""
    refused: str = ""
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        """Keep it."""
        if self.is_down or (self.down_for and self.down_for in to):
            raise Transient("down")
        if to == self.refused:
            raise MailRefused("no such user")
        self.mails.append((provider, to, subject, text, message_id))
        self.origins.append(origin)
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            await meanwhile()


class World:
    """The service, its mail, and an invoice-svc that answers proposals."""

    def __init__(self, service: ServiceUnderTest, post: Post) -> None:
        self.service = service
        self.post = post
        self.answer: dict[str, Decimal | str] = {}
        self.beside: dict[str, Any] = {}
        self._answered = 0

    async def open(self, account: str = "jansen", **facts: Any) -> None:
        """The account opens."""
        known = AccountFacts(account_manager="piet", customer_number="1001", terms=TERMS, **facts)
        await self.service.hear("contracts", contracts.AccountOpened(contract_partner=PARTY, facts=known), account=account)

    async def miss(self, number: str = "2026-0001", account: str = "jansen", **changes: Any) -> None:
        """An invoice is missed."""
        document = await self.service.service.plant.blobs.put(PROVIDER, f"invoice {number}".encode())
        fields: dict[str, Any] = {
            "invoice_id": InvoiceId(f"i-{number}"),
            "number": number,
            "occasion": 1,
            "issued_on": ISSUED,
            "due_on": DUE,
            "ladder_due_on": DUE,
            "missed_on": DUE + timedelta(days=1),
            "open_amount": Decimal("121.00"),
            "gross": Decimal("121.00"),
            "stream": "subscription",
            "cause": "transfer_unpaid",
            "delivered_at": at(ISSUED, "12:00"),
            "document": document,
        }
        await self.hear(invoice.PaymentMissed(**fields | changes), account=account)

    async def hear(self, *events: Event, account: str = "jansen") -> None:
        """Invoice-svc says something."""
        await self.service.hear("invoice", *events, account=account)

    async def pay(self, number: str = "2026-0001", amount: str = "121.00", after: str = "0.00", account: str = "jansen") -> None:
        """Money is booked."""
        today = self.service.clock.now().date()
        paid = invoice.PaymentReceived(
            payment_id=PaymentId("p-1"),
            invoice_id=InvoiceId(f"i-{number}"),
            amount=Decimal(amount),
            method="transfer",
            value_on=today,
            booked_on=today,
            open_after=Decimal(after),
        )
        await self.hear(paid, account=account)

    async def to(self, target: date | datetime, hour: str = "23:00") -> None:
        """Days pass; every proposal is answered at once, as invoice-svc would."""
        end = target if isinstance(target, datetime) else at(target, hour)
        await self.service.settle()
        while (due := await self.service.service.next_due()) is not None and due.due_at <= end:
            await self.service.advance_to(due.due_at)
            await self._reply()
        await self.service.advance_to(end)
        await self._reply()

    async def _reply(self) -> None:
        for proposal in (await self.service.published(dunning.StepProposed))[self._answered :]:
            assert isinstance(proposal, dunning.StepProposed)
            self._answered += 1
            key = {"case_id": proposal.case_id, "invoice_id": proposal.invoice_id, "proposal": proposal.proposal}
            reply = self.answer.get(proposal.invoice_id, Decimal("121.00"))
            rows = await self.service.rows("select account from dunning_case where case_id = $1", proposal.case_id)
            booked = self.service.clock.now().date()
            said: Event = (
                invoice.StepCleared(**key, open_amount=reply, booked_until=booked, **self.beside)
                if isinstance(reply, Decimal)
                else invoice.StepStopped(**key, reason=reply)
            )
            await self.hear(said, account=rows[0]["account"])

    async def steps(self) -> list[tuple[str, date]]:
        """Every step that left, with its day."""
        taken: list[tuple[str, date]] = []
        for event in await self.service.published():
            if isinstance(event, dunning.LetterSent):
                taken += [(item.step, event.on) for item in event.items]
            elif isinstance(event, dunning.BailiffHandover):
                taken.append(("bailiff", event.handover_on))
        return taken

    async def check(self) -> None:
        """The laws hold, and nothing is parked or failing."""
        assert await self.service.broken(LAWS) == []
        assert list(await self.service.rows("select * from parked_key")) == []


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    """The service with its routes, on 1 January 2026."""
    post = Post()
    service = await services.open(definition(post), routes)
    world = World(service, post)
    yield world
    await world.check()
