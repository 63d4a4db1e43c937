"""How long things take in the log of the embedded default."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Machine times of the log.

    ``keep``: records stay at least this long, also when every group has passed them. ``look_every_s``: how soon a member sees
    that the group changed. ``lease_s``: how long a process may stand still before its partitions go to others.
    ``poll_every_s``: how soon records from another process are seen (from the same process: at once).
    """

    keep: timedelta = timedelta(days=1)
    look_every_s: float = 2.0
    lease_s: float = 30.0
    poll_every_s: float = 0.1
    trim_every_s: float = 60.0
