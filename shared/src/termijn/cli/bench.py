"""``termijn bench``: how fast it is here, as figures with their ceilings."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from termijn.bench.measure import Figures, Say

app = typer.Typer(help="How fast is it here? Each figure beside the raw ceiling of the same rows.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]
Quick = Annotated[bool, typer.Option(help="Small sizes, to see that it works: the figures then say little.")]


def _size(text: str) -> typer.models.OptionInfo:
    return typer.Option(min=1, help=text)  # type: ignore[no-any-return]


@app.command()
def append(
    writers: Annotated[int, _size("Writers at once.")] = 16,
    batch: Annotated[int, _size("Events per transaction.")] = 10,
    seconds: Annotated[int, _size("How long.")] = 10,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Events appended per second; the ceiling is COPY over four connections."""
    from termijn.bench.append import append as measure  # noqa: PLC0415 - `--help` must not load the machinery

    _run(lambda say: measure(writers=writers, batch=batch, seconds=min(seconds, 1) if quick else seconds, say=say), as_json)


@app.command()
def command(
    accounts: Annotated[int, _size("Accounts that the messages are for.")] = 16,
    messages: Annotated[int, _size("Messages in pages; a fifth of it goes one by one.")] = 20_000,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """From message to committed events and outbox: one by one, in pages, and on one account."""
    from termijn.bench.command import command as measure  # noqa: PLC0415

    _run(lambda say: measure(accounts=accounts, messages=min(messages, 1_000) if quick else messages, say=say), as_json)


@app.command()
def timers(
    pending: Annotated[int, _size("Timers that wait; 50,000 of them are due.")] = 1_000_000,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Timers fired per second, each with its command; the ceiling is claiming and marking alone."""
    from termijn.bench.timers import timers as measure  # noqa: PLC0415

    _run(lambda say: measure(pending=min(pending, 2_000) if quick else pending, say=say), as_json)


@app.command()
def rebuild(
    events: Annotated[int, _size("Events in the store.")] = 200_000,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """All read models built anew, and compared; the ceiling is reading the same rows."""
    from termijn.bench.rebuild import rebuild as measure  # noqa: PLC0415

    _run(lambda say: measure(events=min(events, 3_000) if quick else events, say=say), as_json)


@app.command()
def transport(
    transport: Annotated[str, typer.Option(help="log or kafka.")] = "log",
    messages: Annotated[int, _size("Messages in the outbox.")] = 30_000,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """From outbox row to committed inbox row; the ceiling is producing and consuming alone."""
    from termijn.bench.transport import transport as measure  # noqa: PLC0415

    _run(lambda say: measure(messages=min(messages, 1_000) if quick else messages, name=transport, say=say), as_json)


@app.command()
def clock(
    accounts: Annotated[int, _size("Accounts, each with a running module that has no use.")] = 1_000,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Seconds to move the sandbox clock by a month in which nothing happens but closing it."""
    from termijn.bench.clock import clock as measure  # noqa: PLC0415

    _run(lambda say: measure(accounts=min(accounts, 10) if quick else accounts, say=say), as_json)


@app.command()
def demo(quick: Quick = False, as_json: AsJson = False) -> None:
    """Seconds of the demo, the events that it records and the timers that fire."""
    from termijn.bench.demo import demo as measure  # noqa: PLC0415

    _run(lambda say: measure(quick=quick, say=say), as_json)


def _run(measure: "Callable[[Say], Awaitable[Figures]]", as_json: bool) -> None:
    """Measure, say on standard error what is going on, and print."""
    console = Console(stderr=True)

    async def measured() -> "Figures":
        if not console.is_terminal:
            return await measure(lambda text: typer.echo(text, err=True))
        with console.status("starting") as status:
            return await measure(status.update)

    before = os.getloadavg()[0]
    figures = asyncio.run(measured())
    typer.echo(f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores", err=True)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table(show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value))
    Console().print(table)
