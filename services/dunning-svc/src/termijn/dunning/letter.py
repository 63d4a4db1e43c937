"""One letter as text: the same facts give the same bytes."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from termijn.dunning.handover import Statement
from termijn.dunning.letter_words import LANGUAGES, Words
from termijn.dunning.letters import Apart
from termijn.dunning.policy import Letterhead
from termijn.events.dunning import Letter, LetterItem
from termijn.events.invoice import OpenCredit
from termijn.kernel.ids import CaseId
from termijn.kernel.money import ZERO
from termijn.kernel.words import Language, euros, long_day

WIDTH = 78
"""Characters of a line: what mail programs show without breaking it again."""
_TOGETHER = re.compile(r"(?<=EUR) |(?<=€) |(?<=\b\d) (?=[^\W\d]+ \d{4})|(?<=\b\d\d) (?=[^\W\d]+ \d{4})")
GRAVITY: tuple[Letter, ...] = ("suspension_warning", "final_demand", "formal_notice", "second_reminder", "reminder", "reversal_notice")
"""The gravest step comes on top and gives the mail its subject."""


class LetterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a letter says. ``statements`` holds, for final demands, what the handover will add."""

    language: Language
    name: str
    customer_number: str | None
    on: date
    items: tuple[LetterItem, ...]
    apart: tuple[Apart, ...]
    credits: tuple[OpenCredit, ...] = ()
    letterhead: Letterhead
    statements: Mapping[CaseId, Statement]


def subject(items: Sequence[LetterItem], language: Language) -> str:
    """The subject of the mail: its gravest step and the invoice numbers, where they are few."""
    title = LANGUAGES[language].titles[_steps(items)[0]]
    numbers = _numbers(items)
    return f"{title} {', '.join(numbers)}" if len(numbers) <= 3 else title


def render(facts: LetterFacts) -> str:
    """The letter: each invoice under its own step with its own last payment date, one sum, the rest and credits apart (DUN-1, DUN-3)."""
    words = LANGUAGES[facts.language]
    parts = [_head(facts, words), [words.greeting]]
    for step in _steps(facts.items):
        parts += _section(facts, words, step)
    parts.append([words.total.format(total=euros(_total(facts.items), facts.language))])
    parts.append(_wrapped(_how_to_pay(facts, words)))
    if facts.apart:
        lines = [line for apart in facts.apart for line in _wrapped(_apart_line(apart, words, facts.language), indent="  ")]
        parts.append([words.apart, *lines])
    if facts.credits:
        lines = [line for credit in facts.credits for line in _wrapped(_credit_line(credit, words, facts.language), indent="  ")]
        parts.append([words.credits, *lines])
        parts.append(_wrapped(words.credits_ask))
    parts.append(_wrapped(words.crossed))
    if ways := [way for way in (facts.letterhead.phone, facts.letterhead.email) if way]:
        parts.append([words.contact.format(ways=" / ".join(ways))])
    parts.append([words.closing, *([facts.letterhead.name] if facts.letterhead.name else [])])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(facts: LetterFacts, words: Words) -> list[str]:
    lines = [facts.letterhead.name, ""] if facts.letterhead.name else []
    lines.append(words.to.format(name=facts.name) if facts.name else words.nameless)
    lines.append(words.date.format(date=long_day(facts.on, facts.language)))
    if facts.customer_number:
        lines.append(words.customer_number.format(number=facts.customer_number))
    return [*lines, "", words.subject.format(title=words.titles[_steps(facts.items)[0]].lower())]


def _section(facts: LetterFacts, words: Words, step: Letter) -> list[list[str]]:
    lines = []
    for item in facts.items:
        if item.step == step:
            lines += _item_lines(item, facts, words)
    section = [[words.titles[step].upper(), *_wrapped(words.bodies[step])], lines]
    if any(item.step == step and item.suspension_on is not None for item in facts.items):
        section.append(_wrapped(words.while_suspended))
    return section


def _item_lines(item: LetterItem, facts: LetterFacts, words: Words) -> list[str]:
    lines = [
        words.item.format(
            number=item.number,
            issued=long_day(item.issued_on, facts.language),
            due=long_day(item.due_on, facts.language),
            amount=euros(item.open_amount, facts.language),
        ),
        words.due_now.format(last=long_day(item.last_payment_on, facts.language)),
    ]
    if item.handover_on is not None:
        lines.append(words.handover.format(handover=long_day(item.handover_on, facts.language)))
        added = facts.statements.get(item.case_id)
        if added is not None:
            sentence = words.costs if added.collection_costs else words.interest
            costs, interest = (euros(amount, facts.language) for amount in (added.collection_costs, added.interest))
            lines.append(sentence.format(costs=costs, interest=interest))
    if item.suspension_on is not None:
        lines.append(words.suspension.format(suspension=long_day(item.suspension_on, facts.language)))
    return [broken for line in lines for broken in _wrapped(line, indent="  ")]


def _apart_line(apart: Apart, words: Words, language: Language) -> str:
    standing = words.standings[apart.standing]
    if apart.day is not None and (dated := words.dated.get(apart.standing)):
        standing = dated.format(day=long_day(apart.day, language))
    return words.apart_item.format(number=apart.number, amount=euros(Decimal(apart.open_amount), language), standing=standing)


def _credit_line(credit: OpenCredit, words: Words, language: Language) -> str:
    line = words.credit_note if credit.source == "credit_note" and credit.number else words.overpayment
    day, amount = long_day(credit.arisen_on, language), euros(credit.amount, language)
    return line.format(number=credit.number, day=day, amount=amount)


def _how_to_pay(facts: LetterFacts, words: Words) -> str:
    numbers = ", ".join(_numbers(facts.items))
    head = facts.letterhead
    return words.pay.format(iban=head.iban, name=head.name, numbers=numbers) if head.iban else words.pay_anywhere.format(numbers=numbers)


def _steps(items: Sequence[LetterItem]) -> list[Letter]:
    return [step for step in GRAVITY if any(item.step == step for item in items)]


def _numbers(items: Sequence[LetterItem]) -> list[str]:
    return list(dict.fromkeys(item.number for item in items))


def _total(items: Sequence[LetterItem]) -> Decimal:
    # An invoice can stand under its own step and under the warning; it is owed once.
    return sum({item.case_id: item.open_amount for item in items}.values(), start=ZERO)


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    """Lines that fit; an amount never parts from its currency, nor a day from its month."""
    kept = _TOGETHER.sub("\N{NO-BREAK SPACE}", text)
    lines = textwrap.wrap(kept, WIDTH, break_on_hyphens=False, subsequent_indent=indent)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
