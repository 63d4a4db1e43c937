"""What a usage record names: a phone number, an extension, a workplace (USE-2), in the one spelling that can be compared."""

import phonenumbers

from termijn.kernel.errors import InvalidInput

SUBJECT_CHARACTERS_MAX = 64
HOME_COUNTRY = "NL"
_SEPARATORS = str.maketrans("", "", " -.()/")


def spelled(subject: str) -> str:
    """The subject as it is stored: phone numbers in E.164, anything else as given, in lower case.

    "020 123 4567", "0031201234567" and "+31 20 1234567" are one number. Raises ``InvalidInput`` where a text with a plus is
    no phone number, or is empty, too long or unprintable.
    """
    text = subject.strip()
    if not text or len(text) > SUBJECT_CHARACTERS_MAX or not text.isprintable():
        raise InvalidInput(field="subject", reason=f"is not 1 to {SUBJECT_CHARACTERS_MAX} printable characters")
    digits = text.translate(_SEPARATORS)
    if digits.startswith("+") or (digits.startswith("0") and digits.isdecimal()):
        number = _parsed("+" + digits[2:] if digits.startswith("00") else digits)
        if number is not None:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if digits.startswith("+"):
        raise InvalidInput(field="subject", reason="is not a phone number")
    return text.lower()


def _parsed(digits: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(digits, HOME_COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None
