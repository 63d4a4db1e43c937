"""What a confirmation says, in the language of the account (CON-6): what was agreed, what it costs, how long it binds, how it ends.

Pure: the same facts give the same letter. Every date that the system computed is explained (CON-13).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from termijn.contracts import account_confirmation, goods_confirmation
from termijn.contracts.agreed_price import disconnect_fee, price_line, price_paragraph, vat_sentence
from termijn.contracts.agreed_term import months_said, term_paragraph
from termijn.contracts.confirmation_words import (
    ANNOUNCED,
    CHANNEL,
    CHANNELS,
    DELIVERY,
    EXPLAINED,
    KEEPS_TERM,
    KNOWN_AS,
    LABELS,
    LEASED,
    NEW_TERM,
    NUMBER_FROM,
    NUMBERS_MORE,
    OPENINGS,
    OURS,
    RECORDED,
    ROLES,
    SENTENCES,
    STARTS,
    SUBJECTS,
    SUSPENDED,
    WORKS,
)
from termijn.contracts.letter_frame import day_said, framed, table
from termijn.contracts.letterhead import Letterhead
from termijn.contracts.module_state import TariffFrom
from termijn.contracts.price_letter import KINDS, price_letter
from termijn.events.contracts import AccountFacts
from termijn.kernel.notice_words import in_dutch
from termijn.kernel.tariff import Tariff
from termijn.kernel.words import Language, decimal, long_day

NUMBERS_SHOWN = 10
"""Numbers of a module that a letter lists; it tells how many more there are."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The fixed term of a module that is leased (CON-11)."""

    months: int
    starts_on: date
    ends_on: date


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """All that one confirmation is written from.

    - ``kind``, ``facts``, ``personal``: of ``confirmation_facts``.
    - ``reference``: the id of the module, order, project or account; ``decided_on``, ``actor``: when it was recorded, and by whom.
    - ``tariff``: what the module is taken under, with what was decided; ``quantity`` that day, ``counts_from`` None before delivery.
    - ``planned``: new terms that were agreed then to start later (CAT-25).
    - ``numbers``: the module's own when it was decided.
    - ``still_works``: what goes on although late payment suspends the module from its start; None where it does not (CON-10).
    - ``is_left``: this copy goes to an address that the account has left.
    """

    kind: str
    facts: Mapping[str, Any]
    personal: Mapping[str, Any] = {}
    reference: str
    decided_on: date
    actor: str
    customer: AccountFacts
    letterhead: Letterhead = Letterhead()
    tariff: Tariff | None = None
    quantity: int = 1
    counts_from: date | None = None
    planned: tuple[TariffFrom, ...] = ()
    numbers: tuple[str, ...] = ()
    still_works: tuple[str, ...] | None = None
    lease: Lease | None = None
    is_left: bool = False

    @property
    def language(self) -> Language:
        """The account's."""
        return self.customer.language


def letter(told: Told) -> tuple[str, str]:
    """Subject and body: what was decided, who did it, when and through which channel (CON-6)."""
    language = told.language
    if told.kind in KINDS:
        about = table(_module_rows(told))
        name = _name(told)
        return price_letter(told.kind, dict(told.facts), language=language, about=about, name=name, letterhead=told.letterhead)
    subject, paragraphs = _said(told)
    return subject, framed([*paragraphs, _recorded(told)], language=language, letterhead=told.letterhead)


def _said(told: Told) -> tuple[str, list[str]]:
    kind, facts, language = told.kind, told.facts, told.language
    if kind in account_confirmation.SUBJECTS:
        subject = account_confirmation.SUBJECTS[kind].to(language)
        return subject, account_confirmation.account_paragraphs(kind, facts, told.personal, language, is_left=told.is_left)
    if kind in goods_confirmation.SUBJECTS:
        subject = goods_confirmation.SUBJECTS[kind].to(language).format_map({"subject": told.reference, **facts})
        paragraphs = goods_confirmation.goods_paragraphs(kind, facts, told.personal, told.customer, language)
        return subject, [*paragraphs, "" if "about" in facts else table(_module_rows(told))]
    return f"{SUBJECTS[_words_for(told)].to(language)}: {_name(told)}", _of_module(told)


def _words_for(told: Told) -> str:
    """The kind, but what was announced is no change that the customer asked for (CAT-10), and numbers may come in plural."""
    if told.kind == "TariffChanged" and told.facts["channel"] in ANNOUNCED:
        return "PricesChanged"
    return "NumbersAdded" if told.kind == "SubjectAssigned" and len(told.personal.get("numbers", ())) > 1 else told.kind


def _of_module(told: Told) -> list[str]:
    """What was decided about a module, in this order: the fact, which one, how the day came about, prices, term and notice."""
    language, facts = told.language, told.facts
    day = day_said(facts["day"], language) if facts.get("day") else DELIVERY.to(language)
    notice = day_said(facts["notice"], language) if facts.get("notice") else ""
    names = {"day": day, "notice": notice, "title": _name(told), "number": _only_number(told) or NUMBERS_MORE.to(language)}
    names |= {"article": _option(told), "quantity": _count(facts["quantity"], language) if "quantity" in facts else ""}
    opening = OPENINGS[_words_for(told)].to(language).format_map(names)
    return [
        opening,
        "\n".join(_numbers_added(told)),
        table(_module_rows(told)),
        _why(told),
        *_agreed(told),
        *_ending(told),
        _suspended(told),
    ]


def _numbers_added(told: Told) -> list[str]:
    """Several numbers that came at once, each with its day."""
    added = told.personal.get("numbers", ())
    if told.kind != "SubjectAssigned" or len(added) < 2:
        return []
    return [NUMBER_FROM.to(told.language).format(number=one["number"], day=day_said(one["day"], told.language)) for one in added]


def _agreed(told: Told) -> list[str]:
    """Prices and term, where either is new (CON-6)."""
    tariff, language = told.tariff, told.language
    if tariff is None or told.kind not in {"ModuleOrdered", "ModuleActivated", "ModuleScaled", "TariffChanged", "OptionAdded"}:
        return _still_agreed(told)
    if told.kind == "OptionAdded":
        article = tariff.article(told.facts["article"])
        if article is None:
            return []
        price = price_line(article, tariff, told.facts["quantity"], told.customer, language)
        return [f"{price}\n{vat_sentence(tariff, [article], told.customer, language)}"]
    options = told.facts.get("options", ())
    prices = price_paragraph(
        tariff, quantity=told.quantity, options=options, customer=told.customer, language=language, begins=told.kind == "ModuleOrdered"
    )
    if told.kind == "ModuleScaled":
        return [prices]
    if told.kind == "ModuleActivated":
        return [_term(told)]
    return [prices, _term(told)] if told.kind == "ModuleOrdered" else [prices, _term_of_change(told), _term(told)]


def _still_agreed(told: Told) -> list[str]:
    """Who withdraws a notice is told how to give it again, and to which day (CON-13)."""
    return [_term(told)] if told.kind == "CancellationWithdrawn" else []


def _term(told: Told) -> str:
    if told.tariff is None:
        return ""
    if told.lease is not None:
        months, (first, last) = told.lease.months, (long_day(day, told.language) for day in (told.lease.starts_on, told.lease.ends_on))
        return LEASED.to(told.language).format(months=months_said(months, told.language), first=first, last=last)
    is_consumer = told.customer.debtor_kind == "consumer"
    changes_on = date.fromisoformat(told.facts["day"]) if told.kind == "TariffChanged" else told.decided_on
    holds_from = max(told.decided_on, changes_on)
    return term_paragraph(
        told.tariff,
        counts_from=told.counts_from,
        holds_from=holds_from,
        is_consumer=is_consumer,
        language=told.language,
        planned=[one for one in told.planned if one.from_on > holds_from],
    )


def _term_of_change(told: Told) -> str:
    """Whether the new tariff begins a new term (CAT-25)."""
    return (NEW_TERM if told.facts.get("starts_new_term") else KEEPS_TERM).to(told.language)


def _ending(told: Told) -> list[str]:
    """What comes of an end: fees, what comes back, numbers, and how to go back on it (CON-6, CAT-26, CAT-27)."""
    facts, language = told.facts, told.language
    if told.kind not in {"ModuleCancelled", "OptionRemoved"}:
        return []
    fee = disconnect_fee(told.tariff, language) if told.tariff is not None and told.kind == "ModuleCancelled" else ""
    said = []
    if fee:
        said.append("no_fee" if facts.get("is_free") else "fee")
    if facts.get("returns"):
        said.append("returns")
    if told.kind == "ModuleCancelled":
        said += ["numbers"] if told.numbers and told.tariff is not None and told.tariff.is_telecom else []
        said.append("withdraw")
    names = {"fee": fee, "day": day_said(facts["day"], language)}
    return [" ".join(SENTENCES[name].to(language).format_map(names) for name in said)] if said else []


def _why(told: Told) -> str:
    """How the day came about (CON-13)."""
    facts, language = told.facts, told.language
    if facts.get("why"):
        return EXPLAINED.to(language).format(why=in_dutch(facts["why"]) if language == "nl" else facts["why"])
    if told.kind == "ModuleOrdered" and told.tariff is not None:
        starts: str = told.tariff.notice.starts
        chosen = "chosen" if starts == "start" and facts["day"] != facts.get("ordered_on") else starts
        return STARTS[chosen].to(language)
    return ""


def _suspended(told: Told) -> str:
    """What starts while late payment suspends the account starts suspended, and resumes by itself (CON-10)."""
    if told.still_works is None:
        return ""
    works = ", ".join(WORKS[one].to(told.language) if one in WORKS else one for one in told.still_works)
    return SUSPENDED.to(told.language).format(works=works)


def _module_rows(told: Told) -> list[tuple[str, str]]:
    """Which module it is: what it is called, its numbers, how many, from when, and what it is known by here."""
    facts, language = told.facts, told.language
    rows = {"service": told.tariff.title if told.tariff is not None else facts.get("title", "")}
    if told.kind not in {"SubjectAssigned", "NumberPortedOut"}:
        rows["numbers"] = _numbers(told)
    if told.kind == "ModuleOrdered":
        rows["quantity"] = _count(facts["quantity"], language)
        rows["start"] = day_said(facts["day"], language) if facts.get("day") else DELIVERY.to(language)
    rows["reference"] = told.reference
    return [(LABELS[name].to(language), value) for name, value in rows.items()]


def _numbers(told: Told) -> str:
    shown, more = told.numbers[:NUMBERS_SHOWN], len(told.numbers) - NUMBERS_SHOWN
    listed = ", ".join(shown)
    return f"{listed} (+ {more})" if more > 0 else listed


def _name(told: Told) -> str:
    """What the customer calls it: the title of its tariff, else, of something very old, the id."""
    return told.tariff.title if told.tariff is not None else told.facts.get("title") or told.reference


def _only_number(told: Told) -> str | None:
    numbers = [one["number"] for one in told.personal.get("numbers", ())]
    return numbers[0] if numbers else None


def _option(told: Told) -> str:
    """An option by its title (CAT-4)."""
    article_id = told.facts.get("article", "")
    article = told.tariff.article(article_id) if told.tariff is not None and article_id else None
    return article.title if article is not None else article_id


def _count(quantity: int | str, language: Language) -> str:
    return decimal(Decimal(quantity), language)


def _recorded(told: Told) -> str:
    """Who, when, through which channel (CON-6)."""
    language = told.language
    channel_id = told.facts["channel"]
    channel = CHANNELS[channel_id].to(language) if channel_id in CHANNELS else CHANNEL.to(language).format(channel=channel_id)
    said = RECORDED.to(language).format(when=long_day(told.decided_on, language), channel=channel, who=_who(told.actor, language))
    about = told.facts.get("about")
    return f"{said} {KNOWN_AS[about].to(language).format(reference=told.reference)}" if about is not None else said


def _who(actor: str, language: Language) -> str:
    """ "manager:piet" as "a member of our staff (piet)"; a name that only repeats the role is left out."""
    role, _, name = actor.partition(":")
    if role not in ROLES:
        return OURS.to(language)
    said = ROLES[role].to(language)
    return f"{said} ({name})" if name and name != role else said
