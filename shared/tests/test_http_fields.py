"""Kinds of fields that the bodies of all services are made of."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from termijn.runtime.http.fields import AccountKey, Body, Day, Email, EmailOrNone, ExactDecimal, FilledLine, Flag, Line, Sentence

Euros = Annotated[ExactDecimal, Field(ge=0, max_digits=6, decimal_places=2)]


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((Flag, value) for value in ("no", "off", "true", "", 0, 1, 0.0, None)),
        *((Flag | None, value) for value in ("no", 0)),
        *((Day, value) for value in ("2026-02-30", "2026-1-5", "2026-01-05T00:00:00", "1999-12-31", "2101-01-01", 1_767_225_600, 0, None)),
        *((Euros, value) for value in (9.9, True, "1e2", "1_0", "\N{FULLWIDTH DIGIT NINE}", "NaN", "Infinity", " 9", "")),
        *((Euros, value) for value in ("-1", "1.005", "12345.67")),
        *((AccountKey, value) for value in ("", "Acme", "a" * 41, "-a", "a\x00", "a\n")),
        *((Line, value) for value in ("a\x00b", "a\nb", "a" * 201)),
        *((FilledLine, value) for value in ("", " ", "\t", "a\x00", "a" * 201)),
        *((Sentence, value) for value in ("", "   ", "a\x00", "a" * 501)),
        *((Email, value) for value in ("", "a", "a b@c", "a@b\n", "@", "a@" + "b" * 253)),
        (EmailOrNone, "a"),
    ],
)  # fmt: skip
def test_what_is_no_such_thing_is_refused(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (Flag, True, True),
        (Flag, False, False),
        (Day, "2026-02-28", date(2026, 2, 28)),
        (Euros, "9.90", Decimal("9.90")),
        (Euros, 9, Decimal(9)),
        (AccountKey, "acme-2", "acme-2"),
        (Line, "", ""),
        (FilledLine, "Café 't Hoekje", "Café 't Hoekje"),
        (Sentence, "Because.", "Because."),
        (Email, "a@b", "a@b"),
        (EmailOrNone, "", ""),
    ],
)
def test_what_is_one_is_read(kind: Any, value: object, read: object) -> None:
    assert TypeAdapter(kind).validate_python(value) == read


@pytest.mark.rule("SEC-4")
def test_a_body_takes_no_field_that_it_does_not_know() -> None:
    class Known(Body):
        name: Line = ""

    with pytest.raises(ValidationError):
        Known.model_validate({"nmae": "Acme"})
