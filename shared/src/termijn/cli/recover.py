"""``termijn recover``: what a restored service lacks is put back, what is found is said, and a person lets it go on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation
from termijn.cli.served import Served, with_served

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation
    from termijn.keeping.recovery import Finding
    from termijn.runtime.service import Service

app = typer.Typer()

LINES_MAX = 20
"""Of one kind of finding; the rest is counted."""


@app.command()
def recover(
    confirm: Annotated[bool, typer.Option("--confirm", help="Let the services go on, where nothing forbids it.")] = False,
    accept_loss: Annotated[bool, typer.Option("--accept-loss", help="Also where something is lost for good.")] = False,
    served: Served = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Bring restored services up to their journals, say what was found, and with --confirm let them go on.

    Exit status 1 where a service stays held although it was to be released.

    \b
    termijn recover --confirm
    termijn recover --served invoice --confirm
    """

    async def in_folder(installation: "Installation") -> bool:
        is_stuck = await look(installation.services, confirm=confirm, accept_loss=accept_loss)
        if confirm and not is_stuck:
            await installation.settle()
        return is_stuck

    async def alone(service: "Service") -> bool:
        return await look([service], confirm=confirm, accept_loss=accept_loss)

    is_stuck = with_installation(folder, in_folder) if served is None else with_served(served, alone)
    raise typer.Exit(1 if is_stuck else 0)


async def look(services: "Sequence[Service]", *, confirm: bool, accept_loss: bool) -> bool:
    """Examine them, say what was found, release what may be; whether one was to be released and may not."""
    from termijn.keeping.recovery import examine, release  # noqa: PLC0415 - `--help` loads no service

    # All of them before any is released: how far others have heard a service is asked of what is put back.
    found = [(service, await examine(service, services)) for service in services]
    is_stuck = is_any = False
    for service, finding in found:
        if finding.needs_recovery:
            may = confirm and not finding.forbids and (accept_loss or not finding.losses)
            if may:
                await release(service, finding)
            is_any, is_stuck = True, is_stuck or (confirm and not may)
            for line in said(finding, is_released=may, is_asked=confirm):
                typer.echo(line)
    if not is_any:
        typer.echo("No service is held.")
    return is_stuck


def said(finding: "Finding", *, is_released: bool, is_asked: bool) -> list[str]:
    """What was found, for people."""
    lines = [f"{finding.service}: {finding.reason or 'what it is to read next is not there any more'}."]
    if (done := finding.caught_up) is not None:
        lines.append(f"  Put back from the journal: {done.events} events, {done.messages} messages, {done.timers} timers fired before.")
        if done.unsettled:
            lines.append(f"  {len(done.unsettled)} messages waited or were parked; they are read again.")
    if finding.erased:
        lines.append(f"  Erased again: {finding.erased} accounts that were deleted since.")
    lines += [
        f"  Series {s.series} {s.year} of {s.provider}: last number {s.last_number}, {s.documents} documents." for s in finding.series
    ]
    lines += [f"  {lost}. {_brought_by(lost.place[0])}" for lost in finding.lost_places]
    lines += _some("  Forbids release: ", finding.forbids) + _some("  Lost: ", finding.losses)
    if is_released:
        lines.append("  Released; it goes on.")
    elif finding.forbids:
        lines.append("  It stays held. Restore a later backup, or bring the journal's missing segments back.")
    elif finding.losses and is_asked:
        lines.append("  It stays held; --accept-loss lets it go on without what is lost.")
    else:
        state = "It is held" if finding.reason is not None else "It reads nothing meanwhile"
        lines.append(f"  {state}; `termijn recover --confirm` lets it go on.")
    return lines


def _brought_by(topic: str) -> str:
    """Who can bring again what is gone from a topic."""
    from termijn.runtime.service import TOPICS  # noqa: PLC0415 - `--help` loads no service

    publisher = next((service for service, own in TOPICS.items() if own == topic), None)
    if publisher is None:
        return "Have its collectors send again what they sent since; what is known counts once."
    return f"Have it told again: termijn republish --service {publisher} --since DATE"


def _some(head: str, lines: list[str]) -> list[str]:
    shown = [head + line for line in lines[:LINES_MAX]]
    return shown + ([f"{head}and {len(lines) - LINES_MAX} more"] if len(lines) > LINES_MAX else [])
