"""What is under warranty is kept for the log of work, until when is known to the day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from termijn.events.goods import LeaseEnded, LeaseId, OrderId, WarrantyExtended, WarrantyId, WarrantyStarted
from termijn.kernel.ids import ModuleId
from termijn.rating.app import definition, routes
from termijn.rating.warranty_cover import WARRANTY_COVER, Cover, KeepCover
from termijn.testing.harness import Services
from termijn.testing.spec import spec

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
W = WarrantyId("o-1~p-1")
STARTED = WarrantyStarted(
    warranty_id=W,
    covers="hardware",
    order_id=OrderId("o-1"),
    line_id="phones",
    article="Phone",
    serial_number="SN-1",
    quantity=1,
    from_on=date(2026, 3, 10),
    until_on=date(2027, 3, 10),
    own_months=12,
)
EXTENDED = WarrantyExtended(
    warranty_id=W,
    order_id=OrderId("o-1"),
    extension=1,
    months=12,
    until_on=date(2028, 3, 10),
    extended_on=date(2026, 3, 20),
    article="Phone",
    net=Decimal("60.00"),
    vat_rate=Decimal(21),
    revenue_group="ICT",
    ledger_account="8000",
)


def keep(fact: WarrantyStarted | WarrantyExtended) -> KeepCover:
    return KeepCover(now=NOW, fact=fact)


@pytest.mark.rule("CON-12")
def test_a_cover_is_kept_once_and_lasts_to_its_last_day() -> None:
    """Both days included; told again nothing changes."""
    kept = spec(WARRANTY_COVER).when(keep(STARTED), keep(STARTED)).then(STARTED)
    assert isinstance(kept.state, Cover)
    assert kept.state.covers(date(2026, 3, 10)) and kept.state.covers(date(2027, 3, 10))
    assert not kept.state.covers(date(2026, 3, 9)) and not kept.state.covers(date(2027, 3, 11))
    kept.when(keep(EXTENDED), keep(EXTENDED)).then(EXTENDED).then_state(lambda cover: cover.covers(date(2028, 3, 10)))
    assert not Cover().covers(date(2026, 3, 10))


@pytest.mark.slow
@pytest.mark.rule("CON-12")
async def test_rating_knows_what_is_covered_on_a_day_and_forgets_no_message(services: Services) -> None:
    """A lease is rated as its module, so its end has no effect here, with the reason."""
    rating = await services.open(definition(), routes, now=NOW)
    over = LeaseEnded(lease_id=LeaseId("l-1"), module_id=ModuleId("m-1"), ended_on=date(2026, 3, 19))
    await rating.hear("contracts", STARTED, EXTENDED, over, account="acme")
    (row,) = await rating.rows("select account, covers, serial_number, from_on, until_on from warranty_cover")
    assert tuple(row.values()) == ("acme", "hardware", "SN-1", date(2026, 3, 10), date(2028, 3, 10))
    assert len(await rating.rows("select message_id from inbox")) == 3
    await rating.service.rebuild("covers")
    assert len(await rating.rows("select 1 from warranty_cover where until_on = '2028-03-10'")) == 1
