"""What a provider sets is versioned data: the same again is no new version, and what cannot be followed is refused."""

from datetime import UTC, datetime

import msgspec
import pytest

from termijn.events.base import Event
from termijn.kernel.errors import InvalidInput
from termijn.runtime.setting import InForce, Replace, setting
from termijn.testing.spec import spec


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When the desk is open."""

    opens_at: int = 9


class HoursSet(Event, frozen=True, kw_only=True):
    """These count from now on."""

    version: int
    hours: Hours


def check(hours: Hours) -> None:
    if hours.opens_at > 23:
        raise InvalidInput(field="opens_at", reason="no such hour")


HOURS = setting("hours", event=HoursSet, field="hours", kind=Hours, initial=Hours(), check=check)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def replace(opens_at: int) -> Replace[Hours]:
    return Replace(now=NOW, value=Hours(opens_at=opens_at))


def test_every_change_is_a_version_and_the_same_again_is_none() -> None:
    """The defaults can be set too: from then on they have a version."""
    one, two = HoursSet(version=1, hours=Hours(opens_at=9)), HoursSet(version=2, hours=Hours(opens_at=8))
    it = spec(HOURS).when(replace(9), replace(9), replace(8), replace(8)).then(one, two)
    assert it.state == InForce(version=2, value=Hours(opens_at=8))


@pytest.mark.rule("SEC-4")
def test_what_cannot_be_followed_is_refused_with_its_field() -> None:
    spec(HOURS).when(replace(24)).then_refused(InvalidInput, field="opens_at")


def test_a_snapshot_gives_the_state_back() -> None:
    state: InForce[Hours] = InForce(version=3, value=Hours(opens_at=7))
    assert msgspec.json.decode(msgspec.json.encode(state), type=HOURS.state_type) == state
