"""What the provider sells, as data: modules, their tariffs and articles (CAT-1 to CAT-3, CAT-20 to CAT-25, INV-2).

Monthly: call costs and cloud workplaces. Quarterly: lines, cloud suites, backup, 3CX licences, managed service. Yearly: spam
filter, hosting, domains, virus scanners. Prices are made up, the shapes are what Dutch ICT and telephony companies sell.
"""

from decimal import Decimal

from termijn.demo.deck import PER_MINUTE, PER_SECOND
from termijn.kernel.ids import ArticleId, DeckId, TariffId
from termijn.kernel.notice import named
from termijn.kernel.tariff import Article, Billing, Tariff

_MONTH = Billing(every_months=1, paid_in="advance")
_QUARTER = Billing(every_months=3, paid_in="advance")
_YEAR = Billing(every_months=12, paid_in="advance")
_ONCE = Billing(every_months=0, paid_in="advance")
_CALLS = Billing(every_months=1, paid_in="arrears")


def _fee(article_id: str, title: str, price: str, billing: Billing, **more: object) -> Article:
    return Article(article_id=ArticleId(article_id), title=title, net_price=Decimal(price), billing=billing, **more)  # type: ignore[arg-type]


def _calls(*, included: str = "0", to_minimum: bool = False, to_limit: bool = False, unit: str = "minute") -> Article:
    """Calls are priced by the rate deck; the net price is the fallback that a deck makes unused."""
    return Article(
        article_id=ArticleId("calls"),
        title="Gesprekskosten",
        usage_key="call",
        billing=_CALLS,
        net_price=Decimal("0.05"),
        included_quantity=Decimal(included),
        unit=unit,  # type: ignore[arg-type]
        kind="telecom",
        counts_to_minimum=to_minimum,
        counts_to_limit=to_limit,
    )


def _telephony(tariff_id: str, title: str, *, extension: str, calls: Article, **more: object) -> Tariff:
    return Tariff(
        tariff_id=TariffId(tariff_id),
        version=1,
        title=title,
        module="telephony",
        notice=named("monthly"),
        is_telecom=True,
        revenue_group="telephony",
        ledger_account="8100",
        deck_id=DeckId(PER_SECOND if more["time_rating"] == "second" else PER_MINUTE),
        articles=(_fee("extension", "Toestel", extension, _MONTH, kind="telecom", display="highlighted"), calls),
        **more,  # type: ignore[arg-type]
    )


def _subscription(tariff_id: str, title: str, module: str, notice: str, articles: tuple[Article, ...], **more: object) -> Tariff:
    return Tariff(
        tariff_id=TariffId(tariff_id),
        version=1,
        title=title,
        module=module,
        notice=named(notice),
        articles=articles,
        **more,  # type: ignore[arg-type]
    )


_TELEPHONY = (
    _telephony(
        "bellen-bundel",
        "Zakelijk bellen met belbundel",
        extension="7.50",
        calls=_calls(included="30"),
        time_rating="minute",
        connect_fee=Decimal("49.00"),
    ),
    _telephony(
        "bellen-seconde",
        "Zakelijk bellen per seconde",
        extension="4.95",
        calls=_calls(to_minimum=True, unit="second"),
        time_rating="second",
        minimum_turnover=Decimal("25.00"),
    ),
    _telephony(
        "bellen-limiet",
        "Zakelijk bellen met kostenlimiet",
        extension="5.95",
        calls=_calls(to_limit=True),
        time_rating="minute",
        cost_limit=Decimal("25.00"),
    ),
)

_LINES = (
    _subscription(
        "glas-1000-36",
        "Glasvezel 1 Gbit/s, drie jaar",
        "fibre",
        "term:36",
        (_fee("line", "Glasvezel 1 Gbit/s", "285.00", _QUARTER, kind="telecom"),),
        is_telecom=True,
        ledger_account="8200",
        connect_fee=Decimal("150.00"),
    ),
    _subscription(
        "glas-1000-12",
        "Glasvezel 1 Gbit/s, een jaar",
        "fibre",
        "term:12",
        (_fee("line", "Glasvezel 1 Gbit/s", "345.00", _QUARTER, kind="telecom"),),
        is_telecom=True,
        ledger_account="8200",
        connect_fee=Decimal("395.00"),
    ),
    _subscription(
        "xdsl-100",
        "xDSL 100 Mbit/s",
        "xdsl",
        "term:12",
        (_fee("line", "VDSL 100/30", "134.85", _QUARTER, kind="telecom"), _fee("router", "Router in bruikleen", "15.00", _QUARTER)),
        is_telecom=True,
        ledger_account="8200",
    ),
)

_WORKPLACE = (
    _subscription(
        "werkplek",
        "Cloudwerkplek",
        "workplace",
        "monthly",
        (
            _fee("workplace", "Cloudwerkplek", "39.50", _MONTH, alternative_name="Werkplek in de cloud", display="highlighted"),
            _fee("setup", "Inrichten werkplek", "35.00", _ONCE),
        ),
    ),
    _subscription("suite", "Cloudsuite", "suite", "monthly", (_fee("suite", "Cloudsuite Business", "32.40", _QUARTER),)),
    _subscription("backup", "Back-up", "backup", "monthly", (_fee("backup", "Back-up per server", "74.85", _QUARTER),)),
    _subscription(
        "beheer",
        "Beheer",
        "managed_service",
        "yearly",
        (_fee("workplace", "Beheer per werkplek", "44.85", _QUARTER),),
        ledger_account="8300",
    ),
    _subscription(
        "3cx",
        "3CX-licentie",
        "voip_licence",
        "licence-year",
        (_fee("licence", "3CX-licentie, per gelijktijdig gesprek", "18.75", _QUARTER, credits_unused_days=False),),
        revenue_group="telephony",
        ledger_account="8110",
    ),
)

_YEARLY = (
    _subscription("spamfilter", "Spamfilter", "spam_filter", "yearly", (_fee("mailbox", "Spamfilter per mailbox", "18.00", _YEAR),)),
    _subscription("hosting", "Webhosting", "hosting", "yearly", (_fee("site", "Webhosting", "119.40", _YEAR),)),
    _subscription(
        "domein",
        "Domeinnaam",
        "domain",
        "none",
        (_fee("domain", "Domeinnaam .nl", "11.95", _YEAR, credits_unused_days=False),),
    ),
    _subscription("virusscanner", "Virusscanner", "virus_scanner", "none", (_fee("scanner", "Virusscanner", "29.40", _YEAR),)),
)

TARIFFS: tuple[Tariff, ...] = _TELEPHONY + _LINES + _WORKPLACE + _YEARLY
"""Every tariff on sale; the service gives each its version."""


def tariff(tariff_id: str) -> Tariff:
    """The tariff of that id; ``StopIteration`` is impossible for ids of the population, which a test checks."""
    return next(t for t in TARIFFS if t.tariff_id == tariff_id)
