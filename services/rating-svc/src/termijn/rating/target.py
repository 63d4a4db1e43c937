"""What should be billed, and what still has to be: target minus billed (USE-9, USE-11, INV-19).

A *target* is what an article of a module costs for one article period, by all that is known now. A closing bills the
difference between the targets and what earlier closings billed. So neither order nor lateness changes a total: whatever is
learnt later moves the target, and the next difference puts it right.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from termijn.events.rating import ChargeLine
from termijn.kernel.ids import ModuleId
from termijn.kernel.money import ZERO
from termijn.kernel.period import ArticlePeriod, Month
from termijn.kernel.tariff import Article, Tariff

Origin = Literal["usage", "recurring", "once", "minimum", "connect", "disconnect"]
UNDATED: tuple[Origin, ...] = ("once", "connect", "disconnect")
"""Billed once in a module's life: they are the same charge whatever day it is dated."""

Key = tuple[Origin, str, date, date]
"""What is one charge of a module: origin, article, first and last day of the article period (of undated ones a fixed day)."""


def shown(amount: Fraction) -> Decimal:
    """A quantity or unit price as a line shows it, with at most six decimals; no amount is ever computed from it."""
    return _trimmed(Decimal(round(amount * 1_000_000)).scaleb(-6))


def _trimmed(number: Decimal) -> Decimal:
    normal = number.normalize()
    return normal.quantize(Decimal(1)) if normal == normal.to_integral_value() else normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One charge as it should be. ``net`` in cents; ``quantity`` is charged units, weighted by days where it is a part period.

    ``served``: the days of the period that it is for, None where it is for all of them.
    """

    origin: Origin
    article: str
    title: str
    tariff: Tariff
    vat_rate: Decimal
    period: ArticlePeriod
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    kind: Literal["service", "telecom", "goods"] = "service"
    records: int = 0
    seconds: int = 0
    counts_to_minimum: bool = False
    counts_to_limit: bool = False
    served: ArticlePeriod | None = None

    @property
    def key(self) -> Key:
        """Which charge it is."""
        return key_of(self.origin, self.article, self.period.first, self.period.last)

    def priced(self, exact: Fraction, units: Fraction) -> "Target":
        """The same charge under the average price of its units, where they had several prices: a line's price explains its amount."""
        average = shown(exact / units) if units else self.unit_price
        return self if average == self.unit_price else replace(self, unit_price=average)

    def at(self, net: Decimal) -> "Target":
        """The same charge at another amount."""
        return replace(self, net=net)


def target_of(article: Article, tariff: Tariff, *, origin: Origin, period: ArticlePeriod, quantity: Decimal, net: Decimal) -> Target:
    """The target of an article, with everything that a line shows of it (CAT-4, INV-8)."""
    return Target(
        origin=origin,
        article=article.article_id,
        title=article.name_on_documents,
        tariff=tariff,
        vat_rate=tariff.vat_rate if article.vat_rate is None else article.vat_rate,
        period=period,
        quantity=quantity,
        unit=article.unit,
        unit_price=shown(Fraction(article.net_price) / Fraction(article.quantity)),
        net=net,
        kind=article.kind,
        counts_to_minimum=article.counts_to_minimum,
        counts_to_limit=article.counts_to_limit,
    )


def key_of(origin: Origin, article: str, first: date, last: date) -> Key:
    """Which charge a line or target is."""
    return (origin, article, date.min, date.min) if origin in UNDATED else (origin, article, first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What closings so far billed for one charge at one VAT rate: sums, and the last line of it for its words."""

    net: Decimal
    quantity: Decimal
    records: int
    seconds: int
    last: ChargeLine

    @property
    def key(self) -> Key:
        """Which charge it is."""
        return key_of(self.last.origin, self.last.article, self.last.period_from, self.last.period_until)


@dataclass(slots=True)
class _Ledger:
    """Billed amounts of one charge by VAT rate."""

    by_rate: dict[Decimal, Billed] = field(default_factory=dict)


def lines_due(module_id: ModuleId, closing: int, targets: Iterable[Target], billed: Iterable[Billed]) -> list[ChargeLine]:
    """Target minus billed, one line per charge (two where its VAT rate changed), in a fixed order (USE-9, INV-19).

    What was billed and is no target any more is credited. ``billed`` must hold every earlier line of the charges in view.
    """
    wanted = {target.key: target for target in targets}
    before: dict[Key, _Ledger] = {}
    for row in billed:
        rate = before.setdefault(row.key, _Ledger()).by_rate
        assert row.last.vat_rate not in rate, f"{row.key} was summed twice"
        rate[row.last.vat_rate] = row
    lines = []
    for key in sorted(wanted.keys() | before.keys()):
        lines += _lines_of(module_id, closing, wanted.get(key), before.get(key, _Ledger()).by_rate)
    return lines


def _lines_of(module_id: ModuleId, closing: int, target: Target | None, before: Mapping[Decimal, Billed]) -> list[ChargeLine]:
    lines = []
    for rate, row in sorted(before.items()):
        if target is None or rate != target.vat_rate:
            line = _credit(module_id, closing, row)
            lines += [line] if _says_something(line) else []
    if target is not None:
        line = _difference(module_id, closing, target, before.get(target.vat_rate), was_billed=bool(before))
        lines += [line] if _says_something(line) else []
    return lines


def _difference(module_id: ModuleId, closing: int, target: Target, before: Billed | None, *, was_billed: bool) -> ChargeLine:
    return ChargeLine(
        line_id=_line_id(module_id, target.origin, target.article, target.period, closing),
        article=target.article,
        title=target.title,
        origin=target.origin,
        kind=target.kind,
        revenue_group=target.tariff.revenue_group,
        ledger_account=target.tariff.ledger_account,
        period_from=target.period.first,
        period_until=target.period.last,
        quantity=_trimmed(target.quantity - (before.quantity if before else 0)),
        unit=target.unit,
        unit_price=target.unit_price,
        net=target.net - (before.net if before else ZERO),
        vat_rate=target.vat_rate,
        records=target.records - (before.records if before else 0),
        seconds=target.seconds - (before.seconds if before else 0),
        corrects=str(Month.of(target.period.first)) if was_billed else None,
        # What a correction is for is no one stretch of days.
        served_from=target.served.first if target.served is not None and not was_billed else None,
        served_until=target.served.last if target.served is not None and not was_billed else None,
    )


def _line_id(module_id: ModuleId, origin: Origin, article: str, period: ArticlePeriod, closing: int) -> str:
    """Both days of the period: where a tariff change makes months of quarters, a month and a quarter begin on the same day."""
    return f"{module_id}/{origin}/{article}/{period.first}..{period.last}/{closing}"


def _credit(module_id: ModuleId, closing: int, row: Billed) -> ChargeLine:
    """Takes back all that was billed for a charge at one VAT rate."""
    last = row.last
    period = ArticlePeriod(last.period_from, last.period_until)
    return ChargeLine(
        line_id=f"{_line_id(module_id, last.origin, last.article, period, closing)}/{last.vat_rate.normalize():f}",
        article=last.article,
        title=last.title,
        origin=last.origin,
        kind=last.kind,
        stream=last.stream,
        revenue_group=last.revenue_group,
        ledger_account=last.ledger_account,
        period_from=last.period_from,
        period_until=last.period_until,
        quantity=_trimmed(-row.quantity),
        unit=last.unit,
        unit_price=last.unit_price,
        net=-row.net if row.net else ZERO,
        vat_rate=last.vat_rate,
        records=-row.records,
        seconds=-row.seconds,
        corrects=str(Month.of(last.period_from)),
    )


def _says_something(line: ChargeLine) -> bool:
    """A line of no money still says which records it stands for (INV-17); one of no change says nothing."""
    return bool(line.net or line.records or line.seconds or (line.quantity and line.origin == "usage"))


def fold(lines: Sequence[ChargeLine]) -> list[Billed]:
    """What these lines billed together, by charge and VAT rate: the same sums that the read model keeps."""
    groups: dict[tuple[Key, Decimal], list[ChargeLine]] = {}
    for line in lines:
        key = key_of(line.origin, line.article, line.period_from, line.period_until)
        groups.setdefault((key, line.vat_rate), []).append(line)
    return [
        Billed(
            net=sum((line.net for line in group), start=ZERO),
            quantity=sum((line.quantity for line in group), start=Decimal(0)),
            records=sum(line.records for line in group),
            seconds=sum(line.seconds for line in group),
            last=group[-1],
        )
        for group in groups.values()
    ]
