"""The customers: thirty companies, what they order and change, and how they pay. All of it data; names and numbers are made up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from termijn.demo.bank_account import iban, vat_number
from termijn.demo.change import Cancel, Change, Scale
from termijn.demo.payer import AfterLetter, AlwaysLate, Behaviour, Bounces, InParts, NeverFirst, OnDay, Prompt
from termijn.demo.wishes import WISHES

FIRST_DAY = date(2026, 1, 1)
LAST_DAY = date(2026, 7, 1)
"""The story runs from the first to the last day, so that six months are billed."""

PROVIDER = "demo"
PBXES = ("pbx-amsterdam", "pbx-utrecht", "pbx-zwolle")
"""The telephone exchanges: each delivers its own call record files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A module ordered on a day. Lines are delivered, and start, on ``delivered_on``."""

    module_id: str
    tariff_id: str
    quantity: int
    ordered_on: date
    delivered_on: date | None = None
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One account. ``term_days`` is None for payers by debit, who are collected from."""

    account_id: str
    name: str
    city: str
    index: int
    language: Literal["nl", "en"]
    term_days: int | None
    behaviour: Behaviour
    orders: tuple[Order, ...]
    changes: tuple[Change, ...] = ()
    pbx: str | None = None
    profile: str = "local"
    is_b2b: bool = False

    @property
    def pays_by_debit(self) -> bool:
        """Whether it is collected from under a mandate."""
        return self.term_days is None

    @property
    def email(self) -> str:
        """Where invoices and letters go; the domain cannot exist."""
        return f"administratie@{self.account_id}.example"

    @property
    def street(self) -> str:
        """Street and number."""
        return f"{_STREETS[self.index % len(_STREETS)]} {3 + 7 * self.index}"

    @property
    def postcode(self) -> str:
        """A Dutch postcode."""
        return f"{1011 + 271 * self.index} {'ABCDEGHJKLMNPRSTVWXZ'[self.index % 20]}{'BDGHKLNPRSTVWXZ'[self.index % 15]}"

    @property
    def iban(self) -> str:
        """Its bank account."""
        return iban(self.index)

    @property
    def chamber_of_commerce(self) -> str:
        """Its number at the chamber of commerce."""
        return f"{61_200_000 + 137_911 * self.index:08d}"

    @property
    def vat_number(self) -> str:
        """Its VAT number."""
        return vat_number(self.index)


_STREETS = ("Dorpsstraat", "Havenkade", "Stationsweg", "Industrieweg", "Molenlaan", "Marktplein", "Kerkstraat", "Parallelweg")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A customer as it is written down here: modules as ``tariff:quantity`` words, extensions counted from ``first_extension``."""

    name: str
    city: str
    modules: str
    behaviour: Behaviour = field(default_factory=Prompt)
    term_days: int | None = None
    language: Literal["nl", "en"] = "nl"
    pbx: int | None = None
    profile: str = "local"
    is_b2b: bool = False
    scaling: str = ""
    cancelling: str = ""
    ordering: str = ""


_FEBRUARY, _MARCH, _APRIL = date(2026, 2, 12), date(2026, 3, 10), date(2026, 4, 15)

_ROWS: tuple[_Row, ...] = (
    _Row(name="Bakkerij van Dijk B.V.", city="Utrecht", modules="bellen-bundel:6 xdsl-100:1 werkplek:3", pbx=1),
    _Row(name="De Vries Installaties B.V.", city="Amersfoort", modules="bellen-bundel:14 glas-1000-36:1 beheer:12", pbx=1),
    _Row(name="Jansen Transport B.V.", city="Rotterdam", modules="bellen-seconde:12 glas-1000-12:1", pbx=0, profile="export"),
    _Row(name="Notariskantoor Smit", city="Haarlem", modules="bellen-limiet:8 suite:8 backup:1", pbx=0, profile="mobile"),
    _Row(name="Tandartspraktijk Mulder", city="Zwolle", modules="bellen-bundel:5 werkplek:5 spamfilter:5", pbx=2),
    _Row(name="Hoveniersbedrijf de Groot", city="Ede", modules="domein:1"),
    _Row(name="Bouwbedrijf Bos & Zonen B.V.", city="Apeldoorn", modules="werkplek:9 suite:9", scaling="werkplek:12", is_b2b=True),
    _Row(name="Vos Makelaardij B.V.", city="Amsterdam", modules="bellen-seconde:10 3cx:8", pbx=0, profile="mobile"),
    _Row(name="Peters Accountants B.V.", city="Arnhem", modules="werkplek:16 virusscanner:16", cancelling="werkplek"),
    _Row(name="Drukkerij Hendriks B.V.", city="Nijmegen", modules="glas-1000-36:1 hosting:2 domein:2", ordering="backup:1"),
    _Row(name="Van Leeuwen Logistiek B.V.", city="Venlo", modules="bellen-bundel:18 3cx:16", pbx=1, profile="export", is_b2b=True),
    _Row(name="Dekker Advocaten B.V.", city="Den Haag", modules="suite:11 backup:2 spamfilter:11"),
    _Row(name="Brouwer Techniek B.V.", city="Enschede", modules="bellen-limiet:9 xdsl-100:1", pbx=2, profile="export"),
    _Row(name="De Wit Schoonmaak B.V.", city="Almere", modules="bellen-seconde:2 werkplek:4 suite:4", pbx=2),
    _Row(name="Dijkstra Zuivel B.V.", city="Leeuwarden", modules="bellen-bundel:10 beheer:10", pbx=2),
    _Row(name="Smits Fietsen B.V.", city="Tilburg", modules="werkplek:3 hosting:1", behaviour=Bounces(reason_code="AM04")),
    _Row(name="De Graaf Catering B.V.", city="Leiden", modules="suite:5 werkplek:5", behaviour=Bounces(reason_code="AC04", nth=2)),
    _Row(
        name="Northsea Analytics B.V.",
        city="Amsterdam",
        modules="bellen-seconde:9 suite:20",
        term_days=30,
        language="en",
        pbx=0,
        profile="export",
    ),
    _Row(
        name="Canal House Hotels B.V.",
        city="Amsterdam",
        modules="bellen-bundel:12 glas-1000-12:1",
        term_days=30,
        language="en",
        pbx=0,
        profile="export",
    ),
    _Row(name="Kok Ingenieurs B.V.", city="Delft", modules="werkplek:22 beheer:22", term_days=30),
    _Row(name="Jacobs Bloemen B.V.", city="Aalsmeer", modules="bellen-seconde:7 xdsl-100:1", term_days=14, pbx=0, profile="export"),
    _Row(name="De Haan Metaal B.V.", city="Eindhoven", modules="glas-1000-36:1 backup:3", term_days=14, ordering="3cx:4"),
    _Row(
        name="Vermeulen Mode B.V.",
        city="Breda",
        modules="werkplek:7 virusscanner:7",
        term_days=14,
        behaviour=AfterLetter(step="reminder"),
    ),
    _Row(name="Van den Berg Verhuur B.V.", city="Gouda", modules="suite:9", term_days=14, behaviour=AfterLetter(step="second_reminder")),
    _Row(name="Schouten Interieur B.V.", city="Hoorn", modules="werkplek:6", term_days=14, behaviour=AfterLetter(step="formal_notice")),
    _Row(
        name="Willems Drankenhandel B.V.",
        city="Den Bosch",
        modules="suite:7 backup:1",
        term_days=14,
        behaviour=AfterLetter(step="final_demand"),
    ),
    _Row(name="Hoekstra Recycling B.V.", city="Groningen", modules="werkplek:5 hosting:1", term_days=14, behaviour=AlwaysLate()),
    _Row(name="Koster Evenementen B.V.", city="Hilversum", modules="suite:12 werkplek:2", term_days=14, behaviour=NeverFirst()),
    _Row(name="Prins Sanitair B.V.", city="Dordrecht", modules="werkplek:8", term_days=14, behaviour=OnDay(days_after_issue=59)),
    _Row(name="Blom Tuincentra B.V.", city="Zaandam", modules="suite:6 backup:1", term_days=14, behaviour=InParts()),
)

UNKNOWN_EXTENSION = "2999"
"""Nobody ever finds out whose this is: its calls stay in suspense."""

_LINES = ("glas-1000-36", "glas-1000-12", "xdsl-100")


def account_id_of(name: str) -> str:
    """The account id: the name without its legal form, in lower case with hyphens."""
    words = name.replace("B.V.", "").replace("&", "en").lower().split()
    return "-".join(words)


def _orders(row: _Row, account_id: str, *, first_extension: int) -> Iterator[Order]:
    for number, word in enumerate(row.modules.split()):
        tariff_id, _, quantity = word.partition(":")
        is_line, is_telephony = tariff_id in _LINES, tariff_id.startswith("bellen")
        yield Order(
            module_id=f"{account_id}-{tariff_id}",
            tariff_id=tariff_id,
            quantity=int(quantity),
            ordered_on=FIRST_DAY,
            delivered_on=date(2026, 1, 13 + number) if is_line else None,
            extensions=tuple(str(first_extension + n) for n in range(int(quantity))) if is_telephony else (),
        )
    if row.ordering:
        tariff_id, _, quantity = row.ordering.partition(":")
        yield Order(module_id=f"{account_id}-{tariff_id}", tariff_id=tariff_id, quantity=int(quantity), ordered_on=_APRIL)


def _changes(row: _Row, account_id: str) -> Iterator[Change]:
    if row.scaling:
        tariff_id, _, quantity = row.scaling.partition(":")
        yield Scale(on=_FEBRUARY, module_id=f"{account_id}-{tariff_id}", quantity=int(quantity))
    if row.cancelling:
        yield Cancel(on=_MARCH, module_id=f"{account_id}-{row.cancelling}")
    yield from WISHES.get(account_id, ())


def customers() -> tuple[Customer, ...]:
    """All thirty, in the order in which they are opened."""
    return tuple(_customer(index, row) for index, row in enumerate(_ROWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who takes part, and until when: all thirty for six months, or fewer for less where a test has no time."""

    customers: tuple[Customer, ...]
    last_day: date = LAST_DAY


def whole_world() -> World:
    """The demo as it is shown."""
    return World(customers=customers())


def _customer(index: int, row: _Row) -> Customer:
    account_id = account_id_of(row.name)
    return Customer(
        account_id=account_id,
        name=row.name,
        city=row.city,
        index=index,
        language=row.language,
        term_days=row.term_days,
        behaviour=row.behaviour,
        orders=tuple(_orders(row, account_id, first_extension=2001 + 30 * index)),
        changes=tuple(_changes(row, account_id)),
        pbx=None if row.pbx is None else PBXES[row.pbx],
        profile=row.profile,
        is_b2b=row.is_b2b,
    )
