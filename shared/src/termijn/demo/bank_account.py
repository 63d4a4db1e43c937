"""Bank account and VAT numbers that hold up to every check, though nobody has them."""

_BANKS = ("INGB", "RABO", "ABNA", "TRIO", "SNSB", "KNAB")


def _eleven_test(digits: str) -> bool:
    """The Dutch bank account check: digits weighted from 10 down to 1 add up to a multiple of 11."""
    return sum(int(digit) * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0


def iban(index: int) -> str:
    """The ``index``-th Dutch IBAN: an account number that passes the eleven test, under ISO 13616 check digits."""
    number = 417_164_300 + 1_234_567 * index
    while not _eleven_test(f"{number:010d}"):
        number += 1
    bban = f"{_BANKS[index % len(_BANKS)]}{number:010d}"
    as_digits = "".join(str(int(character, 36)) for character in bban + "NL00")
    return f"NL{98 - int(as_digits) % 97:02d}{bban}"


def vat_number(index: int) -> str:
    """The ``index``-th Dutch VAT number: NL, a number that passes the eleven test of the tax office, B01."""
    number = 812_345_600 + 10_007 * index
    while not _rsin(f"{number:09d}"):
        number += 1
    return f"NL{number:09d}B01"


def _rsin(digits: str) -> bool:
    weighted = sum(int(digit) * weight for digit, weight in zip(digits[:8], range(9, 1, -1), strict=True))
    return (weighted - int(digits[8])) % 11 == 0


def creditor_id(chamber_of_commerce: str) -> str:
    """The SEPA creditor identifier of a Dutch company: NL, check digits, ZZZ, chamber of commerce number, location 0000."""
    national = f"{chamber_of_commerce}0000"
    as_digits = "".join(str(int(character, 36)) for character in f"{national}NL00")
    return f"NL{98 - int(as_digits) % 97:02d}ZZZ{national}"
