"""The choices a provider makes about its contracts, as versioned data with defaults."""

from decimal import Decimal

import msgspec

from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate, Command

CURRENT = "current"
"""The key of the one policy stream of a provider."""


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


# -- State -----------------------------------------------------------------------------------------------------------


class CurrentPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The policy in force; version 0 is the defaults."""

    version: int = 0
    policy: Policy = Policy()


# -- Commands --------------------------------------------------------------------------------------------------------


class SetPolicy(Command, frozen=True, kw_only=True):
    """Replace the whole policy."""

    policy: Policy


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: SetPolicy, state: CurrentPolicy) -> list[PolicySet]:
    """A new version, or nothing where it says what is in force already."""
    if command.policy == state.policy and state.version:
        return []
    return [PolicySet(version=state.version + 1, policy=command.policy)]


def evolve(state: CurrentPolicy, event: PolicySet) -> CurrentPolicy:
    """The last one set counts."""
    return CurrentPolicy(version=event.version, policy=event.policy)


POLICY = Aggregate(
    name="contracts_policy", initial=CurrentPolicy(), decide=decide, evolve=evolve, state_type=CurrentPolicy, events=(PolicySet,)
)
