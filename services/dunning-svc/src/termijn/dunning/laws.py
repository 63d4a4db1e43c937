"""What must hold in the database of dunning-svc at every moment; ``termijn verify`` asks."""

from collections.abc import Mapping

from termijn.dunning.erasure import SQL as ERASURE
from termijn.runtime.erasure import laws_with
from termijn.runtime.laws import Law
from termijn.runtime.sql import load

SQL = load("termijn.dunning", "laws.sql")

_SENTENCES = {
    "one_letter_a_day": "No account gets two letters on one day (DUN-1).",
    "letters_keep_their_distance": "No case has two letters within five days of each other, and no letter of the ladder twice (DUN-2).",
    "no_early_handover": "No claim goes to the bailiff before sixty days after its invoice date (DUN-5).",
    "no_letter_after_handover": "No letter goes out for a claim that is with the bailiff (DUN-5).",
    "open_case_waits_for_something": "Every open case has a date ahead, or names what it waits for (TIM-1).",
    "closed_case_waits_for_nothing": "No date is ahead for a case that is over (DUN-6).",
    "suspended_owes": "Whoever is suspended owes something (DUN-9).",
    "one_case_per_invoice": "No invoice has two cases (DUN-1).",
}

LAWS: tuple[Law, ...] = (
    *(Law(name=name, sentence=sentence, sql=SQL[name]) for name, sentence in _SENTENCES.items()),
    *laws_with(ERASURE["nothing_left"]),
)

SUMS: Mapping[str, str] = {name: SQL[name] for name in ("in_dunning", "with_bailiff")}
"""Per account, gross euros: what is open of running cases, and of claims with the bailiff. Invoice-svc has both as open."""
