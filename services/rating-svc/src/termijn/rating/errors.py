"""What rating-svc refuses.

The tree::

    Refusal
    ├── InvalidInput
    │   ├── BadUsage            422  a usage event is not what the format says
    │   ├── BadCallRecordFile   422  the file as a whole cannot be read
    │   └── BadRateDeck         422  a rate deck cannot be compiled
    └── Conflict
        └── NotAClosing         409  a month is closed that nobody waits for
"""

from termijn.kernel.errors import Conflict, InvalidInput


class BadUsage(InvalidInput):
    """{field}: {reason}"""


class BadCallRecordFile(InvalidInput):
    """{field}: {reason}"""


class BadRateDeck(InvalidInput):
    """The rate deck cannot be used: {reason}"""


class NotAClosing(Conflict):
    """The period {period} of this account is not the one that is to be closed ({awaited} is)."""
