"""``termijn explain``: why this date, why this amount (CON-13).

No database and no server: the pure functions that the services decide with answer here too. One JSON object on standard
output; wrong input is one line on standard error and exit status 2.
"""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from termijn.dunning.ladder import plan
from termijn.dunning.policy import Policy
from termijn.dunning.policy import check as check_policy
from termijn.invoice.carry_over import plan as plan_invoices
from termijn.invoice.policy import Policy as InvoicePolicy
from termijn.invoice.support_run import run_days
from termijn.kernel.errors import InvalidInput
from termijn.kernel.notice import check, ending, named
from termijn.kernel.tariff import NoticeRule

app = typer.Typer(rich_markup_mode=None)

FILE_BYTES_MAX = 1 << 20
"""A rule or policy is a screenful; a megabyte is somebody's mistake."""

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""No contract is older, and nobody plans further; calendar sums stay within what a date can hold."""

RUN_YEARS_MAX = 50
"""Runs are listed for as long as somebody plans ahead."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,2})?", re.ASCII)
StructT = TypeVar("StructT", bound=msgspec.Struct)


def day(text: str) -> date:
    """A day from "2026-06-01". Raises ``typer.BadParameter`` for anything else."""
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise typer.BadParameter(f"{text!r} is no date (YYYY-MM-DD)")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise typer.BadParameter(f"{text} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return found


@app.callback()
def explain() -> None:
    """Why this date, why this amount? Answers from the same functions that decide, without a database or a server."""


@app.command()
def notice(
    *,
    rule: Annotated[str, typer.Option(metavar="RULE", help="none, monthly, yearly, licence-year, term:N, or a file with a rule.")],
    ordered: Annotated[date, typer.Option(parser=day, metavar="DATE", help="The day that terms count from: order, delivery or start.")],
    given: Annotated[date, typer.Option(parser=day, metavar="DATE", help="The day that notice is given.")],
    telecom: Annotated[bool, typer.Option("--telecom", help="A telecommunication module: the law caps its notice at a month.")] = False,
    consumer: Annotated[bool, typer.Option("--consumer", help="A consumer's module: a month at most after the first term.")] = False,
    steps: Annotated[bool, typer.Option("--steps", help="Also say which rule was used and how the date came about.")] = False,
) -> None:
    """When does a contract end after notice?

    \b
    termijn explain notice --rule yearly --ordered 2025-08-08 --given 2026-05-06
    {"ends_on": "2026-08-07", "last_notice_day": "2026-05-06", "renews_on": "2026-08-08"}

    A rule of your own is a JSON file, and every field may be left out:

    \b
    {"minimum_term_months": 12, "notice_months": 3,
     "alignment": "term", "renewal_months": 12}

    Alignment is day, month_end or term: the days on which a contract can end.
    """
    found = notice_rule(rule)
    answer = ending(found, counts_from=ordered, given=given, is_telecom=telecom, is_consumer=consumer)
    shown: dict[str, object] = {"ends_on": answer.ends_on, "last_notice_day": answer.last_notice_day, "renews_on": answer.renews_on}
    if steps:
        shown |= {"rule": msgspec.to_builtins(found), "steps": answer.steps}
    show(shown)


@app.command()
def dunning(
    issued: Annotated[date, typer.Option(parser=day, metavar="DATE", help="The invoice date.")],
    due: Annotated[date, typer.Option(parser=day, metavar="DATE", help="The due date; after a reversal the reversal day.")],
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="The provider's dunning policy as JSON; else the defaults.")] = None,
) -> None:
    """Which dunning step falls on which day, if nothing is paid?

    \b
    termijn explain dunning --issued 2026-03-01 --due 2026-03-31

    A policy file holds what differs from the defaults:

    \b
    {"days_between_steps": 7, "ladder": [
      {"step": "reminder", "counts_from": "due", "days": 3},
      {"step": "bailiff", "counts_from": "invoice", "days": 60}]}
    """
    if due < issued:
        raise typer.BadParameter(f"{due} is before the invoice date {issued}", param_hint="'--due'")
    chosen = Policy() if policy is None else read_struct(policy, Policy)
    check_policy(chosen)
    show({"steps": [{"step": step, "on": on} for step, on in plan(issued, due, chosen)]})


@app.command()
def runs(
    *,
    first: Annotated[date, typer.Option("--from", parser=day, metavar="DATE", help="The first day.")],
    last: Annotated[date, typer.Option("--to", parser=day, metavar="DATE", help="The last day, included.")],
) -> None:
    """On which days are subscriptions and support billed?

    \b
    termijn explain runs --from 2026-03-01 --to 2026-03-31
    {"subscription": ["2026-03-01"], "support": ["2026-03-02", "2026-03-16"]}
    """
    _check_span(first, last)
    policy = InvoicePolicy()
    show({stream: run_days(stream, first, last, policy) for stream in ("subscription", "support")})


@app.command()
def carry(
    *,
    stream: Annotated[str, typer.Option(metavar="STREAM", help="subscription or support.")],
    amounts: Annotated[str, typer.Option(metavar="DATE=AMOUNT,...", help="The new amount of each run, net.")],
) -> None:
    """Which invoice does the new amount of each run land on?

    \b
    termijn explain carry --stream support --amounts 2026-02-02=20.00,2026-03-02=40.00
    {"invoices": [], "carried": "60.00"}
    """
    if stream not in ("subscription", "support"):
        raise typer.BadParameter(f"{stream!r} is neither subscription nor support", param_hint="'--stream'")
    given = [_run_amount(part) for part in amounts.split(",")] if amounts.strip() else []
    if given:
        _check_span(min(run_on for run_on, _ in given), max(run_on for run_on, _ in given))
    policy = InvoicePolicy()
    invoices, carried = plan_invoices(
        given,
        minimum=policy.minimum(stream),
        # From the first of the month: a run on the 15th is not the quarter's only because the list begins with it.
        run_days=lambda first, last: run_days(stream, first.replace(day=1), last, policy),
    )
    shown = [{"on": one.on, "runs": one.runs, "net": f"{one.net:.2f}"} for one in invoices]
    show({"invoices": shown, "carried": f"{carried:.2f}"})


def _check_span(first: date, last: date) -> None:
    if last < first:
        raise typer.BadParameter(f"{last} is before {first}")
    if last.year - first.year > RUN_YEARS_MAX:
        raise typer.BadParameter(f"from {first} to {last} is over {RUN_YEARS_MAX} years")


def _run_amount(text: str) -> tuple[date, Decimal]:
    run_on, _, amount = text.strip().partition("=")
    if not _AMOUNT.fullmatch(amount.strip()):
        raise typer.BadParameter(f"{text!r} is no DATE=AMOUNT", param_hint="'--amounts'")
    return day(run_on.strip()), Decimal(amount.strip())


def notice_rule(text: str) -> NoticeRule:
    """A named rule or a file with one as data (CAT-25). A name wins over a file of that name. Raises ``InvalidInput``."""
    try:
        return named(text)
    except InvalidInput:
        if not is_a_path(text):
            raise
    rule = read_struct(Path(text), NoticeRule, defaults={"name": Path(text).stem})
    check(rule)
    return rule


def is_a_path(text: str) -> bool:
    """Something of that name is there; False as well for what cannot be a name."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def read_struct(path: Path, kind: type[StructT], *, defaults: dict[str, object] | None = None) -> StructT:
    """A JSON file as a struct. Unknown fields are refused: a misspelt one would silently take its default. Raises ``InvalidInput``."""
    data = read_json(path)
    if not isinstance(data, dict):
        raise InvalidInput(field=str(path), reason="must be one JSON object")
    unknown = sorted(set(data) - {field.encode_name for field in msgspec.structs.fields(kind)})
    if unknown:
        raise InvalidInput(field=str(path), reason=f"unknown field {unknown[0]!r}")
    try:
        return msgspec.convert((defaults or {}) | data, kind)
    except msgspec.ValidationError as wrong:
        raise InvalidInput(field=str(path), reason=str(wrong)) from None


def read_json(path: Path) -> Any:
    """What a JSON file holds; numbers with a fraction as exact decimals. Raises ``InvalidInput`` where it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as wrong:
        raise InvalidInput(field=str(path), reason=getattr(wrong, "strerror", None) or "cannot be read") from None
    if len(content) > FILE_BYTES_MAX:
        raise InvalidInput(field=str(path), reason=f"is larger than {FILE_BYTES_MAX} bytes")
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=str)
    except (ValueError, RecursionError) as wrong:
        raise InvalidInput(field=str(path), reason=f"is no JSON: {wrong}") from None


def show(answer: dict[str, object]) -> None:
    """One JSON object on standard output. Dates are ISO 8601, amounts texts with two decimals."""
    typer.echo(json.dumps(msgspec.to_builtins(answer)))
