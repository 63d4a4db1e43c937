"""Builders of what rating's specs are about, each with the least that a spec must say."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from termijn.events.contracts import ModuleOrdered
from termijn.kernel.ids import ArticleId, DeckId, ModuleId, TariffId
from termijn.kernel.notice import named
from termijn.kernel.period import Month
from termijn.kernel.tariff import Article, Billing, Tariff
from termijn.rating.charge import view_of
from termijn.rating.policy import Policy
from termijn.rating.rated_account import Close, ModuleFacts, RatedAccount
from termijn.rating.target import Billed, fold
from termijn.rating.use import Decks, Records, rate_use


class Make:
    """Short ways to say things."""

    def article(self, article_id: str, price: str, **more: Any) -> Article:
        """An article of one price; ``key`` makes it one for use, ``every`` and ``paid`` say how it is billed."""
        key = more.pop("key", None)
        billing = Billing(every_months=more.pop("every", 1), paid_in=more.pop("paid", "arrears" if key else "advance"))
        decimals = {name: Decimal(more.pop(name)) for name in ("quantity", "included_quantity", "vat_rate") if name in more}
        return Article(
            article_id=ArticleId(article_id), title=article_id.title(), usage_key=key, net_price=Decimal(price), billing=billing,
            **decimals, **more,
        )  # fmt: skip

    def tariff(self, *articles: Article, version: int = 1, deck: str | None = None, **more: Any) -> Tariff:
        """A tariff of these articles."""
        amounts = ("minimum_turnover", "cost_limit", "connect_fee", "disconnect_fee", "vat_rate")
        decimals = {name: Decimal(more.pop(name)) for name in amounts if name in more}
        return Tariff(
            tariff_id=TariffId(more.pop("tariff_id", "plan")), version=version, title="Plan", module="telephony", notice=named("monthly"),
            articles=articles, deck_id=None if deck is None else DeckId(deck), **decimals, **more,
        )  # fmt: skip

    def ordered(self, tariff: Tariff, starts_on: date | None, quantity: int = 1, module: str = "m-1", options: tuple[str, ...] = ()) -> Any:
        """The order of a module."""
        return ModuleOrdered(
            module_id=ModuleId(module), tariff=tariff, quantity=quantity, ordered_on=starts_on or date(2026, 1, 1), starts_on=starts_on,
            options=tuple(ArticleId(option) for option in options),
        )  # fmt: skip

    def records(self, *calls: tuple[str, datetime, int, str, str]) -> Records:
        """Records of (key, start, seconds, quantity, destination), put in order of start."""
        ordered = sorted(calls, key=lambda call: call[1])
        return Records(
            key=np.array([c[0] for c in ordered], dtype=np.str_),
            day=np.array([c[1].date().toordinal() for c in ordered], dtype=np.int64),
            seconds=np.array([c[2] for c in ordered], dtype=np.int64),
            quantity=np.array([int(Decimal(c[3]) * 1_000_000) for c in ordered], dtype=np.int64),
            destination=np.array([c[4] for c in ordered], dtype=np.str_),
        )

    def noon(self, day: date, minute: int = 0) -> datetime:
        """An instant on that day."""
        return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(minutes=minute)

    def close(
        self, state: RatedAccount, period: str, closing: int, *, records: dict[str, Records] | None = None, billed: Sequence[Any] = (),
        late: dict[str, tuple[str, ...]] | None = None, decks: Decks | None = None, policy: Policy | None = None,
    ) -> Close:  # fmt: skip
        """The command as the handler makes it: every module, its use rated, what these earlier events billed."""
        month = Month.parse(period)
        modules = []
        for module_id, timeline in state.modules.items():
            if timeline.starts_on is None:
                continue
            months = tuple(Month.parse(text) for text in (late or {}).get(module_id, ()))
            since = view_of(timeline, month, months)
            use = (records or {}).get(module_id, self.records())
            modules.append(
                ModuleFacts(
                    module_id=module_id, since=since, used=rate_use(timeline, use, decks or {}, month=month, since=since),
                    billed=tuple(self.in_view(fold([line for e in billed if e.module_id == module_id for line in e.lines]), since)),
                    digests={}, late_months=tuple(str(m) for m in months),
                )
            )  # fmt: skip
        return Close(now=self.noon(month.next().first), period=period, closing=closing, modules=tuple(modules), policy=policy or Policy())

    def in_view(self, billed: Sequence[Billed], since: date) -> list[Billed]:
        """As the query does: charges that end on or after the day, and undated ones."""
        return [b for b in billed if b.last.period_until >= since or b.last.origin in ("once", "connect", "disconnect")]


@pytest.fixture(scope="session")
def make() -> Make:
    """Builders."""
    return Make()
