"""What rating tells the world: the only place that talks."""

from collections.abc import Sequence

from termijn.events.base import Event
from termijn.events.rating import PUBLIC
from termijn.runtime.handling import Recorded


def published(recorded: Recorded) -> Sequence[Event]:
    """Charges and closings as they were decided; everything else stays private."""
    return (recorded.event,) if isinstance(recorded.event, PUBLIC) else ()
