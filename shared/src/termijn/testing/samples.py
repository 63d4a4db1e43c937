"""Samples of everything that is ever stored or sent: a JSON file and a JSON Schema per type and version (API-3).

``python -m termijn.testing.samples [--schemas] [--force]``, in the root of the repository, adds what is missing. A stored sample
is a promise that its shape stays readable, so a file that is there is left alone:

- ``--schemas`` writes those schemas anew whose shape only grew in a way that old data and old listeners can go on with, or
  whose words changed.
- ``--force`` writes all of the present versions anew: only for a version that no release ever stored.

Samples of public events lie with the published language, ``termijn/events/samples/<publisher>/``, and travel in the wheel:
integrators build on them. Those of private events and of wake-ups lie under ``tests/schema/samples/<service>/``: they are a
promise to our own databases, which nobody outside should read or rely on, so they stay out of the wheel.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import inspect

from termijn.contracts.app import definition as contracts
from termijn.dunning.app import definition as dunning
from termijn.events.base import Event
from termijn.invoice.app import definition as invoice
from termijn.kernel.ids import ProviderId
from termijn.rating.app import definition as rating
from termijn.runtime.aggregate import WakeUp
from termijn.runtime.handling import Definition
from termijn.runtime.mail import Origin
from termijn.testing.example_values import EXAMPLES
from termijn.testing.schema_change import changes

PUBLISHED = "termijn.events."
"""Where public types are defined, a module per publisher."""

Stored: TypeAlias = type[Event] | type[WakeUp]


class ExampleMissing(Exception):
    """A field has no example, or one that does not fit; add it to ``termijn.testing.example_values``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type that is stored or sent. ``owner`` is the publisher of a public event, else the service that keeps it."""

    of: Stored
    owner: str
    role: Literal["public", "private", "wake-up"]

    @property
    def name(self) -> str:
        return self.of.__name__

    @property
    def version(self) -> int:
        return self.of.SCHEMA_VERSION

    @property
    def personal(self) -> frozenset[str]:
        return self.of.PERSONAL if issubclass(self.of, Event) else frozenset()

    @property
    def texts(self) -> frozenset[str]:
        """Texts that come back empty once their key is gone."""
        return self.of.PERSONAL_TEXTS if issubclass(self.of, Event) else frozenset()

    @property
    def is_public(self) -> bool:
        return self.role == "public"

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where the files lie."""

    public: Path
    private: Path

    @classmethod
    def of_repository(cls, root: Path) -> "Shelf":
        """The folders of a checkout."""
        return cls(public=root / "shared/src/termijn/events/samples", private=root / "tests/schema/samples")

    def folder(self, kind: Kind) -> Path:
        """Where the files of a type lie."""
        if kind.is_public:
            return self.public / kind.owner
        return self.private / kind.owner / ("wake-ups" if kind.role == "wake-up" else "events")

    def sample(self, kind: Kind, version: int) -> Path:
        """The sample of one version."""
        return self.folder(kind) / f"{kind.name}.v{version}.json"

    def schema(self, kind: Kind, version: int) -> Path:
        """The JSON Schema of one version."""
        return self.folder(kind) / f"{kind.name}.v{version}.schema.json"

    def stored(self, kind: Kind) -> Mapping[int, Path]:
        """All samples of a type, by version."""
        found = {}
        for path in self.folder(kind).glob(f"{kind.name}.v*.json"):
            version = path.name.removeprefix(f"{kind.name}.v").removesuffix(".json")
            if version.isdecimal():
                found[int(version)] = path
        return dict(sorted(found.items()))


class _NoMail:
    """Stands in for a mailer: samples are made without sending anything."""

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        raise AssertionError("samples send no mail")


def definitions() -> tuple[Definition, ...]:
    """The four services."""
    return contracts(), rating(), invoice(_NoMail()), dunning(_NoMail())


def kinds() -> list[Kind]:
    """Every public event, private event and wake-up of every service, each once."""
    told: dict[tuple[str, Stored], Kind] = {}
    for service in definitions():
        for public in service.public_events:
            told[service.name, public] = Kind(of=public, owner=service.name, role="public")
    found: dict[Stored, Kind] = {public: kind for (_, public), kind in told.items()}
    for service in definitions():
        for aggregate in service.aggregates:
            for event in aggregate.events:
                # A public event that is kept as it came is a promise of its publisher, and has its sample there.
                assert event in found or not event.__module__.startswith(PUBLISHED), f"{event.__name__} is kept but not in PUBLIC"
                found.setdefault(event, Kind(of=event, owner=service.name, role="private"))
        for handler in service.wake_ups:
            found[handler.wake_up] = Kind(of=handler.wake_up, owner=service.name, role="wake-up")
    # An event that several tell (ErasureReady) is a promise of each.
    every = {id(kind): kind for kind in (*told.values(), *found.values())}
    return sorted(every.values(), key=lambda kind: (kind.owner, kind.role, kind.name))


# -- Samples ---------------------------------------------------------------------------------------------------------


def example(of: type[Any], given: Mapping[str, Any] | None = None) -> Any:
    """One instance with every field filled, optional ones too, at least once; always the same. Raises ``ExampleMissing``."""
    return msgspec.convert(_struct(of, given or {}), of)


def _struct(of: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    described = inspect.type_info(of)
    assert isinstance(described, inspect.StructType)
    filled = {}
    for field in described.fields:
        place = f"{of.__name__}.{field.name}"
        wanted = given.get(field.name, EXAMPLES.get(place, EXAMPLES.get(field.name)))
        is_left_out = field.name in given and wanted is None
        filled[field.encode_name] = None if is_left_out else _value(place, field.type, wanted)
    return filled


def _value(place: str, of: inspect.Type, given: Any) -> Any:
    """``given`` in the form of the type; None where there is no example, which structs and flags can do without."""
    match of:
        case inspect.StructType():
            return _struct(of.cls, given or {})
        case inspect.UnionType():
            (filled,) = (one for one in of.types if not isinstance(one, inspect.NoneType))
            return _value(place, filled, given)
        case inspect.VarTupleType():
            is_struct = isinstance(of.item_type, inspect.StructType)
            return [_value(place, of.item_type, one) for one in _given(place, given or ([{}] if is_struct else None), list)]
        case inspect.DictType():
            return {key: _value(place, of.value_type, one) for key, one in _given(place, given, dict).items()}
        case inspect.BoolType():
            return bool(given)
        case inspect.LiteralType():
            if given not in of.values:
                raise ExampleMissing(f"{place}: {given!r} is none of {', '.join(map(str, of.values))}")
            return given
        case _:
            return _given(place, given, object)


def _given(place: str, given: Any, form: type[Any]) -> Any:
    if given is None or not isinstance(given, form):
        raise ExampleMissing(f"{place}: {'no example' if given is None else f'{given!r} does not fit'}")
    return given


def sample_text(kind: Kind) -> bytes:
    """The sample as its file holds it: the contents of the event, personal fields in the open."""
    return msgspec.json.format(msgspec.json.encode(example(kind.of)), indent=2) + b"\n"


# -- Schemas ---------------------------------------------------------------------------------------------------------

_SEALED = {
    "title": "Sealed",
    "description": "A personal field as it is stored and sent: ciphertext that names its key, empty for ever once that key is gone.",
    "type": "object",
    "properties": {"sealed": {"type": "string"}},
    "required": ["sealed"],
    "additionalProperties": False,
}


_SEALED_TEXT = {
    "title": "SealedText",
    "description": "A text that a person typed, as it is stored and sent: ciphertext that names its key, and what is left without it.",
    "type": "object",
    "properties": {"sealed": {"type": "string"}, "left": {"const": ""}},
    "required": ["sealed", "left"],
    "additionalProperties": False,
}


def schema_of(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of the present version, as the event is stored and sent: a personal field is sealed there."""
    # Through JSON, so that a default that is a tuple is the list that a file has.
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(kind.of)))
    for path in sorted(kind.personal | kind.texts):
        *way, last = path.replace(".*", "").split(".")
        properties = made["$defs"][kind.name]["properties"]
        for field in way:
            properties = made["$defs"][(properties[field].get("items") or properties[field])["$ref"].rpartition("/")[2]]["properties"]
        if path in kind.texts:
            text = {name: properties[last].pop(name) for name in ("type", "maxLength", "minLength") if name in properties[last]}
            properties[last]["anyOf"] = [text, {"$ref": "#/$defs/SealedText"}]
            made["$defs"]["SealedText"] = _SEALED_TEXT
        else:
            properties[last]["anyOf"].append({"$ref": "#/$defs/Sealed"})
            made["$defs"]["Sealed"] = _SEALED
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:termijn:{kind.owner}:{kind.name}:{kind.version}"}
    return {**about, **made}


def schema_text(kind: Kind) -> bytes:
    """The schema as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(schema_of(kind)), indent=2) + b"\n"


def complaints(kind: Kind, stored: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """Why the stored schema is not that of today, and what to do about it; empty where it is."""
    found = changes(stored, today, is_public=kind.is_public)
    if all(change.is_readable for change in found):
        return [f"{kind}: {change}. Old readers can go on; write it down: python -m termijn.testing.samples --schemas" for change in found]
    table = "wake_up_upcasters" if kind.role == "wake-up" else "event_upcasters"
    return [
        f"{kind}: {change}. What was stored or sent as version {kind.version} keeps that shape for ever, so put the shape back and make a"
        f" new version: SCHEMA_VERSION = {kind.version + 1} on the type, an upcaster from ({kind.name!r}, {kind.version}) in {table} of"
        f" every service that reads it, then python -m termijn.testing.samples. (--force only if no release has stored it.)"
        for change in found
        if not change.is_readable
    ]


# -- The command -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was added or written anew, or, with ``problem``, one that was left as it is."""

    path: Path
    problem: str = ""


def write(shelf: Shelf, every: Sequence[Kind], *, schemas: bool = False, force: bool = False) -> Iterator[Written]:
    """Add what is missing; see the module for the two options."""
    for kind in every:
        sample, schema = shelf.sample(kind, kind.version), shelf.schema(kind, kind.version)
        if force or not sample.exists():
            yield from _put(sample, sample_text(kind))
        if force or not schema.exists():
            yield from _put(schema, schema_text(kind))
        elif schema.read_bytes() != schema_text(kind):
            before, today = msgspec.json.decode(schema.read_bytes()), schema_of(kind)
            if schemas and all(change.is_readable for change in changes(before, today, is_public=kind.is_public)):
                yield from _put(schema, schema_text(kind))
            else:
                yield from (Written(schema, problem) for problem in complaints(kind, before, today))


def _put(path: Path, content: bytes) -> Iterator[Written]:
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        yield Written(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit status 1 where a shape changed that must not."""
    parser = argparse.ArgumentParser(prog="python -m termijn.testing.samples", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--schemas", action="store_true", help="write schemas anew that only grew, or whose words changed")
    parser.add_argument("--force", action="store_true", help="write the present versions anew; never for what a release has stored")
    wanted = parser.parse_args(arguments)
    is_well = True
    for one in write(Shelf.of_repository(Path.cwd()), kinds(), schemas=wanted.schemas, force=wanted.force):
        print(one.problem or f"wrote {one.path}", file=sys.stderr if one.problem else sys.stdout)
        is_well = is_well and not one.problem
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
