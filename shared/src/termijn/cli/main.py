"""The entry point: which commands there are, and what the caller sees when one is used wrongly.

A command is a module of this package with a typer ``app``. It is registered by a row of ``COMMANDS`` and imported only when
it is the one that runs, so that ``termijn --help`` answers at once.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import typer

from termijn.kernel.errors import Refusal

USAGE_ERROR = 2
"""Exit status where the input is wrong; 1 is left for what was asked rightly and failed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table: what the user types, one line of help, and the module with its ``app``."""

    name: str
    help: str
    module: str


COMMANDS: tuple[Entry, ...] = (
    Entry("explain", "Why this date, why this amount?", "termijn.cli.explain"),
    Entry("demo", "Six months of a provider, from orders to the bailiff.", "termijn.cli.demo"),
    Entry("up", "All services and their OpenAPI pages on one port.", "termijn.cli.up"),
    Entry("serve", "One service alone, for deployments.", "termijn.cli.serve"),
    Entry("verify", "Do the books hold?", "termijn.cli.verify"),
    Entry("clock", "Read the clock; in a sandbox, move it forward.", "termijn.cli.clock"),
    Entry("parked", "Accounts that wait for a person: list and replay.", "termijn.cli.parked"),
    Entry("republish", "Tell again what was told, for listeners that lost it.", "termijn.cli.republish"),
    Entry("backup", "Everything of an installation in one folder.", "termijn.cli.backup"),
    Entry("restore", "A backup into a new folder, or one service alone.", "termijn.cli.restore"),
    Entry("recover", "Let restored services go on, after looking.", "termijn.cli.recover"),
    Entry("retention", "Trim what is kept for a time only.", "termijn.cli.retention"),
    Entry("rebuild", "Build read models anew from the events.", "termijn.cli.rebuild"),
    Entry("import", "A catalogue from YAML: a plan first, then all of it or nothing.", "termijn.cli.importing"),
    Entry("export", "The catalogue as YAML, for version control.", "termijn.cli.exporting"),
    Entry("bench", "How fast is it here?", "termijn.cli.bench"),
    Entry("token", "A bearer token for a sandbox.", "termijn.cli.token"),
)

HELP = """Billing for ICT and telephony providers: correct to the cent and the day.

Try it:

\b
  termijn explain notice --rule monthly --ordered 2026-01-15 --given 2026-06-01
  termijn explain dunning --issued 2026-03-01 --due 2026-03-09

Every command explains itself: termijn COMMAND --help
"""


def build(chosen: str | None = None) -> typer.Typer:
    """The whole command line; only the ``chosen`` command is loaded, the others stand in the help with their line."""
    root = typer.Typer(name="termijn", help=HELP, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    root.callback()(_nothing)
    for entry in COMMANDS:
        app = import_module(entry.module).app if entry.name == chosen else typer.Typer()
        alone = app.registered_commands[0] if len(app.registered_commands) == 1 and not app.registered_callback else None
        if entry.name != chosen:
            root.command(entry.name, help=entry.help)(_nothing)
        elif alone is not None and alone.callback is not None:
            root.command(entry.name, help=alone.help)(alone.callback)
        else:
            root.add_typer(app, name=entry.name, help=entry.help)
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its status: 0 done, 1 failed, 2 wrong input (one line on standard error)."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    chosen = next((word for word in given if not word.startswith("-")), None)
    try:
        status = build(chosen)(given, prog_name="termijn", standalone_mode=False)
    except typer.TyperException as wrong:
        raise SystemExit(_complain(wrong.format_message(), USAGE_ERROR)) from None
    except Refusal as refusal:
        raise SystemExit(_complain(refusal.message, USAGE_ERROR)) from None
    except typer.Abort:
        raise SystemExit(130) from None
    raise SystemExit(status if isinstance(status, int) else 0)


def _complain(message: str, status: int) -> int:
    """One line, but for a group of commands called without one: that teaches by its help."""
    typer.echo(message if message.startswith("Usage: ") else "termijn: " + " ".join(message.split()), err=True)
    return status


def _nothing() -> None:
    pass


if __name__ == "__main__":
    main()
