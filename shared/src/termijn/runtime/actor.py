"""Who did it: recorded with every event (SEC-3), and a person's name where a customer did (CON-7).

Employees, services and timers are named in the open. A customer's name is sealed under the account's key wherever it is kept or sent:
it opens for whoever may read the history, and goes with the account, of which "customer" is left.
"""

from typing import Protocol

_CUSTOMER = "customer"
_SEALED = "customer:s1."


class _Seals(Protocol):
    def seal(self, account: str, plain: bytes, purpose: str = ...) -> str: ...
    def open(self, account: str, sealed: str) -> bytes | None: ...


def is_person(actor: str) -> bool:
    """Whether this names a customer."""
    return actor.startswith(f"{_CUSTOMER}:")


def sealed_actor(actor: str, account: str, sealer: _Seals) -> str:
    """As it is kept and sent."""
    return f"{_CUSTOMER}:{sealer.seal(account, actor.encode())}" if is_person(actor) else actor


def opened_actor(kept: str, account: str, sealer: _Seals) -> str:
    """As it was; "customer" once the key is gone."""
    if not kept.startswith(_SEALED):
        return kept
    plain = sealer.open(account, kept.partition(":")[2])
    return _CUSTOMER if plain is None else plain.decode()


def is_sealed_actor(kept: str) -> bool:
    """Whether opening it needs a key."""
    return kept.startswith(_SEALED)


SEALED_IN_META = f'"{_SEALED}'
"""By this a stored event is known to need a key for its actor alone."""
