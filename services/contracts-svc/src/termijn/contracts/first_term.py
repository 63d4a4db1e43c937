"""How long a telecommunication module may bind at first (CAT-26; Telecommunicatiewet 7.2a)."""

from termijn.contracts.errors import LongTermForConsumer, NoLongTermConsent
from termijn.kernel.tariff import Tariff

LONG_TERM_MONTHS = 24
"""A longer first term of telecommunication binds only who agreed to it separately."""


def check_first_term(tariff: Tariff, *, is_consumer: bool, consented_months: int) -> None:
    """A first term over 24 months needs the account's separate consent on file; for a consumer it is refused (CAT-26).

    ``consented_months`` is the longest first term that the account agreed to in writing, 0 where it never did. Asked at the
    order and at each change of tariff: a module that moves to such a tariff is bound as long as one that was ordered under it.
    """
    months = tariff.notice.minimum_term_months
    if not tariff.is_telecom or months <= LONG_TERM_MONTHS:
        return
    if is_consumer:
        raise LongTermForConsumer(field="tariff_id", months=months)
    if consented_months < months:
        raise NoLongTermConsent(field="tariff_id", months=months)
