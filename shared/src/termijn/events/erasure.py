"""Deleting an account (CON-7): contracts-svc asks, the others answer, and only when all are ready the keys go. Names are stored forever.

The first five are told by contracts-svc; rating-svc, invoice-svc and dunning-svc each tell the last three.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from termijn.events.base import Event

ObstacleKind = Literal[
    "module_runs",
    "goods_open",
    "project_open",
    "unbilled",
    "in_suspense",
    "carried_over",
    "open",
    "in_credit",
    "in_bank_file",
    "undelivered",
    "in_dunning",
    "with_bailiff",
    "letter_due",
    "parked",
]
"""Why an account cannot be deleted yet: what is still to come, to be paid, to be billed, or to be looked at by a person."""


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that stands in the way. ``subject`` is its id (a module, a document, a month) where it has one; ``until`` a last day."""

    kind: ObstacleKind
    subject: str = ""
    amount: Decimal | None = None
    until: date | None = None


class ErasureConsidered(Event, frozen=True, kw_only=True):
    """Every module of the account was cancelled or is over: from now on say what stands in the way of deleting it, anew when it changes."""

    question: str


class AccountDeletionRequested(Event, frozen=True, kw_only=True):
    """The account is to be deleted. From now on nobody has access to it; ``ErasureRequested`` follows."""

    question: str


class ErasureRequested(Event, frozen=True, kw_only=True):
    """Are you ready to forget the account? Asked again as a further ``attempt`` while somebody is not, or does not answer."""

    question: str
    attempt: int


class AccountDeletionEnded(Event, frozen=True, kw_only=True):
    """The account stays after all, and access is open again."""

    question: str
    reason: Literal["withdrawn", "took_too_long", "changed_meanwhile"]


class AccountDeleted(Event, frozen=True, kw_only=True):
    """All were ready: access is closed for good and the key of its personal data goes. What a service still has of it, it erases."""

    question: str
    deleted_at: datetime


class ErasureReady(Event, frozen=True, kw_only=True):
    """Nothing stands in the way here. ``mandate_needed_until``: the last day on which a debit can come back and its proof is asked for."""

    question: str
    attempt: int
    mandate_needed_until: date | None = None


class ErasureHeld(Event, frozen=True, kw_only=True):
    """This stands in the way here; another answer follows when it changes."""

    question: str
    attempt: int
    obstacles: tuple[Obstacle, ...]


class ErasureDone(Event, frozen=True, kw_only=True):
    """This service has erased what it had of the account, but for what it must keep."""

    question: str


ASKED: tuple[type[Event], ...] = (ErasureConsidered, AccountDeletionRequested, ErasureRequested, AccountDeletionEnded, AccountDeleted)
ANSWERED: tuple[type[Event], ...] = (ErasureReady, ErasureHeld, ErasureDone)
