"""The journal: whole or not there, in order, and before anybody is told."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.journal import SEGMENT_BYTES_MAX, FileJournal, JournalDamaged
from termijn.runtime.journal_entry import Entry, Facts, KeptEvent, KeptNumber, KeptNumbers, KeptUnit, Taken
from termijn.testing.pair import PUBLISHER, Pair

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def unit(position: int, *events: KeptEvent, facts: Facts | None = None) -> KeptUnit:
    return KeptUnit(position=position, provider="belco", now=NOW, events=events, facts=facts or Facts())


def event(version: int, data: str = "{}") -> KeptEvent:
    return KeptEvent("jar-belco-acme", version, UUID(int=version), "MarblesAdded", 1, "acme", data, "{}", NOW, NOW)


async def entries(journal: FileJournal, service: str = "invoice") -> list[Entry]:
    return [entry async for page in journal.read(service) for entry in page]


async def test_what_was_appended_is_read_in_order_also_by_another_process(tmp_path: Path) -> None:
    first = FileJournal(tmp_path)
    facts = Facts(taken=[Taken("rating", UUID(int=9), "acme", 4, "no effect", "why")], fired=["t-1"])
    await first.append("invoice", [unit(1, event(1)), unit(2, facts=facts)])
    second = FileJournal(tmp_path)
    numbers = KeptNumbers(numbers=(KeptNumber("belco", "acme", 7, UUID(int=1)),))
    await second.append("invoice", [unit(3, event(2)), numbers])
    await second.append("dunning", [unit(90)])
    assert await entries(FileJournal(tmp_path)) == [unit(1, event(1)), unit(2, facts=facts), unit(3, event(2)), numbers]
    assert [path.name for path in first.segments("invoice")] == ["00000001.journal", "00000002.journal"]
    assert (await first.last_position("invoice"), await first.last_position("dunning"), await first.last_position("x")) == (3, 90, 0)
    assert first.services() == ["dunning", "invoice"]


async def test_the_last_position_is_that_of_units_whatever_comes_after(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    await journal.append("invoice", [unit(8)])
    await FileJournal(tmp_path).append("invoice", [KeptNumbers(numbers=())])
    assert await FileJournal(tmp_path).last_position("invoice") == 8


@pytest.mark.parametrize("lost", [1, 10, 60])
async def test_what_a_dying_process_left_half_written_is_passed_over(tmp_path: Path, lost: int) -> None:
    journal = FileJournal(tmp_path)
    await journal.append("invoice", [unit(1)])
    await journal.append("invoice", [unit(2, event(1, "x" * 200))])
    (segment,) = journal.segments("invoice")
    segment.write_bytes(segment.read_bytes()[:-lost])
    await FileJournal(tmp_path).append("invoice", [unit(2), unit(3)])
    assert await entries(journal) == [unit(1), unit(2), unit(3)]
    segment.write_bytes(segment.read_bytes() + b"\0" * lost)
    assert await entries(journal) == [unit(1), unit(2), unit(3)], "its length was on the disk, its contents not"


async def test_damage_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    await journal.append("invoice", [unit(1, event(1))])
    await journal.append("invoice", [unit(2)])
    (segment,) = journal.segments("invoice")
    content = bytearray(segment.read_bytes())
    content[30] ^= 1
    segment.write_bytes(content)
    with pytest.raises(JournalDamaged, match=r"00000001\.journal"):
        await entries(journal)


async def test_a_large_segment_is_closed_and_the_next_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SEGMENT_BYTES_MAX > 1024
    monkeypatch.setattr("termijn.runtime.journal.SEGMENT_BYTES_MAX", 200)
    journal = FileJournal(tmp_path)
    for position in range(1, 7):
        await journal.append("invoice", [unit(position, event(position))])
    assert len(journal.segments("invoice")) > 1
    assert [entry.position for entry in await entries(journal) if isinstance(entry, KeptUnit)] == [1, 2, 3, 4, 5, 6]


async def test_old_segments_go_when_a_new_one_is_begun(tmp_path: Path) -> None:
    for position in (1, 2):
        await FileJournal(tmp_path).append("invoice", [unit(position)])
    old, kept = FileJournal(tmp_path).segments("invoice")
    os.utime(old, (1, 1))
    journal = FileJournal(tmp_path)
    await journal.append("invoice", [unit(3)])
    assert [path.name for path in journal.segments("invoice")] == [kept.name, "00000003.journal"]


async def test_when_the_relay_passes_to_another_process_and_back_the_order_stays(tmp_path: Path) -> None:
    """Nobody writes again to a segment that another one came after."""
    one, other = FileJournal(tmp_path), FileJournal(tmp_path)
    for position, journal in enumerate((one, other, one, one, other), start=1):
        await journal.append("invoice", [unit(position, event(position))])
    assert [entry.position for entry in await entries(one) if isinstance(entry, KeptUnit)] == [1, 2, 3, 4, 5]
    assert len(one.segments("invoice")) == 4


async def test_two_processes_that_begin_a_segment_at_once_write_to_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = FileJournal(tmp_path), FileJournal(tmp_path)
    monkeypatch.setattr(other, "segments", lambda service: [])  # it looked before the first had made its file
    await one.append("invoice", [unit(1)])
    await other.append("invoice", [unit(2)])
    monkeypatch.undo()
    assert [path.name for path in one.segments("invoice")] == ["00000001.journal", "00000002.journal"]
    assert await entries(one) == [unit(1), unit(2)]


class Full(FileJournal):
    """A disk that is full."""

    async def append(self, service: str, entries: Sequence[Entry]) -> None:
        raise OSError(28, "No space left on device")


async def test_nobody_is_told_of_what_is_not_in_the_journal(pair: Pair, tmp_path: Path) -> None:
    relay = pair.publisher.relay
    assert relay._journaler is not None
    works, relay._journaler._journal = relay._journaler._journal, Full(tmp_path / "full")
    await pair.add(1, settle=False)
    with pytest.raises(OSError, match="No space"):
        await pair.publisher.flow()
    assert await pair.transport.read_all("termijn.contracts.v1") == []
    relay._journaler._journal = works
    await pair.settle()
    assert await pair.marbles(pair.listener) == {"acme": 1}
    assert await pair.publisher.database.short(EVERY_PROVIDER, "select 1 from unjournaled_unit") == []


async def test_the_journal_has_what_a_service_did_and_what_it_took(pair: Pair) -> None:
    await pair.add(1, 0)
    kept = await entries(FileJournal(pair.folder / "journal"), "rating")
    units = [entry for entry in kept if isinstance(entry, KeptUnit)]
    taken = [(one.number, one.outcome, one.reason) for each in units for one in each.facts.taken]
    assert taken[-1] == (2, "no effect", "no marbles")
    assert [one.type for each in units for one in each.events] == ["MarblesAdded"]
    told = [n.number for page in [entry for entry in kept if isinstance(entry, KeptNumbers)] for n in page.numbers]
    assert told == [1]
    numbers = await pair.publisher.database.short(EVERY_PROVIDER, "select number, event_id from published_number order by number")
    own = await entries(FileJournal(pair.folder / "journal"), PUBLISHER)
    assert [(n.number, n.event_id) for e in own if isinstance(e, KeptNumbers) for n in e.numbers] == [tuple(row) for row in numbers]
