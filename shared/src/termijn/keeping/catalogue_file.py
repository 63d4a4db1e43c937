"""A whole catalogue as files for version control: YAML, with the rate decks as CSV beside it (CAT-5, CAT-9).

Articles and tariffs show what is not the default; notice rules of a provider's own making stand once and are named by tariffs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from termijn.contracts.deck_file import canonical, read
from termijn.contracts.errors import BadDeck
from termijn.contracts.indexation_policy import Indexing
from termijn.contracts.policy import Policy
from termijn.keeping.catalogue_yaml import Lines, NoCatalogueFile, dump, line_of, parse
from termijn.kernel import notice
from termijn.kernel.errors import InvalidInput
from termijn.kernel.tariff import Article, NoticeRule, Tariff

HEADER = """\
# A catalogue of Termijn: what it sells, by version control. Bring it back with: termijn import catalogue THIS-FILE
# It first shows what would change. Amounts are net euros; what is left out is the default.
"""
PARTS = ("policy", "indexing", "notice_rules", "decks", "tariffs")
DECKS_FOLDER = "decks"
_DECK_KEYS = {"deck_id", "valid_from", "file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """What a file says: the body of a request without the rows of its decks, those rows by deck id, and where everything stands."""

    name: str
    body: dict[str, Any]
    rows: dict[str, bytes] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)

    def where(self, path: str) -> str:
        """ "catalogue.yaml:12" for a path into the body."""
        return f"{self.name}:{line_of(self.lines, path)}"

    def request(self, known: Mapping[str, str]) -> dict[str, Any]:
        """The body to send; decks whose rows are there already (``known``: their hashes) are named by their hash."""
        decks = []
        for deck in self.body["decks"]:
            rows = self.rows[deck["deck_id"]]
            sha256 = hashlib.sha256(rows).hexdigest()
            is_known = known.get(deck["deck_id"]) == sha256
            decks.append({**deck, "sha256": sha256} if is_known else {**deck, "csv": rows.decode()})
        return {**self.body, "decks": decks}


# -- Reading ---------------------------------------------------------------------------------------------------------


def read_file(file: Path) -> CatalogueFile:
    """Read the file and the decks beside it. Raises ``NoCatalogueFile`` with file and line for what needs no server to be wrong."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NoCatalogueFile(where=str(file), reason=f"cannot be read: {error.strerror}") from None
    return read_text(content, name=str(file), folder=file.parent)


def read_text(content: bytes, *, name: str, folder: Path) -> CatalogueFile:
    """As ``read_file``, of what is in the file."""
    data, lines = parse(content, name=name)
    if not isinstance(data, dict):
        raise NoCatalogueFile(where=f"{name}:1", reason=f"has none of {', '.join(PARTS)}")
    for part in data:
        if part not in PARTS:
            raise NoCatalogueFile(where=f"{name}:{lines[part]}", reason=f"{part} is none of {', '.join(PARTS)}")
    reader = _Reader(name, lines, folder)
    rules = reader.rules(data.get("notice_rules"))
    decks, rows = reader.decks(data.get("decks"))
    tariffs = [reader.tariff(one, rules, f"tariffs.{index}") for index, one in enumerate(reader.items(data.get("tariffs"), "tariffs"))]
    body: dict[str, Any] = {"decks": decks, "tariffs": tariffs}
    body |= {part: data[part] for part in ("policy", "indexing") if data.get(part) is not None}
    return CatalogueFile(name=name, body=body, rows=rows, lines=lines)


class _Reader:
    """The parts of one file."""

    def __init__(self, name: str, lines: Lines, folder: Path) -> None:
        self._name = name
        self._lines = lines
        self._folder = folder

    def items(self, part: Any, path: str) -> Sequence[Any]:
        """A list; nothing is an empty one."""
        if part is not None and not isinstance(part, list):
            raise self._wrong(path, "is a list")
        return part or []

    def rules(self, part: Any) -> dict[str, dict[str, Any]]:
        """Notice rules of the provider's own making, by name; the names that everybody knows stay what they are (CAT-25)."""
        if part is not None and not isinstance(part, dict):
            raise self._wrong("notice_rules", "is a rule by name")
        found = {}
        for name, rule in (part or {}).items():
            path = f"notice_rules.{name}"
            if not isinstance(rule, dict) or "name" in rule:
                raise self._wrong(path, "is the rule's data, without its name")
            if _is_known(name):
                raise self._wrong(path, f"{name} is a rule that everybody knows; give yours another name")
            found[name] = {"name": name, **rule}
        return found

    def decks(self, part: Any) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
        """Decks with the rows of their files, read and checked here: a bad row is told with the CSV's name (CAT-9)."""
        decks, rows = [], {}
        for index, deck in enumerate(self.items(part, "decks")):
            path = f"decks.{index}"
            if not isinstance(deck, dict) or set(deck) != _DECK_KEYS or not all(isinstance(value, str) for value in deck.values()):
                raise self._wrong(path, "has deck_id, valid_from and file, and nothing else")
            decks.append({"deck_id": deck["deck_id"], "valid_from": deck["valid_from"]})
            rows[deck["deck_id"]] = self._deck(deck["file"], f"{path}.file")
        return decks, rows

    def _deck(self, name: str, path: str) -> bytes:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise self._wrong(path, f"{name} does not lie beside the catalogue")
        try:
            return canonical(read((self._folder / name).read_bytes()))
        except OSError as error:
            raise self._wrong(path, f"{name} cannot be read: {error.strerror}") from None
        except BadDeck as refused:
            first = refused.errors[0]
            reason = f"{first['field']}: {first['detail']} ({refused.facts['bad_rows']} bad rows in all)"
            raise NoCatalogueFile(where=str(self._folder / name), reason=reason, errors=refused.errors) from None

    def tariff(self, one: Any, rules: Mapping[str, dict[str, Any]], path: str) -> Any:
        """The tariff with its rules in the place of their names; whatever else is wrong, the server says."""
        if not isinstance(one, dict):
            raise self._wrong(path, "is a tariff")
        articles = one.get("articles")
        if isinstance(articles, list):
            articles = [_with_rule(article, rules) for article in articles]
        return _with_rule({**one, "articles": articles} if articles is not None else one, rules)

    def _wrong(self, path: str, reason: str) -> NoCatalogueFile:
        return NoCatalogueFile(where=f"{self._name}:{line_of(self._lines, path)}", reason=f"{path}: {reason}")


def _with_rule(one: Any, rules: Mapping[str, dict[str, Any]]) -> Any:
    if isinstance(one, dict) and isinstance(one.get("notice"), str) and one["notice"] in rules:
        return {**one, "notice": rules[one["notice"]]}
    return one


def _is_known(name: str) -> bool:
    try:
        notice.named(name)
    except InvalidInput:
        return False
    return True


# -- Writing ---------------------------------------------------------------------------------------------------------


def written(catalogue: Mapping[str, Any]) -> str:
    """The YAML of a catalogue as the server tells it. The same catalogue is the same text."""
    tariffs = sorted(catalogue["tariffs"], key=lambda one: str(one["tariff_id"]))
    rules = _OwnRules()
    indexing = msgspec.convert(catalogue["indexing"] or {}, Indexing)
    data: dict[str, Any] = {"policy": _plain(msgspec.convert(catalogue["policy"], Policy))}
    if indexing != Indexing():
        data["indexing"] = _without_nulls(_plain(indexing))
    told = [_tariff(one, rules) for one in tariffs]
    if rules.named:
        data["notice_rules"] = rules.named
    if catalogue["decks"]:
        decks = sorted(catalogue["decks"], key=lambda deck: str(deck["deck_id"]))
        data["decks"] = [
            {"deck_id": deck["deck_id"], "valid_from": deck["valid_from"], "file": deck_file(deck["deck_id"])} for deck in decks
        ]
    if told:
        data["tariffs"] = told
    return HEADER + dump(data)


def deck_file(deck_id: str) -> str:
    """Where the rows of a deck lie, beside the catalogue."""
    return f"{DECKS_FOLDER}/{deck_id}.csv"


class _OwnRules:
    """Notice rules that need their data written: once, where one name means one rule."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {}

    def told(self, rule: NoticeRule) -> Any:
        """The name of the rule, or its data where the name alone would mean another rule."""
        data = _fields(rule)
        name = data.pop("name")
        if _is_known(rule.name):
            return name if notice.named(rule.name) == rule else {"name": name, **data}
        return name if self.named.setdefault(name, data) == data else {"name": name, **data}


def _tariff(plain: Mapping[str, Any], rules: _OwnRules) -> dict[str, Any]:
    tariff = msgspec.convert({**plain, "version": 0, "orders_from": None}, Tariff)
    told = _fields(tariff, leave_out=("version", "orders_from", "notice", "articles"))
    articles = [_article(article, rules) for article in tariff.articles]
    first = {name: told.pop(name) for name in ("tariff_id", "title", "module")}
    return {**first, "notice": rules.told(tariff.notice), "orders_from": plain["orders_from"], **told, "articles": articles}


def _article(article: Article, rules: _OwnRules) -> dict[str, Any]:
    told = _fields(article, leave_out=("notice",))
    if article.notice is not None:
        told["notice"] = rules.told(article.notice)
    return told


def _fields(value: msgspec.Struct, leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """What is not the default, in the order of the fields, as YAML says it."""
    told = {}
    for one in msgspec.structs.fields(value):
        now = getattr(value, one.name)
        if one.name not in leave_out and (one.required or now != one.default):
            told[one.encode_name] = _plain(now)
    return told


def _plain(value: Any) -> Any:
    """A whole amount is a whole number, for a text of digits would need quotes; cents keep their zeros."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, msgspec.Struct):
        return {one.encode_name: _plain(getattr(value, one.name)) for one in msgspec.structs.fields(value)}
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value
