"""What changed between two JSON Schemas of one type, and whether whoever knows the old one can go on (API-3).

Titles and descriptions are words, not shape, and do not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_WORDS = {"title", "description"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``place`` is the path of the field ("facts.terms"). ``is_readable``: old data and, of public types, old listeners go on."""

    place: str
    what: str
    is_readable: bool

    def __str__(self) -> str:
        return f"{self.place or 'the whole'} {self.what}"


def changes(old: Schema, new: Schema, *, is_public: bool) -> list[Change]:
    """Everything that differs, in order.

    Always readable: an added field with a default. Of private types, which only their own service reads and only ever new code
    over old data, also what takes more than before: another choice, None, a choice of types.
    """
    return list(_compare(_shape(old, _definitions(old)), _shape(new, _definitions(new)), "", is_public=is_public))


def _definitions(document: Schema) -> Schema:
    found: Schema = document.get("$defs", {})
    return found


def _shape(schema: Schema, definitions: Schema) -> dict[str, Any]:
    """The schema without words and with every reference filled in, so that renaming a part is no change."""
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].removeprefix("#/$defs/")], **{key: schema[key] for key in schema if key == "default"}}
    shape: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _WORDS or key.startswith("$"):
            continue
        if key == "properties":
            shape[key] = {name: _shape(inner, definitions) for name, inner in value.items()}
        elif key == "anyOf":
            shape[key] = [_shape(inner, definitions) for inner in value]
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            shape[key] = _shape(value, definitions)
        else:
            shape[key] = value
    return shape


def _compare(old: Schema, new: Schema, place: str, *, is_public: bool) -> Iterator[Change]:
    if old == new:
        return
    if old.get("default", _compare) != new.get("default", _compare):
        yield Change(place=place, what=f"has {_default(new)}, it was {_default(old)}", is_readable=False)
    before, after = _alternatives(old), _alternatives(new)
    gone = [one for one in before if one not in after]
    come = [one for one in after if one not in before]
    if len(gone) == len(come) == 1:
        yield from _compare_one(gone[0], come[0], place, is_public=is_public)
    elif gone:
        yield Change(place=place, what=f"is {_named(after)}, it was {_named(before)}", is_readable=False)
    elif come:
        yield Change(place=place, what=f"may also be {_named(come)}", is_readable=not is_public)


def _compare_one(old: Schema, new: Schema, place: str, *, is_public: bool) -> Iterator[Change]:
    if "properties" in old and "properties" in new:
        yield from _compare_fields(old, new, place, is_public=is_public)
    elif isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
        yield from _compare(old["items"], new["items"], f"{place}[]", is_public=is_public)
    elif isinstance(old.get("additionalProperties"), Mapping) and isinstance(new.get("additionalProperties"), Mapping):
        yield from _compare(old["additionalProperties"], new["additionalProperties"], f"{place}{{}}", is_public=is_public)
    elif "enum" in old and "enum" in new and set(old["enum"]) < set(new["enum"]):
        added = ", ".join(sorted(set(new["enum"]) - set(old["enum"])))
        yield Change(place=place, what=f"may also be {added}", is_readable=not is_public)
    else:
        yield Change(place=place, what=f"is {_named([new])}, it was {_named([old])}", is_readable=False)


def _compare_fields(old: Schema, new: Schema, place: str, *, is_public: bool) -> Iterator[Change]:
    before, after = old["properties"], new["properties"]
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    # A struct that forbids unknown fields makes old listeners refuse what is new in it.
    is_open = old.get("additionalProperties") is not False or not is_public
    for name in (*before, *(added for added in after if added not in before)):
        inner = f"{place}.{name}" if place else name
        if name not in after:
            yield Change(place=inner, what="is gone", is_readable=False)
        elif name not in before:
            has_default = name not in needed_after
            what = "is new" if has_default else "is new and has no default"
            yield Change(place=inner, what=what, is_readable=has_default and is_open)
        else:
            if (name in needed_before) != (name in needed_after):
                what = "must be there now" if name in needed_after else "may be left out now"
                yield Change(place=inner, what=what, is_readable=False)
            yield from _compare(before[name], after[name], inner, is_public=is_public)
    if old.get("additionalProperties") != new.get("additionalProperties"):
        yield Change(place=place, what="takes other unknown fields than before", is_readable=False)


def _alternatives(schema: Schema) -> list[Schema]:
    plain = {key: value for key, value in schema.items() if key != "default"}
    return list(plain["anyOf"]) if "anyOf" in plain else [plain]


def _default(schema: Schema) -> str:
    return f"the default {schema['default']!r}" if "default" in schema else "no default"


def _named(alternatives: Sequence[Schema]) -> str:
    """In words that fit in a message."""
    words = []
    for one in alternatives:
        limits = "".join(f" {key} {value}" for key, value in one.items() if key not in ("type", "properties", "required", "enum", "items"))
        words.append(f"one of {', '.join(map(str, one['enum']))}" if "enum" in one else f"{one.get('type', 'anything')}{limits}")
    return " or ".join(words)
