"""What a confirmation says, in the language of the account (CON-6). The same facts give the same text."""

import textwrap
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from termijn.contracts.goods_confirmation import ABOUT, SENTENCES, SUBJECTS
from termijn.contracts.price_letter import KINDS, price_letter
from termijn.kernel.notice_words import in_dutch
from termijn.kernel.words import Language, decimal, euros, long_day

WIDTH = 78
"""Characters of a line: what mail programs show without breaking it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """One language. ``subjects`` and ``sentences`` are by kind of event; ``roles`` and ``channels`` by the names that are recorded."""

    subjects: dict[str, str]
    sentences: dict[str, str]
    delivery: str
    explanation: str
    module: str
    recorded: str
    roles: dict[str, str]
    ours: str
    channels: dict[str, str]
    channel: str
    greeting: str
    wrong: str
    closing: str


_DUTCH = _Words(
    subjects={
        "ModuleOrdered": "Bevestiging van uw bestelling",
        "ModuleScaled": "Bevestiging van uw wijziging",
        "TariffChanged": "Bevestiging van uw wijziging",
        "OptionAdded": "Bevestiging van uw bestelling",
        "OptionRemoved": "Bevestiging van uw opzegging",
        "ModuleCancelled": "Bevestiging van uw opzegging",
        "CancellationWithdrawn": "Uw opzegging is ingetrokken",
        "NumberPortedOut": "Bevestiging van uw nummeroverdracht",
    },
    sentences={
        "ModuleOrdered": "Hartelijk dank voor uw bestelling van {title} (aantal: {quantity}). De ingangsdatum is {day}.",
        "ModuleScaled": "Wij bevestigen dat het aantal wordt gewijzigd in {quantity}, met ingang van {day}.",
        "TariffChanged": "Wij bevestigen dat u overgaat naar het tarief {title}, met ingang van {day}.",
        "OptionAdded": "Wij bevestigen uw bestelling van de optie {article} (aantal: {quantity}), met ingang van {day}.",
        "OptionRemoved": "Wij bevestigen dat de optie {article} eindigt. De laatste dag is {day}.",
        "ModuleCancelled": "Wij hebben uw opzegging van {notice} verwerkt. De laatste dag van uw overeenkomst is {day}.",
        "CancellationWithdrawn": "Wij bevestigen dat uw opzegging is ingetrokken. Uw overeenkomst loopt door.",
        "NumberPortedOut": "Wij bevestigen dat een nummer van deze module op {day} is overgedragen aan een andere aanbieder.",
    },
    delivery="de dag van oplevering",
    explanation="Zo komen wij aan die datum: {why}.",
    module="Het gaat om module {module}.",
    recorded="Dit is op {when} {channel} vastgelegd door {who}.",
    roles={"customer": "uzelf", "manager": "een medewerker van ons", "ops": "een medewerker van ons"},
    ours="ons systeem",
    channels={
        "api": "langs elektronische weg",
        "email": "per e-mail",
        "indexation": "bij de indexatie van onze prijzen",
        "migration": "bij een nieuwe versie van uw tarief",
        "e-mail": "per e-mail",
        "letter": "per brief",
        "phone": "telefonisch",
        "portal": "via uw klantomgeving",
        "porting": "bij de nummeroverdracht",
        "telefoon": "telefonisch",
        "web": "via onze website",
    },
    channel='via het kanaal "{channel}"',
    greeting="Geachte heer of mevrouw,",
    wrong="Klopt er iets niet? Laat het ons dan weten door op dit bericht te antwoorden.",
    closing="Met vriendelijke groet,\n\nDe klantenservice",
)

_ENGLISH = _Words(
    subjects={
        "ModuleOrdered": "Confirmation of your order",
        "ModuleScaled": "Confirmation of your change",
        "TariffChanged": "Confirmation of your change",
        "OptionAdded": "Confirmation of your order",
        "OptionRemoved": "Confirmation of your cancellation",
        "ModuleCancelled": "Confirmation of your cancellation",
        "CancellationWithdrawn": "Your cancellation was withdrawn",
        "NumberPortedOut": "Confirmation that your number was ported",
    },
    sentences={
        "ModuleOrdered": "Thank you for your order of {title} (quantity: {quantity}). It starts on {day}.",
        "ModuleScaled": "We confirm that the quantity changes to {quantity}, as of {day}.",
        "TariffChanged": "We confirm that you change to the tariff {title}, as of {day}.",
        "OptionAdded": "We confirm your order of the option {article} (quantity: {quantity}), as of {day}.",
        "OptionRemoved": "We confirm that the option {article} ends. Its last day is {day}.",
        "ModuleCancelled": "We have dealt with your notice of {notice}. The last day of your contract is {day}.",
        "CancellationWithdrawn": "We confirm that your notice was withdrawn. Your contract goes on.",
        "NumberPortedOut": "We confirm that a number of this module was ported to another provider on {day}.",
    },
    delivery="the day of delivery",
    explanation="This is how we arrive at that date: {why}.",
    module="This is about module {module}.",
    recorded="It was recorded on {when} {channel} by {who}.",
    roles={"customer": "yourself", "manager": "a member of our staff", "ops": "a member of our staff"},
    ours="our system",
    channels={
        "api": "electronically",
        "email": "by e-mail",
        "indexation": "at the indexation of our prices",
        "migration": "with a new version of your tariff",
        "e-mail": "by e-mail",
        "letter": "by letter",
        "phone": "by telephone",
        "portal": "through your customer pages",
        "porting": "with the porting of the number",
        "telefoon": "by telephone",
        "web": "through our website",
    },
    channel='through the channel "{channel}"',
    greeting="Dear Sir or Madam,",
    wrong="Is something not right? Please tell us by answering this message.",
    closing="Yours sincerely,\n\nCustomer service",
)

_LANGUAGES: dict[Language, _Words] = {"nl": _DUTCH, "en": _ENGLISH}


def text(kind: str, facts: dict[str, Any], *, language: Language, module_id: str, when: date, actor: str) -> tuple[str, str]:
    """Subject and body: what was decided, who did it, when and through which channel (CON-6). ``facts`` are of ``facts_of``."""
    if kind in KINDS:
        return price_letter(kind, facts, language=language, module_id=module_id)
    words = _LANGUAGES[language]
    told = {**facts, **{name: _day(facts.get(name), words, language) for name in ("day", "notice")}}
    if "quantity" in facts:
        told["quantity"] = decimal(Decimal(facts["quantity"]), language)
    if "net" in facts:
        told["net"] = euros(Decimal(facts["net"]), language)
    sentence = words.sentences.get(kind) or SENTENCES[language][kind]
    about = ABOUT[language][facts["about"]] if "about" in facts else words.module
    channel = words.channels.get(facts["channel"], words.channel.format(channel=facts["channel"]))
    recorded = words.recorded.format(when=long_day(when, language), channel=channel, who=_who(actor, words))
    paragraphs = [sentence.format_map(told), f"{about.format(module=module_id)} {recorded}", words.wrong]
    if facts.get("why"):
        why = in_dutch(facts["why"]) if language == "nl" else facts["why"]
        paragraphs.insert(1, words.explanation.format(why=why))
    body = [words.greeting, *(textwrap.fill(one, WIDTH, break_on_hyphens=False) for one in paragraphs), words.closing]
    return f"{words.subjects.get(kind) or SUBJECTS[language][kind]} ({module_id})", "\n\n".join(body) + "\n"


def _day(iso: str | None, words: _Words, language: Language) -> str:
    return words.delivery if iso is None else long_day(date.fromisoformat(iso), language)


def _who(actor: str, words: _Words) -> str:
    """ "manager:piet" as "a member of our staff (piet)"; a name that only repeats the role is left out."""
    role, _, name = actor.partition(":")
    if role not in words.roles:
        return words.ours
    return f"{words.roles[role]} ({name})" if name and name != role else words.roles[role]
