"""How Dutch and English write days, months, numbers and amounts: for everything that people read, whatever service says it."""

from datetime import date
from decimal import Decimal
from typing import Literal

from termijn.kernel.money import cents

Language = Literal["nl", "en"]
"""The language of an account: of its documents, its letters and its confirmations."""

MONTHS: dict[Language, tuple[str, ...]] = {
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_DUTCH_MARKS = str.maketrans(",.", ".,")


def long_day(day: date, language: Language) -> str:
    """ "1 april 2026" and "1 April 2026", whatever the language of the machine."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    """ "01-04-2026", in both languages."""
    return f"{day:%d-%m-%Y}"


def month_name(period: str, language: Language) -> str:
    """ "2026-03" as "maart 2026"."""
    year, month = period.split("-")
    return f"{MONTHS[language][int(month) - 1]} {year}"


def decimal(value: Decimal, language: Language, *, places: int = 0) -> str:
    """A number with at least ``places`` decimals and no needless zeros, grouped by thousands."""
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    # int("-0") would lose the sign of -0.50.
    text = ("-" if value < 0 else "") + f"{abs(int(whole)):,}"
    text += f".{fraction}" if fraction else ""
    return text.translate(_DUTCH_MARKS) if language == "nl" else text


def euros(amount: Decimal, language: Language) -> str:
    """ "€ 1.234,50" in Dutch, "EUR 1,234.50" in English."""
    return f"{'€' if language == 'nl' else 'EUR'} {decimal(cents(amount), language, places=2)}"
