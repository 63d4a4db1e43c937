"""What all letters of this service have in common: two languages, tables of a few rows, a greeting, and who signs (CON-6)."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from termijn.contracts.letterhead import Letterhead
from termijn.kernel.words import Language, long_day

WIDTH = 78
"""Characters of a line: what mail programs show without breaking it again."""


class Both(NamedTuple):
    """One phrase in the languages that accounts have."""

    nl: str
    en: str

    def to(self, language: Language) -> str:
        """In that one."""
        return self.nl if language == "nl" else self.en


GREETING = Both("Geachte heer of mevrouw,", "Dear Sir or Madam,")
WRONG = Both(
    "Klopt er iets niet, of heeft u een vraag? U kunt op dit bericht antwoorden.",
    "Is something not right, or do you have a question? You can answer this message.",
)
CLOSING = Both("Met vriendelijke groet,", "Yours sincerely,")
NAMELESS = Both("De klantenservice", "Customer service")
"""Who signs as long as the provider has not said what it is called."""


def day_said(iso: str, language: Language) -> str:
    """A day of the facts in words."""
    return long_day(date.fromisoformat(iso), language)


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, one a line, under each other; what is empty is left out. The empty string where all is."""
    told = [(f"{name}:", value) for name, value in rows if value]
    width = max((len(name) for name, _ in told), default=0) + 2
    return "\n".join(
        textwrap.fill(f"{name:<{width}}{value}", WIDTH, break_on_hyphens=False, subsequent_indent=" " * width) for name, value in told
    )


def framed(paragraphs: Iterable[str], *, language: Language, letterhead: Letterhead) -> str:
    """The whole letter: greeting, paragraphs (empty ones left out), signature. Lines of a list hang under their dash."""
    told = [GREETING.to(language), *(_filled(one) for one in paragraphs if one), WRONG.to(language), _signed(language, letterhead)]
    return "\n\n".join(told) + "\n"


def _signed(language: Language, letterhead: Letterhead) -> str:
    lines: Iterator[str] = filter(None, (letterhead.name or NAMELESS.to(language), letterhead.email, letterhead.phone))
    return f"{CLOSING.to(language)}\n\n" + "\n".join(lines)


def _filled(paragraph: str) -> str:
    return "\n".join(
        line if len(line) <= WIDTH else textwrap.fill(line, WIDTH, break_on_hyphens=False, subsequent_indent="  " * line.startswith("-"))
        for line in paragraph.splitlines()
    )
