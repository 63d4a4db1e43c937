"""``termijn clock``: what time it is here, and moving it forward in a sandbox (TIM-2)."""

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation
from termijn.kernel.calendar import add_months, at, day_of
from termijn.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

app = typer.Typer(help="Read the clock; in a sandbox, move it forward.", no_args_is_help=True)


@app.command()
def show(folder: Folder = DEFAULT_FOLDER) -> None:
    """Print the domain time of the installation."""

    async def act(installation: "Installation") -> datetime:
        return installation.clock.now()

    typer.echo(with_installation(folder, act).isoformat())


@app.command()
def advance(
    to: Annotated[str, typer.Argument(help="A day (2026-08-01), an instant (2026-08-01T10:00:00+02:00), or a step: 3d, 2w, 1m.")],
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Move the sandbox clock forward. All that is due in between happens, in order, in every service, before this returns.

    Example: termijn clock advance 1m
    """

    async def act(installation: "Installation") -> tuple[int, datetime]:
        target = target_of(to, installation.clock.now())
        return await installation.advance_to(target), installation.clock.now()

    fired, now = with_installation(folder, act)
    typer.echo(f"It is {now.isoformat()} now; {fired} timers fired.")


def target_of(text: str, now: datetime) -> datetime:
    """The instant that the user means. Raises ``InvalidInput``."""
    step = re.fullmatch(r"(\d{1,4})([dwm])", text)
    if step is not None:
        number, unit = int(step[1]), step[2]
        if unit == "m":
            return at(add_months(day_of(now), number), "00:00")
        return now + timedelta(days=number * (7 if unit == "w" else 1))
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return at(date.fromisoformat(text), "00:00")
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field="to", reason=f"{text!r} is no day, no instant and no step such as 3d, 2w or 1m") from None
    if instant.tzinfo is None:
        raise InvalidInput(field="to", reason="an instant needs its offset, such as +02:00 or Z")
    return instant
