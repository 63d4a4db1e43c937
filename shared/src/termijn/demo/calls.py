"""The calls of six months, made up from a seed, and the files in which 3CX exchanges deliver them.

Real files are ugly, and so are these: unanswered, internal and incoming legs, lines that come twice in a file or again in the
next, display names in Latin-1 where UTF-8 was promised, extensions that nobody knows, and a file that comes days late.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import exp
from random import Random
from typing import Literal

from termijn.demo.population import FIRST_DAY, LAST_DAY, PBXES, UNKNOWN_EXTENSION, Customer
from termijn.demo.wishes import FORGOTTEN_EXTENSION, FORGOTTEN_OF
from termijn.kernel.calendar import is_working_day

Kind = Literal["outgoing", "unanswered", "internal", "incoming", "missed"]

CALLS_PER_EXTENSION_AND_DAY = 2.05
"""Mean over a working day, all kinds together; a weekend has a twentieth."""
INSIDE, OUTSIDE = "Internal", "External"
"""Party types, as the files write them."""
DUPLICATE_SHARE = 0.006
"""Of the lines of a file, how many are in it twice."""
OVERLAP_LINES = 12
"""So many last lines of a file come again at the head of the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeg:
    """One line to be. Times are Amsterdam wall clock without zone, as an exchange writes them."""

    kind: Kind
    pbx: str
    extension: str
    other: str
    started_at: datetime
    ringing_seconds: int
    seconds: int
    name: str

    @property
    def ended_at(self) -> datetime:
        """When it was hung up, answered or not."""
        return self.started_at + timedelta(seconds=self.ringing_seconds + self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFile:
    """One delivery of an exchange: the calls that ended in ``days``, handed over on the night of ``delivered_on``."""

    pbx: str
    name: str
    delivered_on: date
    content: bytes


_DUTCH = ("20n", "10n", "30n", "70n", "40n", "50n", "38n", "33n", "13n", "24n", "26n", "318n", "341n", "523n", "297n", "85n", "88n")
_DESTINATIONS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "fixed": tuple(("31", area.ljust(9, "x"), 1) for area in _DUTCH),
    "mobile": tuple(("31", f"6{first}xxxxxxx", 1) for first in "12345"),
    "service": (("31", "800xxxx", 3), ("31", "900xxxx", 2), ("31", "909xxxx", 1)),
    "neighbour": (
        ("49", "30nxxxxxx", 3),
        ("49", "211nxxxxxx", 3),
        ("49", "1512xxxxxxx", 3),
        ("32", "2nxxxxxx", 2),
        ("32", "47xxxxxxx", 2),
        ("44", "207nxxxxxx", 2),
        ("44", "7533xxxxxx", 1),
        ("33", "1nxxxxxxx", 2),
        ("33", "612xxxxxx", 1),
        ("352", "26xxxxxx", 1),
    ),
    "world": (
        ("1", "212555nxxx", 4),
        ("34", "91nxxxxxx", 3),
        ("39", "06nxxxxxxx", 2),
        ("48", "22nxxxxxx", 3),
        ("90", "212nxxxxxx", 2),
        ("86", "21nxxxxxxx", 1),
        ("91", "22nxxxxxxx", 1),
        ("27", "21nxxxxxx", 1),
        ("597", "4nxxxx", 1),
    ),
}
"""Country code, national number and weight; x is any digit, n one of 2 to 7."""

_PROFILES: dict[str, tuple[tuple[str, int], ...]] = {
    "local": (("fixed", 62), ("mobile", 33), ("service", 2), ("neighbour", 3)),
    "mobile": (("fixed", 36), ("mobile", 60), ("service", 1), ("neighbour", 3)),
    "export": (("fixed", 38), ("mobile", 26), ("service", 1), ("neighbour", 27), ("world", 8)),
}
"""How many of a hundred calls go where."""

_KINDS: tuple[tuple[Kind, int], ...] = (("outgoing", 68), ("unanswered", 9), ("internal", 6), ("incoming", 12), ("missed", 5))
_FIRST_NAMES = ("Anna", "Bram", "Chantal", "Daan", "Eva", "Fleur", "Gijs", "Hugo", "José", "René", "Zoë", "Karin", "Loïs")


def legs(customers: Sequence[Customer], *, seed: int) -> list[CallLeg]:
    """Every call leg of the story, by end time.

    Each customer and day has its own random source, so that one more customer changes no other's calls.
    """
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days)]
    made = [leg for customer in customers if customer.pbx for day in days for leg in _legs_of(customer, day, seed=seed)]
    return sorted(made, key=lambda leg: (leg.ended_at, leg.pbx, leg.extension, leg.started_at))


def _legs_of(customer: Customer, day: date, *, seed: int) -> Iterator[CallLeg]:
    source = Random(f"{seed}/{customer.account_id}/{day}")
    extensions = [extension for order in customer.orders for extension in order.extensions]
    mean = CALLS_PER_EXTENSION_AND_DAY * len(extensions) * (1.0 if is_working_day(day) else 0.05)
    for _ in range(_poisson(source, mean)):
        yield _leg(source, customer, source.choice(extensions), extensions, day)
    if customer.account_id == FORGOTTEN_OF and is_working_day(day):
        yield _leg(source, customer, FORGOTTEN_EXTENSION, extensions, day, kind="outgoing")
        if day.day % 7 == 0:
            yield _leg(source, customer, UNKNOWN_EXTENSION, extensions, day, kind="outgoing")


def _leg(source: Random, customer: Customer, extension: str, extensions: Sequence[str], day: date, *, kind: Kind | None = None) -> CallLeg:
    chosen = kind or source.choices([k for k, _ in _KINDS], [weight for _, weight in _KINDS])[0]
    is_answered = chosen in {"outgoing", "internal", "incoming"}
    assert customer.pbx is not None
    return CallLeg(
        kind=chosen,
        pbx=customer.pbx,
        extension=extension,
        other=_other_extension(source, extension, extensions) if chosen == "internal" else _number(source, customer.profile, chosen),
        started_at=datetime.combine(day, time(8)) + timedelta(seconds=int(source.triangular(0, 10 * 3600, 3 * 3600))),
        ringing_seconds=source.randint(2, 25),
        seconds=min(5400, 3 + int(exp(source.gauss(4.4, 1.0)))) if is_answered else 0,
        name=source.choice(_FIRST_NAMES),
    )


def _poisson(source: Random, mean: float) -> int:
    """A Poisson number by multiplying uniforms (Knuth), in steps so that a large mean does not underflow."""
    count = 0
    while mean > 0:
        step, mean = min(mean, 30.0), mean - 30.0
        limit, product = exp(-step), source.random()
        while product > limit:
            count += 1
            product *= source.random()
    return count


def _other_extension(source: Random, extension: str, extensions: Sequence[str]) -> str:
    return source.choice([other for other in extensions if other != extension] or [extension])


def _number(source: Random, profile: str, kind: Kind) -> str:
    """The number at the other end, dialled in one of the ways in which people dial, or as a carrier shows it."""
    groups = _PROFILES[profile if kind in {"outgoing", "unanswered"} else "local"]
    group = source.choices([g for g, _ in groups], [weight for _, weight in groups])[0]
    choices = _DESTINATIONS[group]
    country, pattern, _ = source.choices(choices, [weight for _, _, weight in choices])[0]
    national = "".join({"x": str(source.randint(0, 9)), "n": str(source.randint(2, 7))}.get(character, character) for character in pattern)
    if kind in {"incoming", "missed"}:
        return f"+{country}{national}"
    if country == "31":
        return f"+31{national}" if group != "service" and source.random() < 0.3 else f"0{national}"
    return f"+{country}{national}" if source.random() < 0.5 else f"00{country}{national}"


def files(customers: Sequence[Customer], *, seed: int) -> list[CallFile]:
    """All deliveries in the order in which they are made: weekly and at each month end, in the following night; one of them late."""
    made = legs(customers, seed=seed)
    deliveries = [file for number, pbx in enumerate(PBXES) for file in _files_of(pbx, number, made, seed=seed)]
    return sorted(deliveries, key=lambda file: (file.delivered_on, file.name))


LATE_FILE = ("pbx-utrecht", date(2026, 2, 28), date(2026, 3, 4))
"""The exchange whose file up to that day came days late: after the closing of February (USE-9)."""


def _cuts() -> list[date]:
    """The last days of the files: every Sunday and every month end."""
    days = (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days))
    return [day for day in days if day.isoweekday() == 7 or (day + timedelta(days=1)).day == 1]


def _files_of(pbx: str, number: int, made: Sequence[CallLeg], *, seed: int) -> Iterator[CallFile]:
    source = Random(f"{seed}/{pbx}/files")
    own = [leg for leg in made if leg.pbx == pbx]
    lines = [line(leg, serial=1000 * (number + 1) + serial) for serial, leg in enumerate(own)]
    start, before = 0, list[bytes]()
    for cut in _cuts():
        end = start
        while end < len(own) and own[end].ended_at.date() <= cut:
            end += 1
        new = lines[start:end]
        content = b"".join(before + list(_with_duplicates(new, source)))
        is_late = (pbx, cut) == LATE_FILE[:2]
        delivered_on = LATE_FILE[2] if is_late else cut + timedelta(days=1)
        yield CallFile(pbx=pbx, name=f"{pbx}-{cut:%Y%m%d}.cdr", delivered_on=delivered_on, content=content)
        start, before = end, new[-OVERLAP_LINES:]


def _with_duplicates(lines: Iterable[bytes], source: Random) -> Iterator[bytes]:
    for each in lines:
        yield each
        if source.random() < DUPLICATE_SHARE:
            yield each


Party = tuple[str, str, str]
"""How a line names one side of a call: number, internal number, type."""


def line(leg: CallLeg, *, serial: int) -> bytes:
    """The leg as 3CX writes it: 27 fields, among them ``callid``, times as ``YYYY/MM/DD HH:MM:SS``, party types near the end."""
    is_answered = leg.seconds > 0
    answered_at = leg.started_at + timedelta(seconds=leg.ringing_seconds)
    source, target = _parties(leg)
    fields = (
        *(f"Call {serial}", f"{0x19A00000000 + serial * 7919:016X}_{serial}"),
        *(_clock(leg.seconds) if is_answered else "", _stamp(leg.started_at)),
        *(_stamp(answered_at) if is_answered else "", _stamp(leg.ended_at), _reason(leg, serial)),
        *(source[0], target[0], source[1], target[1]),
        leg.other if source[2] == INSIDE else "+31880000000",  # dialled
        *("" if is_answered else "NoAnswer", target[0] if is_answered else "", target[1] if is_answered else ""),
        *("", "", "", ""),  # billing code, rate, cost, name
        f"Chain: {source[0]};{target[0]};",
        *(source[2], target[2], target[2] if is_answered else ""),
        *(leg.name if source[2] == INSIDE else "", leg.name if source[2] == OUTSIDE else "", "", ""),
    )
    # Exchanges promise UTF-8 and write display names in the code page of the day; those bytes are no UTF-8.
    return ",".join(fields).encode("latin-1" if serial % 2 else "utf-8") + b"\r\n"


def _parties(leg: CallLeg) -> tuple[Party, Party]:
    """Who called and who was called; numbers outside are reached over the trunk 10000."""
    inside, outside = (f"Ext.{leg.extension}", leg.extension, INSIDE), (leg.other, "10000", OUTSIDE)
    if leg.kind == "internal":
        return inside, (f"Ext.{leg.other}", leg.other, INSIDE)
    return (outside, inside) if leg.kind in {"incoming", "missed"} else (inside, outside)


def _reason(leg: CallLeg, serial: int) -> str:
    if leg.seconds == 0:
        return "NoAnswer" if leg.kind == "missed" else "TerminatedBySrc"
    return "TerminatedByDst" if serial % 3 else "TerminatedBySrc"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y/%m/%d %H:%M:%S}"
