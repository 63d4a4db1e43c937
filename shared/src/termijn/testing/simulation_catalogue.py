"""What the providers of a simulation sell: few tariffs, that among them have every way of billing there is."""

from typing import Any

from termijn.testing.story import PROFILE as _PROFILE

Facts = dict[str, Any]

PROFILE: Facts = {**_PROFILE, "name": "Simulatie B.V."}

DECK = """prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds
31,Netherlands,0.02,0,1,1
316,Netherlands mobile,0.10,0.05,1,1
49,Germany,0.03,0.01,60,30
"""
"""No price for +9999: such a call waits in suspense for ever."""

_MONTHLY: Facts = {"name": "monthly", "notice_months": 1, "alignment": "month_end"}
_ANSWERING: Facts = {"article_id": "answering", "title": "Answering machine", "net_price": "3.10", "is_option": True}


def _tariff(tariff_id: str, module: str, articles: list[Facts], **more: object) -> Facts:
    facts = {"tariff_id": tariff_id, "title": tariff_id.capitalize(), "module": module, "notice": _MONTHLY, "orders_from": "2025-01-01"}
    return {**facts, "articles": articles, **more}


def _calls(**more: object) -> Facts:
    billing = {"every_months": 1, "in": "arrears"}
    return {"article_id": "calls", "title": "Calls", "usage_key": "call", "unit": "minute", "kind": "telecom", "billing": billing, **more}


def _fee(article_id: str, price: str, months: int = 1, **more: object) -> Facts:
    billing = {"every_months": months, "in": "advance"}
    return {"article_id": article_id, "title": article_id, "net_price": price, "billing": billing, **more}


TARIFFS: tuple[Facts, ...] = (
    _tariff("workplace", "workplace", [_fee("fee", "39.50"), _fee("setup", "35.00", 0), _ANSWERING]),
    _tariff("workplace-plus", "workplace", [_fee("fee", "49.95"), _ANSWERING]),
    _tariff(
        "calls",
        "telephony",
        [_fee("base", "4.95"), _calls(included_quantity="5"), _ANSWERING],
        is_telecom=True,
        time_rating="minute",
        deck_id="standard",
        connect_fee="25.00",
        disconnect_fee="10.00",
    ),
    _tariff(
        "calls-limited",
        "telephony",
        [_fee("base", "2.95"), _calls(counts_to_limit=True, counts_to_minimum=True)],
        is_telecom=True,
        time_rating="second",
        deck_id="standard",
        cost_limit="2.00",
        minimum_turnover="0.50",
    ),
    _tariff(
        "storage",
        "storage",
        [
            _fee("rent", "12.00", 3),
            {"article_id": "gb", "title": "Gigabytes", "usage_key": "gb", "net_price": "0.75", "unit": "gigabyte",
             "billing": {"every_months": 1, "in": "arrears"}},
        ],
    ),
    _tariff("domain", "domain", [_fee("domain", "11.95", 12, credits_unused_days=False)], notice="none"),
    _tariff("line", "fibre", [_fee("line", "99.00", 3, kind="telecom")], notice="term:12", is_telecom=True),
)  # fmt: skip
