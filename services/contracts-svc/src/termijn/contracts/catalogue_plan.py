"""What importing a catalogue would change: new, changed field by field, unchanged, gone (CAT-5, CAT-7). Pure."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from termijn.contracts.indexation_policy import Indexing
from termijn.contracts.indexing import check_policy
from termijn.contracts.policy import Policy
from termijn.contracts.tariff_check import Fault, faults_of
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import DeckId, TariffId
from termijn.kernel.tariff import Tariff

# -- What a catalogue is ---------------------------------------------------------------------------------------------


class TariffEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a tariff that was published last. ``orders_from`` None: as it is, or today for a new one."""

    tariff: Tariff
    orders_from: date | None = None


class DeckEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a rate deck; its rows by their hash."""

    deck_id: DeckId
    valid_from: date
    sha256: str
    rows: int


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All that a provider sells. Policy and indexing None: they stay as they are."""

    policy: Policy | None = None
    indexing: Indexing | None = None
    decks: tuple[DeckEntry, ...] = ()
    tariffs: tuple[TariffEntry, ...] = ()


# -- What would change -----------------------------------------------------------------------------------------------


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field: its path (articles by their id), and its value before and after as text; None where it is not there."""

    path: str
    old: str | None
    new: str | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of the catalogue. What is gone from the file stays as it is: published versions are never removed."""

    kind: Literal["policy", "indexing", "deck", "tariff"]
    id: str
    change: Literal["new", "changed", "unchanged", "gone"]
    fields: tuple[FieldChange, ...] = ()


def plan(present: Catalogue, wanted: Catalogue) -> tuple[Change, ...]:
    """What importing ``wanted`` would do, thing by thing: settings, then decks, then tariffs, each by id."""
    changes: list[Change] = []
    if wanted.policy is not None:
        changes.append(_change("policy", "policy", present.policy or Policy(), wanted.policy))
    if wanted.indexing is not None:
        changes.append(_change("indexing", "indexing", present.indexing or Indexing(), wanted.indexing))
    decks = {deck.deck_id: deck for deck in present.decks}, {deck.deck_id: deck for deck in wanted.decks}
    changes += [_change("deck", deck_id, decks[0].get(deck_id), decks[1].get(deck_id)) for deck_id in sorted(decks[0] | decks[1])]
    before = {one.tariff.tariff_id: one for one in present.tariffs}
    after = {one.tariff.tariff_id: _dated(one, before.get(one.tariff.tariff_id)) for one in wanted.tariffs}
    changes += [_change("tariff", tariff_id, before.get(tariff_id), after.get(tariff_id)) for tariff_id in sorted(before | after)]
    return tuple(changes)


def digest_of(changes: Sequence[Change]) -> str:
    """A short name of a plan: what is applied must be what was shown."""
    return hashlib.sha256(msgspec.json.encode(changes)).hexdigest()[:16]


def _dated(one: TariffEntry, before: TariffEntry | None) -> TariffEntry:
    if one.orders_from is not None or before is None:
        return one
    return msgspec.structs.replace(one, orders_from=before.orders_from)


def _change(kind: Any, thing: str, old: msgspec.Struct | None, new: msgspec.Struct | None) -> Change:
    if new is None:
        return Change(kind=kind, id=thing, change="gone")
    if old is None:
        return Change(kind=kind, id=thing, change="new")
    fields = tuple(_differences(old, new))
    return Change(kind=kind, id=thing, change="changed" if fields else "unchanged", fields=fields)


_GIVEN_BY_THE_CATALOGUE = {"tariff.version", "tariff.orders_from"}
"""Not part of what a file says of a tariff."""


def _differences(old: msgspec.Struct, new: msgspec.Struct) -> Iterator[FieldChange]:
    before, after = dict(_leaves("", old)), dict(_leaves("", new))
    for path in [*before, *(path for path in after if path not in before)]:
        one, other = before.get(path), after.get(path)
        if path not in _GIVEN_BY_THE_CATALOGUE and one != other:
            yield FieldChange(path=path.removeprefix("tariff."), old=_said(one), new=_said(other))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value with its path. What has an id stands under it, so that a new article at the top is one change, not many."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _leaves(f"{path}.{name}" if path else name, getattr(value, name))
    elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        keys = [_key(one, index) for index, one in enumerate(value)]
        yield f"{path}.order", tuple(keys)
        for key, one in zip(keys, value, strict=True):
            yield from _leaves(f"{path}.{key}", one)
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _leaves(f"{path}.{key}", value[key])
    else:
        yield path, value


def _key(one: msgspec.Struct, index: int) -> str:
    for name in ("article_id", "name", "period"):
        if name in one.__struct_fields__:
            return str(getattr(one, name))
    return str(index)


def _said(value: Any) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(str(_said(one)) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return None if value is None else str(value)


# -- What would be refused -------------------------------------------------------------------------------------------


def faults(present: Catalogue, wanted: Catalogue, *, named_decks: Collection[str] = ()) -> list[Fault]:
    """Everything that is wrong with what is wanted, with paths into it (CAT-7); none where it can be applied as a whole.

    ``named_decks``: those that were sent, also where their rows are no good: a tariff that names one is not wrong for that.
    """
    policy = wanted.policy or present.policy or Policy()
    kinds = {one.tariff.tariff_id: one.tariff.module for one in present.tariffs}
    decks = {*(deck.deck_id for deck in (*present.decks, *wanted.decks)), *named_decks}
    found: list[Fault] = [*_indexing_faults(wanted.indexing), *_twice("decks", "deck_id", [deck.deck_id for deck in wanted.decks])]
    found += _twice("tariffs", "tariff_id", [one.tariff.tariff_id for one in wanted.tariffs])
    for index, one in enumerate(wanted.tariffs):
        kind = kinds.get(TariffId(one.tariff.tariff_id))
        wrong = faults_of(one.tariff, vat_rates=policy.vat_rates, deck_exists=one.tariff.deck_id in decks, kind=kind)
        found += [(f"tariffs.{index}.{path}", reason) for path, reason in wrong]
    return found


def _indexing_faults(indexing: Indexing | None) -> Iterator[Fault]:
    if indexing is None:
        return
    try:
        check_policy(indexing.policy, indexing.indices, field="policy")
    except InvalidInput as refused:
        yield f"indexing.{refused.field}", str(refused.facts["reason"])


def _twice(path: str, field: str, ids: Sequence[str]) -> Iterator[Fault]:
    for index, one in enumerate(ids):
        if one in ids[:index]:
            yield f"{path}.{index}.{field}", f"{one} is there twice"
