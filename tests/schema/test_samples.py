"""Every version of every event and wake-up that was ever stored or sent can be read, by us and by those who listen (API-3)."""

import base64
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from msgspec import inspect

from termijn.events.base import Event
from termijn.runtime import codec
from termijn.runtime.aggregate import WakeUp
from termijn.runtime.codec import Registry, UnknownType
from termijn.runtime.database import Address
from termijn.runtime.service import Service, Surroundings
from termijn.testing.example_values import EXAMPLES, PEOPLE_AND_NUMBERS
from termijn.testing.samples import PUBLISHED, ExampleMissing, Kind, Shelf, complaints, definitions, example, kinds, schema_of, write

ACCOUNT = "bakkerij-de-linde"
# The public ones as they were installed: that they are in the wheel is part of the promise.
SHELF = Shelf(public=Path(str(files("termijn.events"))) / "samples", private=Path(__file__).parent / "samples")
KINDS = kinds()
EVENTS = [kind for kind in KINDS if issubclass(kind.of, Event)]
WAKE_UPS = [kind for kind in KINDS if issubclass(kind.of, WakeUp)]


class Readable:
    """Seals so that a test can look inside."""

    def seal(self, account: str, plain: bytes, purpose: str = "account") -> str:
        return base64.b64encode(f"{account}:".encode() + plain).decode()

    def open(self, account: str, sealed: str) -> bytes | None:
        return base64.b64decode(sealed).removeprefix(f"{account}:".encode())


class Erased(Readable):
    """The key is gone."""

    def open(self, account: str, sealed: str) -> bytes | None:
        return None


@lru_cache
def services() -> tuple[Service, ...]:
    """The four services as they run, put together without a database: what they read with is what counts here."""
    none = cast(Any, None)
    address = Address(app_dsn="", owner_dsn="")
    nowhere = Surroundings(address=address, transport=none, clock=none, keys=none, blobs=none, has_collectors=True)
    return tuple(Service(definition, nowhere, cast(Any, SimpleNamespace(epoch=1))) for definition in definitions())


def readers(kind: Kind) -> Iterator[tuple[str, Registry]]:
    """Whoever reads this event: the service that keeps it, listeners of its publisher, the publisher's own list."""
    for service in services():
        places = [("kept by", service.plant.registry)]
        if kind.is_public:
            places += [("heard by", registry) for name, registry in service.inbox._types.items() if name == kind.owner]
            places += [("told by", service.plant.public)] if service.name == kind.owner else []
        yield from ((f"{how} {service.name}", registry) for how, registry in places if registry.type_of(kind.name) is kind.of)


def sealed(kind: Kind, plain: Mapping[str, Any]) -> bytes:
    """Contents as they are stored and sent: what is personal is ciphertext."""
    hidden: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plain))
    for path in kind.personal | kind.texts:
        *way, last = path.split(".")
        places: list[Any] = [hidden]
        for name in way:
            places = [each for place in places for each in (place if name == "*" else [place.get(name) or {}])]
        for place in places:
            if last in place:
                place[last] = {"sealed": Readable().seal(ACCOUNT, msgspec.json.encode(place[last]))}
                place[last] |= {"left": ""} if path in kind.texts else {}
    return msgspec.json.encode(hidden)


def read_wake_up(kind: Kind, version: int, data: bytes) -> WakeUp:
    (service,) = (one for one in services() if one.name == kind.owner)
    return service.timers._wake_ups.decode(kind.name, version, data)


# -- Every sample is there and can be read -----------------------------------------------------------------------------


def test_every_type_has_a_sample_and_a_schema_of_its_present_version() -> None:
    missing = [
        str(path) for kind in KINDS for path in (SHELF.sample(kind, kind.version), SHELF.schema(kind, kind.version)) if not path.exists()
    ]
    assert not missing, "run python -m termijn.testing.samples; missing: " + ", ".join(missing)


def test_every_version_up_to_the_present_one_keeps_its_sample_and_its_schema() -> None:
    for kind in KINDS:
        assert list(SHELF.stored(kind)) == list(range(1, kind.version + 1)), f"{kind}: a stored sample is a promise and stays"
        assert all(SHELF.schema(kind, version).exists() for version in SHELF.stored(kind)), kind


def test_every_file_belongs_to_a_type_that_is_known() -> None:
    """Names are stored for ever: a type that went leaves events that nobody can read."""
    versions = [(kind, version) for kind in KINDS for version in range(1, kind.version + 1)]
    known = {path for kind, version in versions for path in (SHELF.sample(kind, version), SHELF.schema(kind, version))}
    assert [str(path) for folder in (SHELF.public, SHELF.private) for path in folder.rglob("*.json") if path not in known] == []


def test_every_event_and_wake_up_that_is_defined_is_one_that_is_read() -> None:
    """One that no aggregate or handler names could be written and never be read again."""

    def below(parent: type[Any]) -> Iterator[type[Any]]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    ours = tuple(f"termijn.{service.name}." for service in services())
    defined = {child for parent in (Event, WakeUp) for child in below(parent) if child.__module__.startswith((PUBLISHED, *ours))}
    assert {child.__name__ for child in defined - {kind.of for kind in KINDS}} == set()


@pytest.mark.parametrize("kind", EVENTS, ids=str)
def test_every_sample_of_an_event_is_read_by_all_who_read_it(kind: Kind) -> None:
    found = list(readers(kind))
    assert found, "nobody reads it"
    for version, path in SHELF.stored(kind).items():
        plain = msgspec.json.decode(path.read_bytes())
        for who, registry in found:
            # Without keys at first: an event that lies in the open reads as well, so that a field may become personal later.
            for data in (path.read_bytes(), sealed(kind, plain)):
                event = registry.decode(kind.name, version, data, ACCOUNT, Readable())
                again = codec.encode(event, ACCOUNT, Readable())
                assert registry.decode(kind.name, kind.version, again, ACCOUNT, Readable()) == event, who
                if version == kind.version:
                    assert lost(plain, msgspec.to_builtins(event)) == [], who


@pytest.mark.parametrize("kind", WAKE_UPS, ids=str)
def test_every_sample_of_a_wake_up_is_read_by_its_service(kind: Kind) -> None:
    for version, path in SHELF.stored(kind).items():
        wake_up = read_wake_up(kind, version, path.read_bytes())
        assert read_wake_up(kind, kind.version, msgspec.json.encode(wake_up)) == wake_up
        if version == kind.version:
            assert lost(msgspec.json.decode(path.read_bytes()), msgspec.to_builtins(wake_up)) == []


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """What a sample says and the event that was read of it does not."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for name in before for line in lost(before[name], after.get(name), f"{place}.{name}")]
    if isinstance(before, list) and isinstance(after, list | tuple) and len(before) == len(after):
        return [line for number, one in enumerate(before) for line in lost(one, after[number], f"{place}.{number}")]
    return [] if before == after else [place]


def test_a_loss_is_seen() -> None:
    assert lost({"a": 1, "b": [{"c": 2, "d": 3}]}, {"a": 1, "b": ({"c": 2},), "new": 0}) == [".b.0.d"]


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if kind.personal | kind.texts], ids=str)
def test_an_event_whose_key_is_gone_is_still_read_with_its_personal_fields_empty(kind: Kind) -> None:
    for version, path in SHELF.stored(kind).items():
        for who, registry in readers(kind):
            event = registry.decode(kind.name, version, sealed(kind, msgspec.json.decode(path.read_bytes())), ACCOUNT, Erased())
            assert all(found is None for path in kind.personal for found in codec._found(event, path)), who
            assert all(found == "" for path in kind.texts for found in codec._found(event, path)), who


def test_a_version_that_this_release_does_not_know_is_not_guessed_at() -> None:
    for kind in EVENTS:
        for _, registry in readers(kind):
            with pytest.raises(UnknownType):
                registry.decode(kind.name, kind.version + 1, SHELF.sample(kind, kind.version).read_bytes(), ACCOUNT, Readable())


# -- Old listeners -----------------------------------------------------------------------------------------------------


def with_unknown_fields(of: inspect.Type, value: Any) -> Any:
    """The same with a field that this release does not know, in the event and in each struct inside it."""
    match of:
        case inspect.StructType():
            inner = {field.encode_name: with_unknown_fields(field.type, value[field.encode_name]) for field in of.fields}
            return {**inner, "added_later": {"by": ["a newer release"]}}
        case inspect.UnionType() if value is not None:
            (filled,) = (one for one in of.types if not isinstance(one, inspect.NoneType))
            return with_unknown_fields(filled, value)
        case inspect.VarTupleType():
            return [with_unknown_fields(of.item_type, one) for one in value]
        case _:
            return value


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if kind.is_public], ids=str)
def test_a_listener_ignores_fields_that_it_does_not_know(kind: Kind) -> None:
    plain = msgspec.to_builtins(example(kind.of))
    newer = with_unknown_fields(inspect.type_info(kind.of), plain)
    assert str(newer).count("added_later") > str(newer).count("'sha256'"), "in the structs inside too"
    for who, registry in readers(kind):
        assert registry.decode(kind.name, kind.version, sealed(kind, newer), ACCOUNT, Readable()) == example(kind.of), who


def test_a_listener_that_forbids_unknown_fields_would_be_found() -> None:
    class Strict(Event, frozen=True, kw_only=True, forbid_unknown_fields=True):
        module_id: str

    newer = with_unknown_fields(inspect.type_info(Strict), {"module_id": "telefonie-1"})
    with pytest.raises(msgspec.ValidationError, match="added_later"):
        Registry([Strict]).decode("Strict", 1, msgspec.json.encode(newer), ACCOUNT, Readable())


# -- Shapes ------------------------------------------------------------------------------------------------------------


def test_every_shape_is_the_one_that_was_written_down() -> None:
    found = []
    for kind in KINDS:
        path = SHELF.schema(kind, kind.version)
        if path.exists():
            found += complaints(kind, msgspec.json.decode(path.read_bytes()), schema_of(kind))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_example_fills_every_field_and_is_always_the_same(kind: Kind) -> None:
    assert example(kind.of) == example(kind.of)
    seen: dict[str, bool] = {}

    def look(value: Any) -> None:
        if isinstance(value, msgspec.Struct):
            for name in value.__struct_fields__:
                inner = getattr(value, name)
                place = f"{type(value).__name__}.{name}"
                seen[place] = seen.get(place, False) or (inner is not None and inner not in ("", (), {}))
                look(inner)
        elif isinstance(value, tuple | dict):
            for one in value.values() if isinstance(value, dict) else value:
                look(one)

    look(example(kind.of))
    assert [place for place, is_filled in seen.items() if not is_filled] == []


def test_a_field_without_an_example_is_named() -> None:
    class Unheard(Event, frozen=True, kw_only=True):
        favourite_bread: str

    with pytest.raises(ExampleMissing, match=r"Unheard\.favourite_bread"):
        example(Unheard)


def test_no_example_outlives_its_field() -> None:
    fields: set[str] = set()
    seen: set[type[Any]] = set()

    def look(of: inspect.Type) -> None:
        if isinstance(of, inspect.StructType) and of.cls not in seen:
            seen.add(of.cls)
            for field in of.fields:
                fields.update((field.name, f"{of.cls.__name__}.{field.name}"))
                look(field.type)
        for inner in (*getattr(of, "types", ()), *(getattr(of, name, None) for name in ("item_type", "value_type"))):
            if inner is not None:
                look(inner)

    for kind in KINDS:
        look(inspect.type_info(kind.of))
    assert sorted(set(EXAMPLES) - fields) == []


# -- No real people ----------------------------------------------------------------------------------------------------

_LOOKS_REAL = re.compile(
    r"""[\w.+-]+@[\w.-]+                    # a mail address
    | (?:https?://|www\.)[^\s"]+            # a site
    | \b[A-Z]{2}\d{2}\s?(?:[A-Z0-9]{4}\s?){2,7}[A-Z0-9]{0,4}\b   # an IBAN, VAT number or creditor id
    | \+\d[\d\s-]{7,15}\d | \b0\d{9}\b      # a telephone number
    | \b[1-9]\d{3}\s?[A-Z]{2}\b             # a Dutch postcode
    """,
    re.VERBOSE,
)
_PERSONAL_NAMES = {"name", "street", "postcode", "city", "email", "phone", "iban", "holder", "mail_to", "account_manager", "vat_number"}


def real_looking(text: str) -> list[str]:
    """Whatever could be somebody's, and is neither in an example domain nor one of the numbers that handbooks print."""
    found = []
    for match in _LOOKS_REAL.findall(text):
        domain = match.partition("@")[2] or match.partition("//")[2].partition("/")[0]
        if match not in PEOPLE_AND_NUMBERS.values() and not domain.endswith((".example", "example.com", "example.org", "example.net")):
            found.append(match)
    return found


def persons(value: Any) -> Iterator[str]:
    """What stands in fields that hold personal data."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _PERSONAL_NAMES and isinstance(inner, str):
                yield inner
            yield from persons(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from persons(inner)


def test_no_sample_is_about_a_real_person() -> None:
    allowed = {*PEOPLE_AND_NUMBERS.values(), EXAMPLES["NoticeRule.name"], EXAMPLES["PriceIndex.name"]}
    for kind in KINDS:
        for path in SHELF.stored(kind).values():
            text = path.read_text(encoding="utf-8")
            assert real_looking(text) == [], path
            assert [person for person in persons(msgspec.json.decode(text)) if person not in allowed] == [], path


@pytest.mark.parametrize(
    "text",
    [
        "jan@bakkerijdelinde.nl",
        "info@my-example.nl",
        "https://waterland.nl/facturen",
        "NL20INGB0001234567",
        "NL20 INGB 0001 2345 67",
        "NL123456789B01",
        "+31612345678",
        "+31 6 1234 5678",
        "0612345678",
        "3511 AX",
    ],
)
def test_a_real_looking_person_is_seen(text: str) -> None:
    assert real_looking(f'"{text}"')


# -- The command -------------------------------------------------------------------------------------------------------


def test_the_command_adds_what_is_missing_and_leaves_the_rest(tmp_path: Path) -> None:
    shelf, some = Shelf.of_repository(tmp_path), [KINDS[0], WAKE_UPS[0]]
    assert [one.path for one in write(shelf, some)] == [path for kind in some for path in (shelf.sample(kind, 1), shelf.schema(kind, 1))]
    shelf.sample(some[0], 1).write_text("a promise")
    shelf.schema(some[1], 1).unlink()
    assert [one.path for one in write(shelf, some)] == [shelf.schema(some[1], 1)]
    assert shelf.sample(some[0], 1).read_text() == "a promise"
    assert [one.path for one in write(shelf, some, force=True)] == [shelf.sample(some[0], 1)]
    assert list(write(shelf, some)) == []
