"""Named places where a test kills the process, to prove that nothing is lost or done twice there.

Free when disarmed. Armed by ``TERMIJN_FAULT="name:nth"``: the nth time the process passes the place it gets SIGKILL, which
nothing can catch: no ``finally`` runs, no connection is closed in order, as when the power fails. A simulation, which lives
in the same process, watches the places instead and raises there.
"""

import os
import signal
from collections.abc import Callable

VARIABLE = "TERMIJN_FAULT"

POINTS = frozenset(
    {
        "consume.before_acknowledge",
        "erasure.key_destroyed",
        "journal.after_append",
        "log.after_append",
        "log.before_append",
        "mail.after_send",
        "mail.before_send",
        "projector.before_commit",
        "relay.after_delete",
        "relay.after_number",
        "relay.after_publish",
        "timers.after_claim",
        "write.after_commit",
        "write.before_commit",
    }
)
"""All of them; a test walks through the list and another checks that the code has no others."""


Watcher = Callable[[str], None]
"""Told the name of each place that is passed; what it raises is raised there."""

_watcher: Watcher | None = None


def fault(point: str) -> None:
    """Pass the named place; the process ends here when it is armed and this is the passing."""
    if _watcher is not None:
        assert point in POINTS, f"{point} is not declared in POINTS"
        _watcher(point)


def watch(watcher: Watcher | None) -> None:
    """Have ``watcher`` told of every passing, or nobody any more with None."""
    global _watcher  # noqa: PLW0603 - one process dies once; passing it through every call would cost the hot path
    _watcher = watcher


def arm(text: str | None) -> None:
    """Arm ``name:nth`` (nth counts from 1), or disarm with None. Raises ValueError for an unknown name."""
    if not text:
        watch(None)
        return
    point, _, nth = text.partition(":")
    if point not in POINTS or int(nth or "1") < 1:
        raise ValueError(f"no such fault point: {text}; there are {sorted(POINTS)}")
    watch(_Killer(point, int(nth or "1")))


class _Killer:
    """Kills at the nth passing of a place."""

    def __init__(self, point: str, left: int) -> None:
        self._point = point
        self._left = left

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE))
