"""The check of shapes can fail: each change that breaks a reader is told from each that does not (API-3)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from termijn.events.base import Event
from termijn.runtime.aggregate import WakeUp
from termijn.testing.samples import Kind, Shelf, complaints, schema_of, write


class Topping(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on it."""

    title: str
    price: Decimal = Decimal("0.50")


class RicherTopping(msgspec.Struct, frozen=True, kw_only=True):
    """The same under another name, with a field more."""

    title: str
    price: Decimal = Decimal("0.50")
    unit: str = "piece"


class PlainTopping(msgspec.Struct, frozen=True, kw_only=True):
    """The same with a field less."""

    title: str


class StrictTopping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, and refuses what it does not know."""

    title: str
    price: Decimal = Decimal("0.50")


class StrictRicherTopping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The strict one with a field more."""

    title: str
    price: Decimal = Decimal("0.50")
    unit: str = "piece"


Fields = Sequence[tuple[Any, ...]]
"""Name, type and, where it has one, default."""


def kind(fields: Fields, *, role: Literal["public", "private", "wake-up"] = "public", personal: frozenset[str] = frozenset()) -> Kind:
    """A type called CakeBaked with these fields."""
    base: type[Any] = WakeUp if role == "wake-up" else Event
    made = msgspec.defstruct("CakeBaked", fields, bases=(base,), namespace={"PERSONAL": personal}, frozen=True, kw_only=True)
    return Kind(of=made, owner="bakery", role=role)


def judged(before: Kind, after: Kind) -> list[str]:
    """What the check says when the type is as it was before on file, and as it is after in the code."""
    return complaints(after, schema_of(before), schema_of(after))


BREAKING: list[tuple[Fields, Fields, str]] = [
    ([("baked_on", date)], [], "baked_on is gone"),
    ([("baked_on", date)], [("day", date)], "baked_on is gone"),
    ([("baked_on", date)], [("baked_on", str)], "baked_on is string, it was string format date"),
    ([("eggs", int)], [("eggs", Decimal)], "eggs is string format decimal, it was integer"),
    ([("eggs", int | None)], [("eggs", int)], "eggs is integer, it was integer or null"),
    ([], [("eggs", int)], "eggs is new and has no default"),
    ([("eggs", int, 3)], [("eggs", int)], "eggs must be there now"),
    ([("eggs", int)], [("eggs", int, 3)], "eggs may be left out now"),
    ([("eggs", int, 3)], [("eggs", int, 4)], "eggs has the default 4, it was the default 3"),
    ([("eggs", Annotated[int, msgspec.Meta(ge=1)])], [("eggs", Annotated[int, msgspec.Meta(ge=2)])], "eggs is integer minimum 2"),
    ([("kind", Literal["bread", "cake"])], [("kind", Literal["bread"])], "kind is one of bread, it was one of bread, cake"),
    ([("kind", Literal["bread"])], [("kind", str)], "kind is string, it was one of bread"),
    ([("toppings", tuple[Topping, ...])], [("toppings", tuple[PlainTopping, ...])], "toppings[].price is gone"),
    ([("toppings", dict[str, Topping])], [("toppings", dict[str, PlainTopping])], "toppings{}.price is gone"),
    ([("topping", Topping | None)], [("topping", PlainTopping | None)], "topping.price is gone"),
    ([("topping", Topping)], [("topping", StrictTopping)], "topping takes other unknown fields than before"),
]

WIDENING: list[tuple[Fields, Fields, str]] = [
    ([("eggs", int)], [("eggs", int | None)], "eggs may also be null"),
    ([("kind", Literal["bread"])], [("kind", Literal["bread", "cake"])], "kind may also be cake"),
    ([("topping", StrictTopping)], [("topping", StrictRicherTopping)], "topping.unit is new"),
]

GROWING: list[tuple[Fields, Fields, str]] = [
    ([], [("eggs", int, 3)], "eggs is new"),
    ([], [("baked_on", date | None, None)], "baked_on is new"),
    ([("topping", Topping)], [("topping", RicherTopping)], "topping.unit is new"),
    ([("toppings", tuple[Topping, ...], ())], [("toppings", tuple[RicherTopping, ...], ())], "toppings[].unit is new"),
]


@pytest.mark.parametrize(("before", "after", "what"), BREAKING, ids=[what for _, _, what in BREAKING])
@pytest.mark.parametrize("role", ["public", "private", "wake-up"])
def test_a_changed_shape_needs_a_new_version(before: Fields, after: Fields, what: str, role: Any) -> None:
    (complaint, *_) = judged(kind(before, role=role), kind(after, role=role))
    assert what in complaint
    assert "SCHEMA_VERSION = 2" in complaint and "upcaster from ('CakeBaked', 1)" in complaint
    assert ("wake_up_upcasters" if role == "wake-up" else "event_upcasters") in complaint


@pytest.mark.parametrize(("before", "after", "what"), WIDENING, ids=[what for _, _, what in WIDENING])
def test_what_takes_more_than_before_breaks_listeners_and_nobody_else(before: Fields, after: Fields, what: str) -> None:
    (complaint,) = judged(kind(before), kind(after))
    assert what in complaint and "SCHEMA_VERSION" in complaint
    (complaint,) = judged(kind(before, role="private"), kind(after, role="private"))
    assert what in complaint and "--schemas" in complaint


@pytest.mark.parametrize(("before", "after", "what"), GROWING, ids=[what for _, _, what in GROWING])
def test_an_added_field_with_a_default_is_allowed_and_has_to_be_written_down(before: Fields, after: Fields, what: str) -> None:
    (complaint,) = judged(kind(before), kind(after))
    assert what in complaint and "--schemas" in complaint and "SCHEMA_VERSION" not in complaint


def test_of_a_break_and_a_growth_at_once_the_break_is_told() -> None:
    (complaint,) = judged(kind([("eggs", int)]), kind([("flour", int, 0)]))
    assert "eggs is gone" in complaint


def test_what_was_sealed_stays_sealed() -> None:
    """A listener that takes the field for plain text would take the ciphertext for a name."""
    named: Fields = [("baker", str | None)]
    (complaint,) = judged(kind(named, personal=frozenset({"baker"})), kind(named))
    assert "baker is string or null, it was string or null or object" in complaint
    (complaint,) = judged(kind(named), kind(named, personal=frozenset({"baker"})))
    assert "SCHEMA_VERSION" in complaint


def test_words_and_names_of_parts_are_no_shape() -> None:
    class Said(Event, frozen=True, kw_only=True):
        """In other words."""

        topping: Topping

    class Renamed(msgspec.Struct, frozen=True, kw_only=True):
        """Another name and another sentence."""

        title: str
        price: Decimal = Decimal("0.50")

    said = Kind(of=Said, owner="bakery", role="public")
    assert judged(said, kind([("topping", Renamed)])) == []


def test_the_command_writes_down_what_grew_and_refuses_what_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termijn.testing.samples.EXAMPLES", {"eggs": 3, "flour": 500})
    shelf, before = Shelf.of_repository(tmp_path), kind([("eggs", int)])
    assert len(list(write(shelf, [before]))) == 2
    sample, schema = shelf.sample(before, 1).read_bytes(), shelf.schema(before, 1).read_bytes()

    (left,) = write(shelf, [kind([])], schemas=True)
    assert "eggs is gone" in left.problem
    assert shelf.schema(before, 1).read_bytes() == schema

    grown = kind([("eggs", int), ("flour", int, 0)])
    (left,) = write(shelf, [grown])
    assert "flour is new" in left.problem
    (done,) = write(shelf, [grown], schemas=True)
    assert done.problem == "" and list(write(shelf, [grown])) == []
    assert shelf.sample(before, 1).read_bytes() == sample, "the sample from before the field is the one that is worth keeping"


def test_the_command_keeps_the_version_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termijn.testing.samples.EXAMPLES", {"eggs": 3, "flour": 500})
    shelf, first, second = Shelf.of_repository(tmp_path), kind([("eggs", int)]), kind([("flour", int)])
    second.of.SCHEMA_VERSION = 2
    list(write(shelf, [first]))
    assert [one.problem for one in write(shelf, [second])] == ["", ""]
    assert list(shelf.stored(second)) == [1, 2]
