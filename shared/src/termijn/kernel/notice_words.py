"""The steps of a notice in Dutch. Events keep them as ``notice.ending`` says them, in English; customers read their own language."""

import re

from termijn.kernel.words import MONTHS

# {a} and {b} are days, {m} a number of months, {rest} another step.
_DUTCH = {
    "notice on {a}": "opgezegd op {a}",
    "{m}": "{m}",
    "{m} later": "{m} later",
    "to month end": "tot het einde van de maand",
    "minimum term of {m} from {a} to {b}": "minimumtermijn van {m}, van {a} tot en met {b}",
    "term of {m} to {a}": "termijn van {m} tot en met {a}",
    "too late for {a}: last day for notice was {b}": "te laat voor {a}: de laatste dag om op te zeggen was {b}",
    "in time: last day for notice is {a}": "op tijd: de laatste dag om op te zeggen is {a}",
    "renewed by {m} to {a}": "verlengd met {m} tot en met {a}",
    "the rule alone gives {a}": "de opzegregel alleen geeft {a}",
    "telecommunication: a month after notice is {a}": "telecommunicatie: een maand na de opzegging is {a}",
    "telecommunication: first term to {a}": "telecommunicatie: eerste termijn tot en met {a}",
    "consumer: a month after notice is {a}": "consument: een maand na de opzegging is {a}",
    "consumer: first term to {a}": "consument: eerste termijn tot en met {a}",
    "notice rule {name}": "opzegregel {name}",
    "ordered on {a}": "besteld op {a}",
    "another quantity counts from the first of the next month": "een ander aantal telt vanaf de eerste van de volgende maand",
    "more counts from the order and ends with the term": "een hoger aantal telt vanaf de bestelling en eindigt met de termijn",
    "a manager let it start at once": "een medewerker liet het meteen ingaan",
    "less is a cancellation of that part": "een lager aantal is een opzegging van dat deel",
    "leased until {a}": "de lease loopt tot en met {a}",
    "that gives {a}, when the new term runs that was agreed from {b}": (
        "dat geeft {a}, en dan loopt de nieuwe termijn die vanaf {b} is afgesproken"
    ),
    "not before its start on {a}": "niet voor de ingangsdatum, {a}",
    "counts from {a}": "telt vanaf {a}",
    "no term runs before the delivery": "voor de oplevering loopt er geen termijn",
    "called off by a manager before delivery": "door een medewerker ingetrokken voor de oplevering",
    "the option has a notice rule of its own": "de optie heeft een eigen opzegregel",
    "the option ends by the rule of its tariff": "de optie eindigt volgens de regel van het tarief",
    "the new tariff does not have this option": "het nieuwe tarief heeft deze optie niet",
    "a new term starts, as the customer confirmed on {a}": "er gaat een nieuwe termijn in, door u bevestigd op {a}",
    "a number was ported out on {a}, which counts as notice": "op {a} is een nummer overgedragen, wat als opzegging geldt",
    "prices change on {a}": "de prijzen wijzigen op {a}",
    "until the day before the contract may end free of charge": "tot en met de dag ervoor kan de overeenkomst kosteloos eindigen",
    "ends at once": "eindigt meteen",
    "ends {a}": "eindigt op {a}",
    "{a} was chosen by a manager": "{a} is door een medewerker gekozen",
    "{a} was chosen, later than the earliest day: {rest}": "{a} is gekozen, later dan de eerst mogelijke dag: {rest}",
    "the notice rule gives: {rest}": "de opzegregel geeft: {rest}",
}
_RULES = {"none": "zonder opzegtermijn", "monthly": "per maand", "yearly": "per jaar", "licence-year": "licentiejaar"}
"""Rules that a customer knows by what they do; one of a provider's own making keeps its name."""
_TERM_RULE = re.compile(r"term:(\d+)", re.ASCII)
_DAY = r"\d{1,2} (?:" + "|".join(MONTHS["en"]) + r") \d{4}"
_SHAPES = {"a": _DAY, "b": _DAY, "m": r"(?:one|\d+) (?:full )?months?", "rest": ".+", "name": ".+"}
_WORDS = {"one": "één", "full": "volle", "month": "maand", "months": "maanden"} | dict(zip(MONTHS["en"], MONTHS["nl"], strict=True))


def _pattern(english: str) -> re.Pattern[str]:
    text = re.escape(english).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(text.format_map({name: f"(?P<{name}>{shape})" for name, shape in _SHAPES.items()}))


_PATTERNS = [(_pattern(english), dutch) for english, dutch in _DUTCH.items()]


def in_dutch(explanation: str) -> str:
    """Steps that are joined by "; ", in Dutch. What is none of the known steps stays as it is."""
    return "; ".join(_step(step) for step in explanation.split("; "))


def _step(step: str) -> str:
    for pattern, dutch in _PATTERNS:
        if found := pattern.fullmatch(step):
            parts = found.groupdict()
            said = {"rest": _step, "name": _rule}
            return dutch.format_map({name: said.get(name, _worded)(part) for name, part in parts.items()})
    return step


def _rule(name: str) -> str:
    """The name of a notice rule as a customer reads it."""
    found = _TERM_RULE.fullmatch(name)
    return f"{found[1]} maanden, daarna per maand" if found is not None else _RULES.get(name, name)


def _worded(part: str) -> str:
    """A day or a number of months, word for word."""
    return " ".join(_WORDS.get(word, word) for word in part.split())
