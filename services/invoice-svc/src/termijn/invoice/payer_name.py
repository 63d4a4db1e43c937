"""Whether two ways of writing a name mean one payer: a bank writes BAKKERIJ JANSEN BV where the contract says Bakkerij Jansen B.V."""

import re
import unicodedata

_LEGAL_FORMS = frozenset({"bv", "nv", "vof", "cv"})
"""What banks and people leave out at the end of a company's name."""
_WORDS = re.compile(r"[a-z0-9]+")


def name_key(name: str) -> str:
    """The name without case, accents, punctuation and legal form; empty where nothing is left of it (TIM-3)."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(letter))
    # "B.V." is one word with dots in it, "Jansen & Zn" three words without.
    words = _WORDS.findall(re.sub(r"(?<=\b[a-z])\.", "", plain))
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return "".join(words)
