"""What a key is for: it decides when it goes, and with it all that it sealed (CON-7)."""

ACCOUNT_PURPOSE = "account"
"""Personal data that goes when the account is deleted."""

MANDATE_PURPOSE = "mandate"
"""The proof of a mandate: goes 14 months after the last collection of a deleted account (PAY-1, PAY-4)."""

_TAX = "tax-"
TAX_YEARS_KEPT = 7
"""Full years after the fiscal year that its documents are kept (Algemene wet inzake rijksbelastingen, art. 52)."""


def tax_purpose(fiscal_year: int) -> str:
    """Documents of that year: go ``TAX_YEARS_KEPT`` years after its end. The fiscal year is the calendar year."""
    return f"{_TAX}{fiscal_year}"
