"""Orders of goods: deliveries in parts, cancellation, placement, lateness; and the warranty on what was placed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.goods_command import AgreeDelivery, CancelGoods, Deliver, ExtendWarranty, OrderGoods, Place
from termijn.contracts.goods_errors import NothingOutstanding, TooMany, WarrantyIsOver
from termijn.contracts.goods_order import GOODS_ORDER
from termijn.contracts.goods_state import DeliveryAwaited, GoodsOrder
from termijn.contracts.manager_task import MANAGER_TASK, ContractTaskDone, ContractTaskRaised, FinishTask, RaiseTask
from termijn.contracts.warranty import hardware, settings
from termijn.events.goods import (
    GoodsDelivered,
    GoodsLine,
    GoodsOrderCancelled,
    GoodsPlaced,
    LeaseCompany,
    OrderId,
    ProjectId,
    WarrantyExtended,
    WarrantyId,
    WarrantyStarted,
)
from termijn.kernel.calendar import add_months, at
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.runtime.aggregate import CancelTimer, SetTimer
from termijn.testing.spec import sequence_of, spec

O = OrderId("o-1")  # noqa: E741 - as short as the sentences need it
NOW = datetime(2026, 6, 10, 9, tzinfo=UTC)
TODAY = date(2026, 6, 10)
AGREED = date(2026, 6, 20)
RATES = (Decimal(0), Decimal(9), Decimal(21))


def line(line_id: str, quantity: int, price: str, **other: Any) -> GoodsLine:
    return GoodsLine(line_id=line_id, article=line_id.title(), quantity=quantity, unit_price=Decimal(price), vat_rate=Decimal(21), **other)


PHONES = line("phones", 5, "99.99", supplier_months=24)
WORK = line("work", 2, "75.00", kind="service")


def order(*lines: GoodsLine, **other: Any) -> OrderGoods:
    facts: dict[str, Any] = {"project_id": None, "ordered_on": TODAY, "agreed_on": AGREED, "bill_to": None, "channel": "e-mail"}
    return OrderGoods(now=NOW, order_id=O, lines=lines or (PHONES, WORK), vat_rates=RATES, **{**facts, **other})


def deliver(delivery_id: str, *pieces: tuple[str, int], on: date = TODAY) -> Deliver:
    return Deliver(now=NOW, order_id=O, delivery_id=delivery_id, delivered_on=on, pieces=pieces)


def cancel(*pieces: tuple[str, int]) -> CancelGoods:
    return CancelGoods(now=NOW, order_id=O, pieces=pieces, reason="not needed", channel="api")


def place(placement_id: str, line_id: str = "phones", quantity: int = 1, *, on: date = TODAY, serial: str | None = None) -> Place:
    return Place(
        now=NOW,
        order_id=O,
        placement_id=placement_id,
        line_id=line_id,
        quantity=quantity,
        serial_number=serial,
        placed_on=on,
        own_months=12,
    )


def extend(placement_id: str = "p1", months: int = 12, *, now: datetime = NOW) -> ExtendWarranty:
    facts: dict[str, Any] = {"net": Decimal("60.00"), "vat_rate": Decimal(21), "vat_rates": RATES, "channel": "api"}
    return ExtendWarranty(now=now, order_id=O, placement_id=placement_id, months=months, **facts)


@pytest.mark.rule("CON-11")
def test_deliveries_in_parts_come_to_the_order() -> None:
    """Two phones, then all the rest: 199.98 and 449.97 of 649.95."""
    order_of_two_lines = spec(GOODS_ORDER).when(order(), deliver("d1", ("phones", 2)), deliver("d2"))
    first, second = sequence_of(order_of_two_lines.events, GoodsDelivered)
    assert (first.net, first.order_net, first.is_complete) == (Decimal("199.98"), Decimal("649.95"), False)
    assert (second.net, second.is_complete) == (Decimal("449.97"), True)
    assert [(part.line_id, part.quantity, part.net) for part in second.lines] == [
        ("phones", 3, Decimal("299.97")),
        ("work", 2, Decimal("150.00")),
    ]
    order_of_two_lines.when(deliver("d3")).then_refused(NothingOutstanding)
    order_of_two_lines.when(deliver("d2")).then_refused(AlreadyThere, "delivery_id")


@pytest.mark.rule("CON-11")
def test_more_than_is_outstanding_is_neither_delivered_nor_cancelled() -> None:
    """Five phones, three delivered: two are left, and what came cannot be cancelled."""
    begun = spec(GOODS_ORDER).when(order(), deliver("d1", ("phones", 3)))
    begun.when(deliver("d2", ("phones", 3))).then_refused(TooMany, "lines.0.quantity")
    begun.when(cancel(("phones", 3))).then_refused(TooMany, "lines.0.quantity")
    begun.when(deliver("d2", ("chairs", 1))).then_refused(InvalidInput, "lines.0.line_id")
    begun.when(deliver("d2", ("phones", 1), ("phones", 1))).then_refused(InvalidInput, "lines.1.line_id")
    begun.when(deliver("d2", ("phones", 0))).then_refused(InvalidInput, "lines.0.quantity")
    begun.when(cancel(("phones", 2)))
    (gone,) = sequence_of(begun.events, GoodsOrderCancelled)
    assert (gone.net, gone.order_net) == (Decimal("199.98"), Decimal("449.97"))
    begun.when(deliver("d2"))
    assert sequence_of(begun.events, GoodsDelivered)[0].order_net == Decimal("449.97"), "what was cancelled is no part of the sum"


@pytest.mark.rule("CON-11", "TIM-1")
def test_the_agreed_day_is_waited_for_until_everything_came_or_was_cancelled() -> None:
    """A timer at 17:00 of that day; another day moves it, the last piece cancels it."""
    awaited = SetTimer(occasion="delivery/1", due_at=at(AGREED, "17:00"), wake_up=DeliveryAwaited(agreed_on=AGREED))
    placed = spec(GOODS_ORDER).when(order()).then_timers(awaited)
    later = date(2026, 6, 25)
    moved = SetTimer(occasion="delivery/2", due_at=at(later, "17:00"), wake_up=DeliveryAwaited(agreed_on=later))
    agree = AgreeDelivery(now=NOW, order_id=O, agreed_on=later, channel="api")
    placed.when(agree).then_timers(CancelTimer(occasion="delivery/1"), moved)
    placed.when(agree).then_nothing()
    placed.when(deliver("d1", ("phones", 5))).then_timers()
    placed.when(cancel()).then_timers(CancelTimer(occasion="delivery/2"))
    placed.when(msgspec.structs.replace(agree, agreed_on=AGREED)).then_refused(NothingOutstanding)
    past = msgspec.structs.replace(agree, agreed_on=date(2026, 6, 9))
    spec(GOODS_ORDER).when(order()).when(past).then_refused(InvalidInput, "agreed_on")


@pytest.mark.rule("CON-11")
@pytest.mark.parametrize(
    ("command", "field"),
    [
        (order(ordered_on=date(2026, 6, 11)), "ordered_on"),
        (order(agreed_on=date(2026, 6, 9)), "agreed_on"),
        (order(PHONES, PHONES), "lines.1.line_id"),
        (order(line("a", 0, "1.00")), "lines.0.quantity"),
        (order(line("a", 1, "-1.00")), "lines.0.unit_price"),
        (order(msgspec.structs.replace(PHONES, vat_rate=Decimal(6))), "lines.0.vat_rate"),
        (order(line("a", 1, "1.00", supplier_months=241)), "lines.0.supplier_months"),
        (order(*(line(f"l{n}", 1, "1.00") for n in range(201))), "lines"),
        (order(project_id=ProjectId("p"), bill_to=LeaseCompany(name="Lease B.V.", email="ap@lease.example")), "bill_to"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_field(command: OrderGoods, field: str) -> None:
    """Nothing is ordered."""
    spec(GOODS_ORDER).when(command).then_refused(InvalidInput, field)


@pytest.mark.rule("CON-11")
def test_an_order_for_a_lease_company_names_it_on_every_delivery() -> None:
    """And says so when the name is erased."""
    company = LeaseCompany(name="Lease B.V.", email="ap@lease.example")
    leased = spec(GOODS_ORDER).when(order(bill_to=company), deliver("d1"))
    (delivered,) = sequence_of(leased.events, GoodsDelivered)
    assert (delivered.bill_to, delivered.goes_to_lease_company) == (company, True)


@pytest.mark.rule("CON-11", "CON-12")
def test_delivered_goods_are_placed_by_number_or_serial_number_and_covered_from_then() -> None:
    """24 months of the supplier are longer than the provider's 12."""
    there = spec(GOODS_ORDER).when(order(), deliver("d1", ("phones", 3), ("work", 2)))
    there.when(place("p1", serial="SN-1")).then(
        GoodsPlaced(order_id=O, placement_id="p1", line_id="phones", quantity=1, serial_number="SN-1", placed_on=TODAY),
        WarrantyStarted(
            warranty_id=WarrantyId("o-1~p1"),
            covers="hardware",
            order_id=O,
            line_id="phones",
            article="Phones",
            serial_number="SN-1",
            quantity=1,
            from_on=TODAY,
            until_on=date(2028, 6, 10),
            own_months=12,
            supplier_months=24,
        ),
    )
    there.when(place("p1")).then_refused(AlreadyThere, "placement_id")
    there.when(place("p2", serial="SN-1")).then_refused(AlreadyThere, "serial_number")
    there.when(place("p2", quantity=2, serial="SN-2")).then_refused(InvalidInput, "quantity")
    there.when(place("p2", quantity=3)).then_refused(TooMany, "quantity")
    there.when(place("p2", "work")).then_refused(InvalidInput, "line_id")
    there.when(place("p2", "chairs")).then_refused(NotFound)
    for day in (date(2026, 6, 9), date(2026, 6, 11)):
        there.when(place("p2", on=day)).then_refused(InvalidInput, "placed_on")
    there.when(place("p2", quantity=2)).then_types(GoodsPlaced, WarrantyStarted)


@pytest.mark.rule("CON-12")
def test_hardware_is_covered_a_year_or_the_suppliers_longer_time_the_same_numbered_day_included() -> None:
    """From 10 March 2026 until 10 March 2027; months are counted from the placement, never chained."""
    year = hardware(placed_on=date(2026, 3, 10), own_months=12, supplier_months=None)
    assert year.until_on == date(2027, 3, 10)
    assert year.covers(date(2026, 3, 10)) and year.covers(date(2027, 3, 10))
    assert not year.covers(date(2026, 3, 9)) and not year.covers(date(2027, 3, 11))
    assert hardware(placed_on=date(2026, 3, 10), own_months=12, supplier_months=36).until_on == date(2029, 3, 10)
    assert hardware(placed_on=date(2026, 3, 10), own_months=12, supplier_months=6).until_on == date(2027, 3, 10)
    assert hardware(placed_on=date(2028, 2, 29), own_months=12, supplier_months=None).until_on == date(2029, 2, 28)
    assert hardware(placed_on=date(2028, 2, 29), own_months=12, supplier_months=None, extension_months=(36,)).until_on == date(2032, 2, 29)
    assert hardware(placed_on=date(2026, 1, 31), own_months=1, supplier_months=None, extension_months=(1,)).until_on == date(2026, 3, 31)


@pytest.mark.rule("CON-12", "CON-13")
def test_settings_are_covered_two_weeks_and_every_cover_explains_itself() -> None:
    """Completed on 3 June: until 17 June. The answer names rule, inputs and steps."""
    cover = settings(completed_on=date(2026, 6, 3), days=14)
    assert cover.until_on == date(2026, 6, 17) and cover.covers(date(2026, 6, 17)) and not cover.covers(date(2026, 6, 18))
    assert (cover.rule, cover.inputs) == ("settings", {"completed_on": date(2026, 6, 3), "days": 14})
    longer = hardware(placed_on=date(2026, 3, 10), own_months=12, supplier_months=24, extension_months=(12,))
    assert longer.steps == (
        "placed on 10 March 2026",
        "24 months: the supplier's longer time",
        "12 months were bought on top",
        "the same-numbered day 36 months later is included: 10 March 2029",
    )


@pytest.mark.rule("CON-12")
@given(
    placed_on=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    own=st.integers(0, 60),
    supplier=st.none() | st.integers(0, 120),
    extensions=st.lists(st.integers(1, 60), max_size=4),
)
def test_no_cover_is_shorter_than_any_of_its_parts(placed_on: date, own: int, supplier: int | None, extensions: list[int]) -> None:
    """The order of extensions does not matter, and each day up to the last is covered."""
    cover = hardware(placed_on=placed_on, own_months=own, supplier_months=supplier, extension_months=tuple(extensions))
    turned = hardware(placed_on=placed_on, own_months=own, supplier_months=supplier, extension_months=tuple(reversed(extensions)))
    assert cover.until_on == turned.until_on
    assert cover.until_on >= add_months(placed_on, max(own, supplier or 0))
    assert cover.covers(cover.until_on)


@pytest.mark.rule("CON-12")
def test_a_warranty_is_extended_for_a_price_while_it_lasts() -> None:
    """A year on top of the supplier's two; the day after its last it can be extended no more."""
    placed = spec(GOODS_ORDER).when(order(), deliver("d1"), place("p1"))
    placed.when(extend(), extend(months=6))
    one, two = sequence_of(placed.events, WarrantyExtended)
    assert (one.net, one.extension, one.until_on) == (Decimal("60.00"), 1, date(2029, 6, 10))
    assert (two.extension, two.until_on) == (2, date(2029, 12, 10))
    placed.when(extend(now=datetime(2029, 12, 10, 9, tzinfo=UTC))).then_types(WarrantyExtended)
    placed.when(extend(now=datetime(2030, 12, 11, 9, tzinfo=UTC))).then_refused(WarrantyIsOver)
    placed.when(extend("p9")).then_refused(NotFound)
    placed.when(extend(months=240)).then_refused(InvalidInput, "months")
    placed.when(msgspec.structs.replace(extend(), vat_rate=Decimal(6))).then_refused(InvalidInput, "vat_rate")


@pytest.mark.rule("CON-11")
def test_a_task_is_raised_once_and_done_once() -> None:
    """Saying so again changes nothing."""
    task = RaiseTask(now=NOW, task_id="t", kind="delivery_late", subject_id=O, reason="late", raised_on=TODAY)
    raised = spec(MANAGER_TASK).when(task, task).then_types(ContractTaskRaised)
    done = FinishTask(now=NOW, task_id="t", outcome="called")
    raised.when(done, done).then(ContractTaskDone(task_id="t", outcome="called"))
    spec(MANAGER_TASK).when(done).then_refused(NotFound)


STEPS = st.lists(
    st.tuples(st.sampled_from(["deliver", "cancel", "all", "rest"]), st.sampled_from(["a", "b", "c"]), st.integers(1, 6)), max_size=12
)


@pytest.mark.rule("CON-11")
@given(quantities=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)), cents=st.integers(0, 99_999), steps=STEPS)
def test_in_any_order_what_is_delivered_cancelled_and_outstanding_is_what_was_ordered(
    quantities: tuple[int, int, int], cents: int, steps: list[tuple[str, str, int]]
) -> None:
    """In pieces per line and in money over the order; more is refused and changes nothing."""
    price = Decimal(cents).scaleb(-2)
    lines = tuple(line(name, quantity, str(price)) for name, quantity in zip("abc", quantities, strict=True))
    whole = price * sum(quantities)
    tried = spec(GOODS_ORDER).when(order(*lines))
    billed = gone = Decimal(0)
    for number, (what, name, quantity) in enumerate(steps):
        pieces = ((name, quantity),) if what in ("deliver", "cancel") else ()
        tried.when(deliver(f"d{number}", *pieces) if what in ("deliver", "all") else cancel(*pieces))
        billed += sum((e.net for e in tried.events if isinstance(e, GoodsDelivered)), Decimal(0))
        gone += sum((e.net for e in tried.events if isinstance(e, GoodsOrderCancelled)), Decimal(0))
        state = tried.state
        assert isinstance(state, GoodsOrder)
        assert all(one.outstanding >= 0 for one in state.lines.values())
        assert billed + gone + sum((one.outstanding * price for one in state.lines.values()), Decimal(0)) == whole
        assert state.net == whole - gone
