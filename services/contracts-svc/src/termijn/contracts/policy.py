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
    - ``hardware_warranty_months``, ``settings_warranty_days``: the provider's own warranty (CON-12).
    - ``lease_warning_days``: how long before the end of a lease a manager gets a task (CON-11).
    """

    serves_companies_only: bool = True
    vat_rates: tuple[Decimal, ...] = (Decimal(0), Decimal(9), Decimal(21))
    never_suspended: tuple[str, ...] = ("domain",)
    works_while_suspended: tuple[str, ...] = ("emergency calls", "incoming calls", "stored data")
    hardware_warranty_months: int = 12
    settings_warranty_days: int = 14
    lease_warning_days: int = 30


# -- Events: their names are stored forever --------------------------------------------------------------------------


class PolicySet(Event, frozen=True, kw_only=True):
    """This policy counts for decisions from now on; ``version`` is named by events that depended on it."""

    version: int
    policy: Policy


POLICY = setting("contracts_policy", event=PolicySet, field="policy", kind=Policy, initial=Policy())
