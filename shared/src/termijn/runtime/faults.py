"""Named places where a test kills the process, to prove that nothing is lost or done twice there.

Free when disarmed. Armed by ``TERMIJN_FAULT="name:nth"``: the nth time the process passes the place it gets SIGKILL, which
nothing can catch: no ``finally`` runs, no connection is closed in order, as when the power fails.
"""

import os
import signal

VARIABLE = "TERMIJN_FAULT"

POINTS = frozenset(
    {
        "consume.before_acknowledge",
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


class _Armed:
    """What is to be killed, and how many passings are left."""

    def __init__(self, point: str, left: int) -> None:
        self.point = point
        self.left = left


_armed: _Armed | None = None


def fault(point: str) -> None:
    """Pass the named place; the process ends here when it is armed and this is the passing."""
    if _armed is not None:
        _pass(_armed, point)


def arm(text: str | None) -> None:
    """Arm ``name:nth`` (nth counts from 1), or disarm with None. Raises ValueError for an unknown name."""
    global _armed  # noqa: PLW0603 - one process dies once; passing it through every call would cost the hot path
    if not text:
        _armed = None
        return
    point, _, nth = text.partition(":")
    if point not in POINTS or int(nth or "1") < 1:
        raise ValueError(f"no such fault point: {text}; there are {sorted(POINTS)}")
    _armed = _Armed(point, int(nth or "1"))


def _pass(armed: _Armed, point: str) -> None:
    assert point in POINTS, f"{point} is not declared in POINTS"
    if point == armed.point:
        armed.left -= 1
        if armed.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE))
