"""What a usage record names: a phone number, an extension, a workplace, in the one spelling that can be compared (USE-2).

Who writes an owner down and who looks one up spell by this one rule, so that a record finds its module.
"""

from functools import lru_cache

import phonenumbers

from termijn.kernel.errors import InvalidInput

REGION = "NL"
"""Numbers without a country code are Dutch."""
SUBJECT_CHARACTERS_MAX = 64
"""Longer than any number, extension or workplace: what is longer is a mistake in a file."""
NUMBERS_KEPT = 65_536
"""Numbers remembered: normalising takes 0.1 ms, and a provider's customers call the same numbers over and over."""
_SHORTEST_NATIONAL = 9
"""Digits with the trunk zero: fewer is an extension ("101"), not a subscriber number."""
_PUNCTUATION = str.maketrans("", "", " -.()/\t\u00a0")


@lru_cache(maxsize=NUMBERS_KEPT)
def called_number(text: str) -> str:
    """A called number as E.164; the text itself, trimmed, where it is no number of any plan (then no rate will be found for it)."""
    trimmed = text.strip()
    number = _parsed(trimmed)
    return trimmed if number is None else phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=NUMBERS_KEPT)
def subject_name(text: str) -> str:
    """The name by which a subject is looked up: a phone number as E.164, an extension or workplace in lower case as it is.

    "020 123 45 67", "0031201234567" and "+31201234567" are one subject; extension "101" stays "101".
    """
    trimmed = text.strip()
    compact = trimmed.translate(_PUNCTUATION)
    digits = compact.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return trimmed.lower()
    is_number = compact.startswith("+") or (compact.startswith("0") and len(digits) >= _SHORTEST_NATIONAL)
    return called_number(compact) if is_number else trimmed.lower()


def accepted_subject(text: str) -> str:
    """The name of a subject that somebody gives to a module.

    Raises ``InvalidInput`` where a text with a plus is no possible phone number, or is empty, too long or unprintable (SEC-4).
    """
    trimmed = text.strip()
    if not trimmed or len(trimmed) > SUBJECT_CHARACTERS_MAX or not trimmed.isprintable():
        raise InvalidInput(field="subject", reason=f"is not 1 to {SUBJECT_CHARACTERS_MAX} printable characters")
    compact = trimmed.translate(_PUNCTUATION)
    if compact.startswith("+"):
        number = _parsed(compact) if compact[1:].isascii() and compact[1:].isdigit() else None
        if number is None or not phonenumbers.is_possible_number(number):
            raise InvalidInput(field="subject", reason="is not a phone number")
    return subject_name(trimmed)


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
