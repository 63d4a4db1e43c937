"""Invoices outside of runs: projects per milestone or on delivery, orders of goods on the day of their delivery (INV-5).

What arrives from contracts-svc waits as a line on a named stream, *project*, *hardware* or *support*, and leaves it once (INV-17):

- a reached milestone and the delivery of a project bill at once, on a project invoice, with the goods that came within it;
- goods within a project wait for that invoice; once the project is over they bill when they come;
- an order over the policy's sum, or one for a lease company, bills at once on a hardware invoice; a smaller one waits for a run
  of *support* (INV-4).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from termijn.events.contracts import Party
from termijn.events.goods import (
    DeliveredLine,
    GoodsDelivered,
    LeaseCompany,
    MilestoneReached,
    ProjectCompleted,
    ProjectDelivered,
    ProjectId,
    ProjectStopped,
    WarrantyExtended,
)
from termijn.events.rating import ChargeLine, Stream
from termijn.invoice.billing_account import BILLING_ACCOUNT, Known, LinesBilled
from termijn.invoice.billing_account_command import BillLines, TakeLines
from termijn.invoice.draft import DRAFT, DocumentLine, OpenDraft
from termijn.invoice.policy import POLICY
from termijn.invoice.support_run import support_run_for
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId, ModuleId
from termijn.kernel.period import Month
from termijn.kernel.words import Language
from termijn.runtime.handling import Handled, Message, NoEffect, Outcome, Waiting, Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "queries.sql")
DELIVERY_TITLE: dict[Language, str] = {"nl": "Levering", "en": "Delivery"}
WARRANTY_TITLE: dict[Language, str] = {"nl": "Garantieverlenging", "en": "Longer warranty"}
REMAINDER_TITLE: dict[Language, str] = {"nl": "Oplevering", "en": "Delivery"}
"""Headings of lines, in the language of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where lines wait: the stream, and the project or order that they are of; ``bills`` where their invoice is made now."""

    stream: Stream
    of: str
    title: str
    bills: bool


def place_of_goods(event: GoodsDelivered, *, small_order_max: Decimal, title: str) -> Place:
    """With its project, on the day of delivery, or with the next support run (INV-4, INV-5)."""
    if event.project_id is not None:
        return Place(stream="project", of=event.project_id, title=event.project_title or event.project_id, bills=event.project_is_over)
    if event.goes_to_lease_company or event.order_net > small_order_max:
        return Place(stream="hardware", of=event.order_id, title=title, bills=True)
    return Place(stream="support", of=event.order_id, title=title, bills=False)


# ---- What arrives -----------------------------------------------------------------------------------------------------


async def on_milestone(work: Work, message: Message[MilestoneReached]) -> Outcome:
    """A reached milestone bills at once (INV-5)."""
    event = message.event
    line = _line(
        f"~project/{event.project_id}/milestone/{event.milestone_id}",
        event,
        article=event.milestone_id,
        title=event.title,
        on=event.reached_on,
    )
    place = Place(stream="project", of=event.project_id, title=event.project_title, bills=True)
    return await _take(work, message.envelope.account, place, (line,), on=event.reached_on)


async def on_project_delivered(work: Work, message: Message[ProjectDelivered]) -> Outcome:
    """What no milestone bills, bills on delivery (INV-5)."""
    event, account = message.event, message.envelope.account
    title = REMAINDER_TITLE[await _language(work, account)]
    line = _line(f"~project/{event.project_id}/delivery", event, article="delivery", title=title, on=event.delivered_on)
    place = Place(stream="project", of=event.project_id, title=event.project_title, bills=True)
    return await _take(work, account, place, (line,), on=event.delivered_on)


async def on_project_over(work: Work, message: Message[ProjectCompleted] | Message[ProjectStopped]) -> Outcome:
    """Goods that came within the project and wait for a milestone have none to wait for any more (INV-5)."""
    event = message.event
    day = event.completed_on if isinstance(event, ProjectCompleted) else event.stopped_on
    place = Place(stream="project", of=ProjectId(event.project_id), title="", bills=True)
    return await _take(work, message.envelope.account, place, (), on=day)


async def on_goods(work: Work, message: Message[GoodsDelivered]) -> Outcome:
    """A delivery waits for its invoice, or bills now (INV-4, INV-5)."""
    event, account = message.event, message.envelope.account
    policy = (await work.load(POLICY, CURRENT)).value
    title = DELIVERY_TITLE[await _language(work, account)]
    place = place_of_goods(event, small_order_max=policy.small_order_max, title=title)
    lines = tuple(_goods_line(event, part) for part in event.lines)
    return await _take(work, account, place, lines, on=event.delivered_on, recipient=_recipient(event))


async def on_warranty_extended(work: Work, message: Message[WarrantyExtended]) -> Outcome:
    """A longer warranty is billed once, as an order of its own (CON-12)."""
    event, account = message.event, message.envelope.account
    policy = (await work.load(POLICY, CURRENT)).value
    title = WARRANTY_TITLE[await _language(work, account)]
    is_small = event.net <= policy.small_order_max
    place = Place(stream="support" if is_small else "hardware", of=event.order_id, title=title, bills=not is_small)
    line_id = f"~warranty/{event.warranty_id}/{event.extension}"
    line = _line(line_id, event, article="warranty", title=f"{title}: {event.article}", on=event.extended_on, until=event.until_on)
    return await _take(work, account, place, (line,), on=event.extended_on)


# ---- Lines ------------------------------------------------------------------------------------------------------------


def _goods_line(event: GoodsDelivered, part: DeliveredLine) -> ChargeLine:
    title = f"{part.article} ({part.sku})" if part.sku else part.article
    line_id = f"~goods/{event.order_id}/{event.delivery_id}/{part.line_id}"
    return _line(line_id, part, article=part.line_id, title=title, on=event.delivered_on, quantity=part.quantity, price=part.unit_price)


def _line(
    line_id: str,
    fact: MilestoneReached | ProjectDelivered | WarrantyExtended | DeliveredLine,
    *,
    article: str,
    title: str,
    on: date,
    until: date | None = None,
    quantity: int = 1,
    price: Decimal | None = None,
) -> ChargeLine:
    """A charge of one day, as rating's one-off fees are. A module's id never begins with ``~``, so no line id is met twice."""
    return ChargeLine(
        line_id=line_id,
        article=article,
        title=title,
        origin="once",
        kind="service" if isinstance(fact, WarrantyExtended) else fact.kind,
        revenue_group=fact.revenue_group,
        ledger_account=fact.ledger_account,
        period_from=on,
        period_until=until or on,
        quantity=Decimal(quantity),
        unit="piece",
        unit_price=fact.net if price is None else price,
        net=fact.net,
        vat_rate=fact.vat_rate,
    )


@dataclass(frozen=True, slots=True)
class Recipient:
    """A lease company that is billed instead of the account; None in it once its name was erased."""

    company: LeaseCompany | None

    def party(self) -> Party | None:
        """As documents are addressed."""
        if self.company is None:
            return None
        company = self.company
        return Party(
            name=company.name,
            street=company.street,
            postcode=company.postcode,
            city=company.city,
            country=company.country,
            email=company.email,
        )


def _recipient(event: GoodsDelivered) -> Recipient | None:
    return Recipient(event.bill_to) if event.goes_to_lease_company else None


# ---- Taking and billing -----------------------------------------------------------------------------------------------


async def _language(work: Work, account: AccountId) -> Language:
    billed = await work.load(BILLING_ACCOUNT, account)
    return billed.facts.language if isinstance(billed, Known) else "nl"


async def _take(
    work: Work, account: AccountId, place: Place, lines: Iterable[ChargeLine], *, on: date, recipient: Recipient | None = None
) -> Outcome:
    """The lines wait in their place, and where their occasion has come, a draft takes all that waits there (INV-5, INV-17)."""
    known = await work.load(BILLING_ACCOUNT, account)
    if not isinstance(known, Known):
        return Waiting(f"account/{account}", "the account is not known yet")
    placed = tuple(replace(line, stream=place.stream) for line in lines)
    key = ModuleId(place.of)
    taken = billed = False
    # What costs nothing has no line to wait for: recorded with the message as not billable.
    if any(line.net for line in placed):
        rows = await work.fetch(SQL["known_lines"], work.provider, [line.line_id for line in placed])
        take = TakeLines(
            now=work.now,
            module_id=key,
            module_title=place.title,
            period=str(Month.of(on)),
            lines=placed,
            known={row["line_id"]: row["net"] for row in rows},
            source="contracts",
            support_run_on=support_run_for(placed, now=work.now, runs=(await work.load(POLICY, CURRENT)).value.support_runs),
        )
        taken = bool(await work.execute(BILLING_ACCOUNT, account, take, account=account))
    if place.bills:
        billed = await _bill(work, account, place, key, recipient)
    return Handled() if taken or billed else NoEffect("it costs nothing, or was taken before")


async def _bill(work: Work, account: AccountId, place: Place, key: ModuleId, recipient: Recipient | None) -> bool:
    """A draft with all that waits of the project or order; the day on the document is that of its issue (INV-18)."""
    before = await work.load(BILLING_ACCOUNT, account)
    assert isinstance(before, Known), "lines wait with known accounts only"
    command = BillLines(now=work.now, account=account, stream=place.stream, module_ids=(key,), run_on=day_of(work.now))
    events = await work.execute(BILLING_ACCOUNT, account, command, account=account)
    for event in events:
        assert isinstance(event, LinesBilled), "nothing else follows from billing"
        held = [before.lines[line_id] for line_id in event.line_ids]
        opened = OpenDraft(
            now=work.now,
            invoice_id=event.invoice_id,
            stream=event.stream,
            run_on=event.run_on,
            is_credit_note=False,
            lines=tuple(
                DocumentLine(line=one.line, module_id=one.module_id, module_title=one.module_title, period=one.period) for one in held
            ),
            has_own_addressee=recipient is not None,
            addressee=recipient.party() if recipient is not None else None,
        )
        await work.execute(DRAFT, event.invoice_id, opened, account=account)
    return bool(events)
