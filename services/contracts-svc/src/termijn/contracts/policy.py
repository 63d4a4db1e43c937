"""The choices a provider makes about its contracts, as versioned data with defaults."""

from decimal import Decimal

import msgspec

from termijn.events.base import Event
from termijn.runtime.setting import setting


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider may set.

    - ``serves_companies_only``: refuse consumer accounts (CAT-27).
    - ``vat_rates``: the percentages that a tariff or article may name (CAT-7).
    - ``never_suspended``: module kinds that late payment never reaches (DUN-9).
    - ``works_while_suspended``: what goes on in every suspended module (DUN-9, CON-10).
    """

    serves_companies_only: bool = True
    vat_rates: tuple[Decimal, ...] = (Decimal(0), Decimal(9), Decimal(21))
    never_suspended: tuple[str, ...] = ("domain",)
    works_while_suspended: tuple[str, ...] = ("emergency calls", "incoming calls", "stored data")


# -- Events: their names are stored forever --------------------------------------------------------------------------


class PolicySet(Event, frozen=True, kw_only=True):
    """This policy counts for decisions from now on; ``version`` is named by events that depended on it."""

    version: int
    policy: Policy


POLICY = setting("contracts_policy", event=PolicySet, field="policy", kind=Policy, initial=Policy())
