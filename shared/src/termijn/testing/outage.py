"""Outages: time passes while some services are down. Nobody turns their steps; what is sent to them waits in the transport."""

from collections.abc import Collection, Sequence
from datetime import datetime

from termijn.embedded.installation import Installation
from termijn.runtime.service import Service


async def pass_without(installation: Installation, target: datetime, *, down: Collection[str]) -> None:
    """Move the clock to ``target``; everything due in the services that are up happens in order, nothing in those that are down."""
    up = [service for service in installation.services if service.name not in down]
    assert len(up) + len(down) == len(installation.services), f"not all of {sorted(down)} are services"
    while True:
        await _settle(up)
        due = min([due for service in up if (due := await service.next_due()) is not None], default=None)
        if due is None or due.due_at > target:
            break
        if due.due_at > installation.clock.now():
            await installation.clock.advance_to(due.due_at)
        for service in up:
            while await service.fire(due):
                pass
    await installation.clock.advance_to(target)


async def _settle(up: Sequence[Service]) -> None:
    while True:
        moved = sum([await service.flow() for service in up])
        if not moved and all([await service.is_quiet() for service in up]):
            return
