"""Which of dunning's facts the others hear of: the only place that talks. Pure, so that publishing again gives the same."""

from collections.abc import Sequence

from termijn.dunning.account_event import CaseReopened, CaseStarted
from termijn.events import dunning as public
from termijn.events.base import Event
from termijn.runtime.handling import Recorded


def publish(recorded: Recorded) -> Sequence[Event]:
    """The public events of one private event; most are told as they are recorded, plans and waits stay in the house."""
    event = recorded.event
    if isinstance(event, CaseStarted | CaseReopened):
        return [_opened(event)]
    return [event] if isinstance(event, public.PUBLIC) else []


def _opened(event: CaseStarted | CaseReopened) -> public.CaseOpened:
    return public.CaseOpened(
        case_id=event.case_id,
        invoice_id=event.invoice_id,
        number=event.miss.number,
        open_amount=event.miss.open_amount,
        opened_on=event.opened_on,
    )
