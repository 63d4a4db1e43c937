"""USE-1, SEC-4: CloudEvents as collectors send them; bad ones name their field."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.rating.errors import BadUsage
from termijn.rating.usage import Use, Voided, read_batch, read_binary, read_structured

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "pbx/1",
    "type": "termijn.usage.recorded",
    "subject": "020 123 45 67",
    "time": "2026-03-02T09:00:00+01:00",
    "data": {"key": "call", "duration_seconds": 65, "destination": "0612345678"},
}


def encoded(**changes: Any) -> bytes:
    return json.dumps(EVENT | changes).encode()


@pytest.mark.rule("USE-1")
def test_one_event_a_batch_and_binary_mode_are_the_same_record() -> None:
    """Three ways to send it, one record."""
    one = read_structured(encoded())
    headers = {name: str(value) for name, value in EVENT.items() if name != "data"}
    assert read_batch(b"[" + encoded() + b"]") == one == read_binary(headers, json.dumps(EVENT["data"]).encode())
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert one == [Use("pbx/1", "e-1", "+31201234567", "call", start, 65, 1_000_000, "+31612345678")]


@pytest.mark.rule("USE-10")
def test_a_voided_event_takes_a_record_back() -> None:
    assert read_structured(encoded(type="termijn.usage.voided", data=None)) == [Voided("pbx/1", "e-1")]


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"source": "a\x00b"}, "source"),
        ({"id": 7}, "id"),
        ({"subject": None}, "subject"),
        ({"time": None}, "data.started_at"),
        ({"time": "2026-03-02T09:00:00"}, "data.started_at"),
        ({"time": "1826-03-02T09:00:00Z"}, "data.started_at"),
        ({"data": None}, "data"),
        ({"data": {"duration_seconds": 1}}, "data"),
        ({"data": {"key": "call", "colour": 1}}, "data"),
        ({"data": {"key": "call", "duration_seconds": -1}}, "data.duration_seconds"),
        ({"data": {"key": "call", "duration_seconds": 10**9}}, "data.duration_seconds"),
        ({"data": {"key": "call", "quantity": "-1"}}, "data.quantity"),
        ({"data": {"key": "call", "quantity": "NaN"}}, "data.quantity"),
        ({"data": {"key": "call", "quantity": "1e99"}}, "data.quantity"),
        ({"data": {"key": "call", "quantity": "0.0000001"}}, "data.quantity"),
    ],
)
def test_bad_input_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadUsage) as refused:
        read_structured(encoded(**changes))
    assert refused.value.field == field
    with pytest.raises(BadUsage) as in_batch:
        read_batch(b"[" + encoded() + b"," + encoded(**changes) + b"]")
    assert in_batch.value.field is not None
    assert in_batch.value.field.startswith("[1]")


@pytest.mark.rule("SEC-4")
@settings(max_examples=200)
@given(body=st.binary(max_size=80) | st.recursive(st.none() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["id", "source", "type", "specversion", "data", "time", "key"]), x)).map(lambda v: json.dumps(v).encode()))  # fmt: skip
def test_nothing_that_is_sent_is_more_than_a_refusal(body: bytes) -> None:
    """Whatever the bytes: records, or a refusal that names a field."""
    for read in (read_structured, read_batch, lambda b: read_binary({"id": "1", "source": "s", "type": "t", "specversion": "1.0"}, b)):
        try:
            read(body)
        except BadUsage as refused:
            assert refused.field
