"""Which details of an account a change touches, and who must hear of it besides: addresses that it left (CON-6, CON-8)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from termijn.contracts.account_state import DetailsChanged, OpenAccount
from termijn.events.contracts import AccountChanged, Party

NOT_TOLD = frozenset({"facts.account_manager", "facts.is_test"})
"""What is the provider's own business: nobody is written to because a colleague takes over its accounts."""


def details_changed(before: OpenAccount, after: AccountChanged) -> DetailsChanged | None:
    """What to confirm of the change; None where it touches nothing of the customer's."""
    old, new = dict(_details(before)), dict(_details(after))
    fields = tuple(name for name in {**old, **new} if old.get(name) != new.get(name))
    if not fields:
        return None
    return DetailsChanged(
        fields=fields,
        values=tuple(msgspec.json.encode(new.get(name)).decode() for name in fields),
        left=tuple(sorted(_addresses(before) - _addresses(after))),
    )


def _details(account: OpenAccount | AccountChanged) -> Iterator[tuple[str, Any]]:
    """Each detail by its dotted name; what is empty is not there."""
    for name in ("contract_partner", "invoice_address"):
        party: Party | None = getattr(account, name)
        for field in Party.__struct_fields__ if party is not None else ():
            yield f"{name}.{field}", getattr(party, field) or None
    yield "recipients", account.recipients or None
    for field in account.facts.__struct_fields__:
        if f"facts.{field}" not in NOT_TOLD:
            yield f"facts.{field}", getattr(account.facts, field)


def _addresses(account: OpenAccount | AccountChanged) -> set[str]:
    """Every e-mail address that the account names."""
    parties = [party.email for party in (account.contract_partner, account.invoice_address) if party is not None]
    return {address for address in [*parties, *(one.email for one in account.recipients or ())] if address}
