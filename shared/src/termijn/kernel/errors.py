"""Refusals: what a caller is told when a command cannot be carried out.

The tree::

    Refusal                    a rule says no; nothing changed                    (never raised itself)
    ├── InvalidInput           422  the input itself is wrong, the field is named
    ├── NotAllowed             403  this actor may not do this
    ├── NotFound               404  there is no such thing for this provider
    └── Conflict               409  right in itself, but not in the present state
        ├── VersionMismatch    412  somebody changed it meanwhile (If-Match)
        └── Busy               503  contention; the same call may succeed in a moment

A service derives its own refusals from these in its ``errors.py``. The class docstring is the message; ``{placeholders}``
are filled from the keyword arguments of the constructor.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class Refusal(Exception):
    """The request was refused."""

    status: ClassVar[int] = 409
    retry_helps: ClassVar[bool] = False

    def __init__(self, *, field: str | None = None, errors: Sequence[Mapping[str, str]] = (), **facts: object) -> None:
        """``field`` names the offending input (dotted path); ``facts`` fill the placeholders of the class docstring.

        ``errors`` is for a refusal with several reasons: a ``field`` and a ``detail`` each.
        """
        self.field = field
        self.errors = tuple(errors)
        self.facts = facts
        doc = " ".join((type(self).__doc__ or type(self).__name__).split())
        self.message = doc.format_map(_Known(facts, field=field))
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The stable name that a client may branch on."""
        return type(self).__name__


class _Known(dict[str, object]):
    def __init__(self, facts: dict[str, object], *, field: str | None) -> None:
        super().__init__(facts)
        self.setdefault("field", field)

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class InvalidInput(Refusal):
    """{field}: {reason}"""

    status = 422


class NotAllowed(Refusal):
    """You are not allowed to do this: {reason}"""

    status = 403


class NotFound(Refusal):
    """There is no {what} {id}."""

    status = 404


class Conflict(Refusal):
    """{reason}"""

    status = 409


class VersionMismatch(Conflict):
    """This was changed meanwhile: you named version {named}, the current version is {current}. Read it again and retry."""

    status = 412


class Busy(Conflict):
    """Many changes reach this at once; try again in a moment."""

    status = 503
    retry_helps = True
