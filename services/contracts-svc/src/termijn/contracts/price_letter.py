"""What an account is told of changing prices: from when, every old and new price, and how to leave free of charge (CAT-5, CAT-10)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from termijn.contracts.letter_frame import framed
from termijn.contracts.letterhead import Letterhead
from termijn.contracts.price_event import PriceChangeAnnounced, PriceChangeDropped
from termijn.contracts.price_list import billing_text
from termijn.contracts.price_move import DECK, DISCONNECT, LIMIT, MINIMUM
from termijn.events.base import Event
from termijn.kernel.tariff import Billing
from termijn.kernel.words import Language, decimal, long_day

KINDS = frozenset({"PriceChangeAnnounced", "PriceChangeDropped"})
"""The kinds of confirmation that this file has the words for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """One language. ``names`` are of what is no article."""

    subjects: dict[str, str]
    indexed: str
    changed: str
    same: str
    dropped: str
    prices: str
    line: str
    included: str
    billing: str
    counted: str
    none: str
    names: dict[str, str]
    deck: str
    free: str
    agreed: str
    currency: str


_LANGUAGES: dict[Language, _Words] = {
    "nl": _Words(
        subjects={"PriceChangeAnnounced": "Aankondiging van gewijzigde prijzen", "PriceChangeDropped": "De prijswijziging gaat niet door"},
        indexed="Op {day} indexeren wij de prijzen van {title}.",
        changed="Op {day} wijzigen wij de prijzen van {title}.",
        same="Op {day} gaat voor {title} een nieuwe versie van het tarief gelden. Uw prijzen wijzigen niet.",
        dropped="De wijziging van uw prijzen die wij hadden aangekondigd gaat niet door. U houdt uw huidige prijzen.",
        prices="De prijzen, exclusief btw:",
        line="- {title}: nu {old}, vanaf {day} {new}",
        included="inclusief hoeveelheid nu {old}, straks {new}",
        billing="nu {old}, straks {new}",
        counted="wat hiervoor telt wijzigt; u vindt het bij het tarief in uw klantomgeving",
        none="geen",
        names={DISCONNECT: "Afsluitkosten", MINIMUM: "Minimumomzet", LIMIT: "Kostenlimiet"},
        deck="- De gesprekskosten worden voortaan berekend met een ander tarievenblad; u vindt het bij het tarief in uw klantomgeving.",
        free="Gaat u hier niet mee akkoord? Dan kunt u tot en met {until} kosteloos opzeggen, uiterlijk per die dag.",
        agreed="Jaarlijkse indexatie is in uw overeenkomst afgesproken.",
        currency="€",
    ),
    "en": _Words(
        subjects={"PriceChangeAnnounced": "Announcement of changed prices", "PriceChangeDropped": "The price change is off"},
        indexed="On {day} we index the prices of {title}.",
        changed="On {day} we change the prices of {title}.",
        same="On {day} a new version of the tariff comes into force for {title}. Your prices do not change.",
        dropped="The change of your prices that we announced does not take place. Your present prices stay.",
        prices="The prices, excluding VAT:",
        line="- {title}: now {old}, from {day} {new}",
        included="included quantity now {old}, then {new}",
        billing="now {old}, then {new}",
        counted="what counts for it changes; you find it with the tariff in your customer pages",
        none="none",
        names={DISCONNECT: "Disconnect fee", MINIMUM: "Minimum turnover", LIMIT: "Cost limit"},
        deck="- Call costs will be charged by another rate deck; you find it with the tariff in your customer pages.",
        free="Do you not agree? Then you can end the contract free of charge until {until}, by that day at the latest.",
        agreed="Yearly indexation was agreed in your contract.",
        currency="EUR",
    ),
}


def price_facts(event: Event) -> dict[str, Any] | None:
    """What a message about this event tells, as plain data; None where it is about something else."""
    match event:
        case PriceChangeAnnounced() as e:
            return {
                "change_id": e.change_id,
                "title": e.tariff.title,
                "day": e.from_on.isoformat(),
                "is_indexation": e.is_indexation,
                "is_agreed": e.is_indexation and e.tariff.is_indexation_agreed,
                "until": e.may_end_free_until.isoformat() if e.may_end_free_until is not None else None,
                "channel": "api",
                "prices": [
                    {
                        "article": move.article,
                        "title": move.title,
                        "old": _text(move.old),
                        "new": _text(move.new),
                        "quantity": str(move.quantity),
                        "included": [str(quantity) for quantity in move.included] if move.included is not None else None,
                        "billing": [[one.every_months, one.paid_in] for one in move.billing] if move.billing is not None else None,
                        "is_counted_otherwise": move.is_counted_otherwise,
                    }
                    for move in e.moves
                ],
            }
        case PriceChangeDropped() as e:
            return {"change_id": e.change_id, "channel": e.channel}
        case _:
            return None


def _text(price: Decimal | None) -> str | None:
    return None if price is None else f"{price:f}"


def price_letter(kind: str, facts: dict[str, Any], *, language: Language, about: str, name: str, letterhead: Letterhead) -> tuple[str, str]:
    """Subject and body; ``facts`` are of ``price_facts``. The same facts give the same text.

    ``name`` is what the module is called, ``about`` the table that says which one it is.
    """
    words = _LANGUAGES[language]
    paragraphs = [words.dropped] if kind == "PriceChangeDropped" else _announced(facts, words, language)
    return f"{words.subjects[kind]}: {name}", framed([*paragraphs, about], language=language, letterhead=letterhead)


def _announced(facts: dict[str, Any], words: _Words, language: Language) -> list[str]:
    day = long_day(date.fromisoformat(facts["day"]), language)
    if not facts["prices"]:
        return [words.same.format(day=day, title=facts["title"])]
    opening = words.indexed if facts["is_indexation"] else words.changed
    lines = [words.prices, *(_line(price, words, language, day) for price in facts["prices"])]
    paragraphs = [opening.format(day=day, title=facts["title"]), "\n".join(lines)]
    if facts["until"] is not None:
        paragraphs.append(words.free.format(until=long_day(date.fromisoformat(facts["until"]), language)))
    elif facts["is_agreed"]:
        paragraphs.append(words.agreed)
    return paragraphs


def _line(price: dict[str, Any], words: _Words, language: Language, day: str) -> str:
    if price["article"] == DECK:
        return words.deck
    quantity = Decimal(price["quantity"])
    per = "" if quantity == 1 else f" per {decimal(quantity, language)}"
    old, new = (words.none if one is None else _money(Decimal(one), words, language) + per for one in (price["old"], price["new"]))
    line = words.line.format(title=words.names.get(price["title"], price["title"]), old=old, new=new, day=day)
    beside = []
    if price["included"] is not None:
        before, after = (decimal(Decimal(one), language) for one in price["included"])
        beside.append(words.included.format(old=before, new=after))
    # Facts that were kept before these were told are without them.
    if price.get("billing") is not None:
        before, after = (billing_text(Billing(every_months=one[0], paid_in=one[1]), language) for one in price["billing"])
        beside.append(words.billing.format(old=before, new=after))
    if price.get("is_counted_otherwise"):
        beside.append(words.counted)
    return f"{line} ({'; '.join(beside)})" if beside else line


def _money(amount: Decimal, words: _Words, language: Language) -> str:
    """Every decimal that the price has: a price per minute is finer than a cent."""
    return f"{words.currency} {decimal(amount, language, places=2)}"
