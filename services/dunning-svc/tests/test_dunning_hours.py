"""The hours of the day are policy: proposals, letters and suspensions, handovers."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from termijn.dunning.account_event import HoursAdopted
from termijn.dunning.errors import PolicyNotUsable
from termijn.dunning.policy import Policy, check
from termijn.events.dunning import BailiffHandover, LetterDue, StepProposed, SuspensionRequested
from termijn.kernel.calendar import at

Player = Any
ISSUED, DUE = date(2026, 1, 1), date(2026, 1, 31)
LATER = Policy(proposals_at="09:15", letters_at="11:30", handovers_at="12:45")


def left(account: Player, kind: type[Any]) -> list[Any]:
    """The moments at which these happened."""
    return [now for now, event in account.log if isinstance(event, kind)]


@pytest.mark.rule("TIM-3")
def test_everything_keeps_the_hours_of_the_policy(player: Callable[..., Player]) -> None:
    """Proposed at 09:15, letters at 11:30 and the handover at 12:45, from the first letter to the last."""
    account = player(LATER).learn()
    account.miss("i", ISSUED, DUE)
    account.to(date(2026, 3, 10))
    days = [ISSUED + timedelta(days=days) for days in (33, 40, 45, 52, 60)]
    assert left(account, StepProposed) == [at(day, "09:15") for day in days]
    assert left(account, LetterDue) == [at(day, "11:30") for day in days[:-1]]
    assert left(account, BailiffHandover) == [at(days[-1], "12:45")]
    assert len(account.events(HoursAdopted)) == 1


@pytest.mark.rule("TIM-3")
def test_a_suspension_keeps_the_hour_of_letters(player: Callable[..., Player]) -> None:
    """Suspended over three misses, at 11:30."""
    account = player(LATER).learn()
    for month in (1, 2, 3):
        account.miss(f"m{month}", date(2026, month, 1), date(2026, month, 15))
        if month < 3:
            account.pay(f"m{month}", "121.00", "0.00")
    account.to(date(2026, 3, 31))
    assert left(account, SuspensionRequested) == [at(date(2026, 3, 25), "11:30")]


@pytest.mark.rule("TIM-3")
@pytest.mark.parametrize("changed_at", ["07:00", "08:30", "10:30", "13:00", "23:00"])
def test_hours_that_change_on_the_day_lose_no_letter(player: Callable[..., Player], changed_at: str) -> None:
    """Whenever the hours move, the account still waits for something, and the reminder leaves that day or the next."""
    account = player().learn()
    account.miss("i", ISSUED, DUE)
    account.to(date(2026, 2, 3), changed_at)
    account.policy = Policy(proposals_at="12:00", letters_at="14:00", handovers_at="18:00")
    account.miss("j", ISSUED, DUE, missed_on=date(2026, 2, 3))
    account.check()
    account.to(date(2026, 2, 5))
    account.check()
    said = [item.invoice_id for letter in account.events(LetterDue) for item in letter.items]
    assert sorted(said) == ["i", "j"]


@pytest.mark.rule("TIM-3")
@pytest.mark.parametrize(
    ("changed_at", "hours", "proposed_at", "left_at"),
    [
        ("07:00", {"letters_at": "14:00"}, "08:00", "14:00"),
        ("07:00", {"proposals_at": "12:00", "letters_at": "14:00"}, "12:00", "14:00"),
        ("08:30", {"letters_at": "14:00"}, "08:00", "14:00"),
        ("08:30", {"proposals_at": "12:00", "letters_at": "14:00"}, "08:00", "14:00"),
        ("08:30", {"letters_at": "09:00"}, "08:00", "10:00"),
    ],
)
def test_hours_that_are_moved_count_for_accounts_that_wait_already(
    account: Player, changed_at: str, hours: dict[str, str], proposed_at: str, left_at: str
) -> None:
    """A timer keeps the hour that it was set for; when it fires, the letters wait for the hour of now, and leave that day."""
    account.miss("i", ISSUED, DUE)
    day = date(2026, 2, 3)
    account.to(day, changed_at)
    account.policy = Policy(**hours)  # type: ignore[arg-type]
    account.to(day, "07:59")
    account.check()
    account.to(date(2026, 2, 20))
    assert left(account, StepProposed)[0] == at(day, proposed_at)
    assert left(account, LetterDue)[:2] == [at(day, left_at), at(date(2026, 2, 10), hours["letters_at"])]
    account.check()


@pytest.mark.rule("TIM-3", "DUN-9")
def test_hours_that_are_moved_count_for_a_suspension_that_waits(account: Player) -> None:
    """Proposed at eight for ten; moved to 14:00 at nine: suspended at 14:00."""
    for month in (1, 2, 3):
        account.miss(f"m{month}", date(2026, month, 1), date(2026, month, 15))
        if month < 3:
            account.pay(f"m{month}", "121.00", "0.00")
    account.to(date(2026, 3, 25), "09:00")
    account.policy = Policy(letters_at="14:00")
    account.to(date(2026, 3, 31))
    assert left(account, SuspensionRequested) == [at(date(2026, 3, 25), "14:00")]


@pytest.mark.rule("TIM-3")
def test_hours_without_a_change_are_not_told(account: Player) -> None:
    """Ten o'clock and five o'clock need no event."""
    account.miss("i", ISSUED, DUE)
    account.to(date(2026, 3, 10))
    assert account.events(HoursAdopted) == []


@pytest.mark.rule("TIM-3", "SEC-4")
@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ({"proposals_at": "8:00"}, "proposals_at"),
        ({"proposals_at": ""}, "proposals_at"),
        ({"letters_at": "24:00"}, "letters_at"),
        ({"letters_at": "10:00\n"}, "letters_at"),
        ({"handovers_at": "17:60"}, "handovers_at"),
        ({"letters_at": "08:00"}, "letters_at"),
        ({"letters_at": "07:59"}, "letters_at"),
        ({"handovers_at": "10:00"}, "handovers_at"),
        ({"proposals_at": "11:00"}, "letters_at"),
    ],
)
def test_hours_that_cannot_be_kept_are_refused(hours: dict[str, str], field: str) -> None:
    """Not a time of day, or not in the order of the day: refused with the field named."""
    with pytest.raises(PolicyNotUsable) as refused:
        check(Policy(**hours))  # type: ignore[arg-type]
    assert refused.value.field == field
