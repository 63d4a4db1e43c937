"""What a usage record names: a phone number, an extension, a workplace (USE-2), in the one spelling that can be compared."""

import phonenumbers

from termijn.kernel.errors import InvalidInput

SUBJECT_CHARACTERS_MAX = 64
HOME_COUNTRY = "NL"
SHORTEST_NATIONAL_DIGITS = 9
"""Digits with the trunk zero: fewer is an extension ("0101"). Records are looked up by the same rule."""
_SEPARATORS = str.maketrans("", "", " -.()/\t\u00a0")


def spelled(subject: str) -> str:
    """The subject as it is stored: phone numbers in E.164, anything else as given, in lower case.

    "020 123 4567", "0031201234567" and "+31 20 1234567" are one number. Raises ``InvalidInput`` where a text with a plus is
    no phone number, or is empty, too long or unprintable.
    """
    text = subject.strip()
    if not text or len(text) > SUBJECT_CHARACTERS_MAX or not text.isprintable():
        raise InvalidInput(field="subject", reason=f"is not 1 to {SUBJECT_CHARACTERS_MAX} printable characters")
    compact = text.translate(_SEPARATORS)
    digits = compact.removeprefix("+")
    is_number = digits.isascii() and digits.isdigit()
    is_national = is_number and compact.startswith("0") and len(digits) >= SHORTEST_NATIONAL_DIGITS
    if (is_number and compact.startswith("+")) or is_national:
        number = _parsed(compact)
        if number is not None and (is_national or phonenumbers.is_possible_number(number)):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if compact.startswith("+"):
        raise InvalidInput(field="subject", reason="is not a phone number")
    return text.lower()


def _parsed(compact: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(compact, HOME_COUNTRY)
    except phonenumbers.NumberParseException:
        return None
