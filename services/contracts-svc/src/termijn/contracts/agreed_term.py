"""How long a module binds and how it ends, as a confirmation says it: the notice rule in words, and what notice would give (CON-13)."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from termijn.contracts.end_date import Notice
from termijn.contracts.letter_frame import Both
from termijn.contracts.module_state import TariffFrom
from termijn.kernel.calendar import add_months
from termijn.kernel.notice import ending
from termijn.kernel.notice_words import in_dutch
from termijn.kernel.tariff import NoticeRule, Tariff
from termijn.kernel.words import Language, long_day

_DAY = timedelta(days=1)
_HEADING = Both("Looptijd en opzegging:", "Term and notice:")
_NO_TERM = Both("Er is geen minimale looptijd.", "There is no minimum term.")
_TERM = Both("De minimale looptijd is {months}: van {first} tot en met {last}.", "The minimum term is {months}: from {first} to {last}.")
_TERM_OVER = Both(
    "De minimale looptijd van {months} is dan voorbij: zij liep van {first} tot en met {last}.",
    "The minimum term of {months} is over by then: it ran from {first} to {last}.",
)
_TERM_LATER = Both("De minimale looptijd is {months} vanaf de oplevering.", "The minimum term is {months} from the delivery on.")
_AT_ONCE = Both(
    "U kunt op elke dag opzeggen; de overeenkomst eindigt dan meteen.", "You can give notice on any day; the contract then ends at once."
)
_ANY_DAY = Both("De opzegtermijn is {months}; u kunt op elke dag opzeggen.", "Notice is {months}, on any day.")
_MONTH_END = Both(
    "De opzegtermijn is {months}; de overeenkomst eindigt op de laatste dag van een maand.",
    "Notice is {months}; the contract ends on the last day of a month.",
)
_THIS_MONTH_END = Both(
    "U kunt op elke dag opzeggen; de overeenkomst eindigt op de laatste dag van die maand.",
    "You can give notice on any day; the contract ends on the last day of that month.",
)
_TERM_END = Both(
    "De overeenkomst eindigt op de laatste dag van een termijn, als u uiterlijk {months} daarvoor opzegt.",
    "The contract ends on the last day of a term, if you give notice at the latest {months} before.",
)
_TERM_END_SAME_DAY = Both(
    "De overeenkomst eindigt op de laatste dag van een termijn, als u uiterlijk die dag opzegt.",
    "The contract ends on the last day of a term, if you give notice on that day at the latest.",
)
_RENEWS = Both("Zonder opzegging wordt zij telkens met {months} verlengd.", "Without notice it is renewed by {months}, again and again.")
_GOES_ON = Both(
    "Na de minimale looptijd loopt de overeenkomst door tot u opzegt.", "After the minimum term the contract goes on until you give notice."
)
_FIRST_CHANCE = Both(
    "Wilt u geen verlenging op {renews}, zeg dan uiterlijk op {last} op.",
    "If you want no renewal on {renews}, give notice on {last} at the latest.",
)
_TELECOM = Both(
    "Daarnaast mag u telecommunicatie zonder (of na) een eerste termijn altijd met een maand opzeggen, zonder kosten"
    " (artikel 7.2a Telecommunicatiewet).",
    "Besides, telecommunication without (or after) a first term can always be ended with a month's notice, free of charge"
    " (Telecommunicatiewet, article 7.2a).",
)
_CONSUMER = Both(
    "Als consument mag u na de eerste termijn op elke dag opzeggen, met ten hoogste een maand.",
    "As a consumer you may give notice on any day after the first term, of a month at most.",
)
_EXAMPLE = Both(
    "Zou u op {given} opzeggen, dan is {ends} de laatste dag ({why}).", "With notice on {given} the last day would be {ends} ({why})."
)
_HOW = Both(
    "Opzeggen kan in uw klantomgeving of door op dit bericht te antwoorden; u krijgt daarvan een bevestiging.",
    "You can give notice in your customer pages or by answering this message; you will get a confirmation.",
)


def term_paragraph(
    tariff: Tariff,
    *,
    counts_from: date | None,
    holds_from: date,
    is_consumer: bool,
    language: Language,
    planned: Sequence[TariffFrom] = (),
) -> str:
    """Minimum term, notice, renewal, and what follows from the day that terms count from; None where the delivery decides it.

    ``holds_from``: the first day on which notice would be given under this tariff, so not before a change to it. ``planned``: the new
    terms that were agreed to start later, which notice may meet (CAT-25).
    """
    given = holds_from if counts_from is None else max(holds_from, counts_from)
    lines = [*_rule(tariff.notice, counts_from, given, language)]
    if counts_from is not None:
        lines += _dates(tariff, counts_from, given=given, is_consumer=is_consumer, language=language, planned=planned)
    if tariff.is_telecom:
        lines.append(_TELECOM.to(language))
    if is_consumer:
        lines.append(_CONSUMER.to(language))
    return "\n".join([_HEADING.to(language), *(f"- {one}" for one in [*lines, _HOW.to(language)])])


def months_said(count: int, language: Language) -> str:
    """ "één maand", "3 maanden"."""
    if language == "nl":
        return "één maand" if count == 1 else f"{count} maanden"
    return "one month" if count == 1 else f"{count} months"


def _rule(rule: NoticeRule, counts_from: date | None, given: date, language: Language) -> Iterator[str]:
    """The rule by itself (CAT-20 to CAT-25)."""
    minimum = months_said(rule.minimum_term_months, language)
    if not rule.minimum_term_months:
        yield _NO_TERM.to(language)
    elif counts_from is None:
        yield _TERM_LATER.to(language).format(months=minimum)
    else:
        last = add_months(counts_from, rule.minimum_term_months) - _DAY
        is_over = last < given and not rule.renewal_months
        said = (_TERM_OVER if is_over else _TERM).to(language)
        yield said.format(months=minimum, first=long_day(counts_from, language), last=long_day(last, language))
    yield _notice(rule).to(language).format(months=_notice_months(rule, language))
    if rule.renewal_months:
        yield _RENEWS.to(language).format(months=months_said(rule.renewal_months, language))
    elif rule.minimum_term_months:
        yield _GOES_ON.to(language)


def _notice(rule: NoticeRule) -> Both:
    phrases = {
        ("day", True): _ANY_DAY,
        ("day", False): _AT_ONCE,
        ("month_end", True): _MONTH_END,
        ("month_end", False): _THIS_MONTH_END,
        ("term", True): _TERM_END,
        ("term", False): _TERM_END_SAME_DAY,
    }
    return phrases[rule.alignment, rule.notice_months > 0]


def _notice_months(rule: NoticeRule, language: Language) -> str:
    """To a month end it is full months that count (CAT-21)."""
    if rule.alignment != "month_end" or rule.notice_months != 1:
        return months_said(rule.notice_months, language)
    return "één volle maand" if language == "nl" else "one full month"


def _dates(
    tariff: Tariff, counts_from: date, *, given: date, is_consumer: bool, language: Language, planned: Sequence[TariffFrom]
) -> Iterator[str]:
    """The days that notice on ``given`` and no notice at all would give, with the steps (CON-13)."""
    notice = Notice(
        rule=tariff.notice,
        counts_from=counts_from,
        given=given,
        is_telecom=tariff.is_telecom,
        is_consumer=is_consumer,
        planned=planned,
    )
    alone = ending(tariff.notice, counts_from=counts_from, given=given, is_telecom=tariff.is_telecom, is_consumer=is_consumer)
    if tariff.notice.renewal_months and alone.renews_on is not None and alone.last_notice_day is not None:
        yield _FIRST_CHANCE.to(language).format(renews=long_day(alone.renews_on, language), last=long_day(alone.last_notice_day, language))
    told = notice.earliest()
    steps = "; ".join(told.steps)
    why = in_dutch(steps) if language == "nl" else steps
    yield _EXAMPLE.to(language).format(given=long_day(given, language), ends=long_day(told.ends_on, language), why=why)
