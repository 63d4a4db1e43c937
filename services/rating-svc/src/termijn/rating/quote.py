"""What a month of use would cost under a tariff: the rules that closings decide with, without an account (CON-13, INV-16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from termijn.kernel.ids import ModuleId
from termijn.kernel.money import ZERO, vat_of
from termijn.kernel.period import Month
from termijn.kernel.tariff import Tariff
from termijn.rating.charge import targets_due
from termijn.rating.policy import Policy
from termijn.rating.target import Target
from termijn.rating.timeline import begin
from termijn.rating.usage import Use
from termijn.rating.use import Decks, Records, rate_use


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Lines in cents, their sums, and which records wait and why: (id, reason), in order of start."""

    lines: tuple[Target, ...]
    net: Decimal
    vat: Decimal
    suspense: tuple[tuple[str, str], ...]

    @property
    def gross(self) -> Decimal:
        """Net and VAT."""
        return self.net + self.vat


def quote(tariff: Tariff, uses: Sequence[Use], decks: Decks, month: Month, *, quantity: int = 1, starts_on: date | None = None) -> Quote:
    """The lines of one module for one month: its use, and the fees of article periods that start (or, in arrears, end) in it.

    The module runs since ``starts_on``, by default the first of the month's year. Use of other months is not looked at; the
    same source and id twice counts once. VAT is computed per rate on the sums (INV-8).
    """
    distinct = {use.identity: use for use in uses if Month.of(use.day) == month}
    ordered = sorted(distinct.values(), key=lambda use: (use.started_at, *use.identity))
    since = starts_on or date(month.year, 1, 1)
    timeline = begin(ModuleId("quote"), tariff, quantity=quantity, starts_on=since, options=())
    used = rate_use(timeline, columns(ordered), decks, month=month, since=month.first)
    lines = [t for t in targets_due(timeline, month, month.first, used, Policy()) if _is_of(t, tariff, month)]
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        sums[line.vat_rate] = sums.get(line.vat_rate, ZERO) + line.net
    return Quote(
        lines=tuple(lines),
        net=sum(sums.values(), start=ZERO),
        vat=sum((vat_of(base, rate) for rate, base in sums.items()), start=ZERO),
        suspense=tuple((ordered[record.place].id, record.reason) for record in used.unrated),
    )


def columns(uses: Sequence[Use]) -> Records:
    """Records as columns, in the order given."""
    return Records(
        key=np.array([use.key for use in uses], dtype=np.str_),
        day=np.array([use.day.toordinal() for use in uses], dtype=np.int64),
        seconds=np.array([use.seconds for use in uses], dtype=np.int64),
        quantity=np.array([use.quantity for use in uses], dtype=np.int64),
        destination=np.array([use.destination for use in uses], dtype=np.str_),
    )


def _is_of(target: Target, tariff: Tariff, month: Month) -> bool:
    article = next((a for a in tariff.articles if a.article_id == target.article), None)
    in_advance = target.origin == "recurring" and article is not None and article.billing.paid_in == "advance"
    return Month.of(target.period.first if in_advance else target.period.last) == month
