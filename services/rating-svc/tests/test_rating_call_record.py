"""USE-1: 3CX call record files, ugly as they are."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.rating.call_record import read_3cx
from termijn.rating.errors import BadCallRecordFile
from termijn.rating.policy import CallRecordLayout

DEFAULT = CallRecordLayout()


def leg(call_id: str = "c-1", **cells: str) -> bytes:
    """A line as 3CX writes it by default: an answered call of 1:05 from extension 101 to a number outside."""
    values = {
        "history-id": "Call 7", "call-id": call_id, "duration": "00:01:05", "time-start": "2026/03/02 09:00:00",
        "time-answered": "2026/03/02 09:00:10", "time-end": "2026/03/02 09:01:15", "from-no": "Ext.101", "to-no": "0201234567",
        "from-dn": "101", "to-dn": "10000", "from-type": "Internal", "to-type": "External",
    } | {name.replace("_", "-"): value for name, value in cells.items()}  # fmt: skip
    return ",".join(values.get(name, "") for name in DEFAULT.columns).encode() + b"\r\n"


@pytest.mark.rule("USE-1")
def test_an_answered_leg_to_a_number_outside_is_billable() -> None:
    """Local time becomes UTC, hh:mm:ss seconds, numbers E.164."""
    use = read_3cx(leg(), "pbx", DEFAULT).uses[0]
    assert (use.source, use.id, use.subject, use.key, use.seconds, use.destination) == ("pbx", "c-1", "101", "call", 65, "+31201234567")
    assert use.started_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.rule("USE-1")
def test_other_legs_are_counted_and_not_billable() -> None:
    """Unanswered (no duration, no answer, or none of seconds), internal, incoming and missed."""
    content = b"".join(
        [
            leg("a", duration="", time_answered=""),
            leg("b", duration="00:00:00"),
            leg("c", to_no="Ext.102", to_dn="102", to_type="Internal"),
            leg("d", from_no="0612345678", from_dn="10000", from_type="External", to_type="Internal"),
            leg("e", from_type="External", to_type="Internal", duration="", time_answered=""),
        ]
    )
    file = read_3cx(content, "pbx", DEFAULT)
    assert (file.uses, file.not_billable, file.lines) == ([], {"unanswered": 2, "internal": 1, "incoming": 2}, 5)


@pytest.mark.rule("USE-1")
def test_without_party_types_extensions_are_told_by_the_way_they_are_written() -> None:
    """An administrator may leave the types out."""
    layout = CallRecordLayout(columns=DEFAULT.columns[:20])
    content = leg("a", from_type="", to_type="") + leg("b", to_no="Ext.102", from_type="", to_type="")
    file = read_3cx(content, "pbx", layout)
    assert ([use.id for use in file.uses], file.not_billable["internal"]) == (["a"], 1)


@pytest.mark.rule("USE-1")
def test_a_header_in_the_file_and_a_layout_in_policy_map_the_fields() -> None:
    """Fields in another order, separated by semicolons, subjects with the exchange before them."""
    layout = CallRecordLayout(delimiter=";", subject_prefix="utrecht/", usage_key="bellen")
    text = (
        "CallID;From_DN;From-Type;To-Type;To-No;Time-Start;Time-Answered;Time-End;Duration\n"
        "x1;101;Internal;External;+4930123456;2026/03/02 09:00:00;2026/03/02 09:00:10;2026/03/02 09:01:15;00:01:05\n"
    )
    use = read_3cx(text.encode("utf-8-sig"), "pbx", layout).uses[0]
    assert (use.subject, use.key, use.destination, use.seconds) == ("utrecht/101", "bellen", "+4930123456", 65)


@pytest.mark.rule("USE-1")
@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"duration": "1:99:00"}, "duration"),
        ({"time_start": "2026/02/30 09:00:00"}, "timestart"),
        ({"time_start": "yesterday"}, "timestart"),
        ({"call_id": ""}, "call-id"),
        ({"from_dn": "", "from_no": ""}, "from-dn"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_stops_nothing(cells: dict[str, str], reason: str) -> None:
    """The report names field and line, and quotes nothing: lines hold numbers."""
    file = read_3cx(leg("ok") + leg(**{"call_id": "bad"} | cells) + leg("ok2"), "pbx", DEFAULT)
    assert [use.id for use in file.uses] == ["ok", "ok2"]
    assert [(error.line, error.reason.split(":")[0]) for error in file.errors] == [(2, reason)]
    assert "0201234567" not in file.errors[0].reason


@pytest.mark.rule("USE-1")
def test_bytes_that_are_no_utf8_are_read_as_far_as_they_go() -> None:
    """A display name in Latin-1, a NUL, a stray quote."""
    odd = leg("a").replace(b"Call 7", "José".encode("latin-1"))
    file = read_3cx(odd + leg("b", from_dispname="x\0y") + leg("c", from_dispname='"half'), "pbx", DEFAULT)
    assert ([use.id for use in file.uses], file.odd_bytes_lines) == (["a", "b", "c"], 1)


@pytest.mark.rule("USE-1")
def test_the_hour_that_comes_twice_is_told_by_the_duration() -> None:
    """25 October 2026: from 02:50 for twenty minutes to 02:10 began in the first hour; to 02:59 it may be either: the first."""
    across = leg("a", time_start="2026/10/25 02:50:00", time_answered="2026/10/25 02:50:00", time_end="2026/10/25 02:10:00",
                 duration="00:20:00")  # fmt: skip
    second = leg("b", time_start="2026/10/25 02:50:00", time_answered="2026/10/25 02:50:00", time_end="2026/10/25 03:10:00",
                 duration="00:20:00")  # fmt: skip
    either = leg("c", time_start="2026/10/25 02:50:00", time_answered="2026/10/25 02:50:00", time_end="2026/10/25 02:59:00",
                 duration="00:09:00")  # fmt: skip
    starts = [use.started_at.strftime("%H:%M") for use in read_3cx(across + second + either, "pbx", DEFAULT).uses]
    assert starts == ["00:50", "01:50", "00:50"]


def test_a_time_that_the_spring_change_skips_is_read() -> None:
    """29 March 2026, 02:30: as if the clock had not moved yet."""
    line = leg(time_start="2026/03/29 02:30:00", time_answered="", time_end="")
    assert read_3cx(line, "pbx", DEFAULT).not_billable["unanswered"] == 1
    line = leg(time_start="2026/03/29 02:30:00", time_answered="2026/03/29 03:30:10", time_end="2026/03/29 03:31:15")
    assert read_3cx(line, "pbx", DEFAULT).uses[0].started_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(BadCallRecordFile):
        read_3cx(b"x" * (64 * 1024 * 1024 + 1), "pbx", DEFAULT)


@pytest.mark.rule("USE-1")
@settings(max_examples=150)
@given(content=st.binary(max_size=400) | st.lists(st.sampled_from([leg("a"), b",", b'"', b"\n", b"\xff", b"0:00:01"])).map(b"".join))
def test_no_file_crashes_the_reader_and_every_line_is_accounted_for(content: bytes) -> None:
    """Whatever comes: lines are billable, not billable, or bad."""
    file: Any = read_3cx(content, "pbx", DEFAULT)
    assert file.lines == len(file.uses) + sum(file.not_billable.values()) + file.errors_total
