"""What contracts-svc refuses, and why.

The tree::

    Refusal
    ├── InvalidInput
    │   ├── BadTariff             422  a tariff breaks CAT-7, the field is named
    │   ├── BadDeck               422  a rate deck has bad rows: all of them, with numbers and reasons (CAT-9)
    │   └── DateNotPossible       422  the notice rule does not allow that day; the next one that it does is named (CON-4)
    ├── NotAllowed
    │   ├── ManagerOnly           403  only a manager may do this (SEC-2)
    │   ├── ConsumersNotServed    403  the provider serves companies only (CAT-27)
    │   └── LongTermForConsumer   403  a first term over 24 months of telecommunication (CAT-26)
    ├── NotFound
    └── Conflict
        ├── AlreadyThere          409  the id is taken
        ├── NoMandate             409  no active direct debit mandate and no exemption (CON-2)
        ├── NoLongTermConsent     409  a first term over 24 months without the account's separate consent (CAT-26)
        ├── SuspendedForDefault   409  the account owes what is overdue; only a manager orders for it (CON-10)
        ├── TerminatedForDefault  409  modules were terminated for default; a manager orders next (CON-10)
        ├── MandateNotUsable      409  it was revoked, blocked or has expired (PAY-1)
        ├── NotYetDelivered       409  terms count from a delivery that has not been reported (CAT-25)
        ├── MustBeAnnounced       409  a migration tells of other prices a month before (CAT-5, CAT-10)
        ├── ModuleIsOver          409  it ended or was terminated
        ├── AlreadyCancelled      409  notice was given before
        ├── NotCancelled          409  there is no notice to withdraw
        ├── EndsBefore            409  the change would start after the module's last day
        └── SubjectTaken          409  a module owns the subject in that time already (USE-2)
"""

from termijn.kernel.errors import Conflict, InvalidInput, NotAllowed


class BadTariff(InvalidInput):
    """{field}: {reason}"""


class BadDeck(InvalidInput):
    """{bad_rows} bad rows, nothing was loaded: {summary}"""


class DateNotPossible(InvalidInput):
    """{field}: {asked} is not possible; {possible} is ({why})"""


class ManagerOnly(NotAllowed):
    """Only a manager may {reason}."""


class ConsumersNotServed(NotAllowed):
    """This provider serves companies only."""


class LongTermForConsumer(NotAllowed):
    """A first term of {months} months is over 24: no consumer is bound for so long by a telecommunication contract."""


class NoLongTermConsent(Conflict):
    """A first term of {months} months is over 24: it needs the account's separate consent on file."""


class SuspendedForDefault(Conflict):
    """The account is suspended since {since} ({reason}); it can order again once that is paid."""


class TerminatedForDefault(Conflict):
    """Modules of the account were terminated for default; a manager decides on its next order."""


class MandateNotUsable(Conflict):
    """The mandate is {state}; a new one is needed."""


class AlreadyThere(Conflict):
    """The {what} {id} exists already."""


class NoMandate(Conflict):
    """The account has no active direct debit mandate; a manager may exempt it, with a reason."""


class NotYetDelivered(Conflict):
    """The module has not been delivered yet, so its term does not run; a manager can still call the order off."""


class MustBeAnnounced(Conflict):
    """Other prices under the same tariff are announced: start a migration, or say where the customer's request is on file."""


class ModuleIsOver(Conflict):
    """The module ended on {ended_on}."""


class AlreadyCancelled(Conflict):
    """Notice was given already: the module ends on {ends_on}. Withdraw it first."""


class NotCancelled(Conflict):
    """No notice was given, so there is none to withdraw."""


class EndsBefore(Conflict):
    """The module ends on {ends_on}, before the change would start on {from_on}."""


class SubjectTaken(Conflict):
    """{subject} belongs to a module in that time already."""


class NotDeletable(Conflict):
    """The account cannot be deleted yet: {reason}."""


class NotBeingDeleted(Conflict):
    """The account is not being deleted."""
