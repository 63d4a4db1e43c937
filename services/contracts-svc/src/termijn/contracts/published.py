"""What contracts-svc tells the others: private event to public event, and nowhere else.

The published language uses the words of this service, so events pass unchanged; what is listed here is told, the rest
(admissions, policy, confirmations) is this service's own business.
"""

from collections.abc import Sequence

from termijn.events.base import Event
from termijn.events.contracts import PUBLIC
from termijn.runtime.handling import Recorded


def publish(recorded: Recorded) -> Sequence[Event]:
    """The public events that follow from a private one: itself, or none. Pure, so that it can be published again."""
    return (recorded.event,) if isinstance(recorded.event, PUBLIC) else ()
