"""The story as a finance person reads it: month by month what happened on which day, then the totals."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from termijn.demo.office import PROFILE
from termijn.demo.outcome import Document, Outcome
from termijn.demo.population import FIRST_DAY, Customer
from termijn.demo.story_changes import changes
from termijn.kernel.period import Month

Line = tuple[date, int, str]
"""Day, order within the day, sentence."""

STEP_NAMES = {
    "reminder": "reminder",
    "second_reminder": "second reminder",
    "formal_notice": "formal notice",
    "final_demand": "final demand",
    "suspension_warning": "warning of suspension",
}


def euros(amount: Decimal) -> str:
    """An amount as it is read: thousands apart, two decimals."""
    return f"€ {amount:,.2f}"


def bare(amount: Decimal) -> str:
    """An amount in a table of euros."""
    return f"{amount:,.2f}"


def tell(console: Console, outcome: Outcome, customers: Sequence[Customer], *, seed: int) -> None:
    """Print all of it."""
    names = {customer.account_id: customer.name for customer in customers}
    console.rule(f"[bold]{PROFILE['name']}, six months (seed {seed})")
    by_month: dict[Month, list[Line]] = defaultdict(list)
    for line in _lines(outcome, customers, names):
        by_month[Month.of(line[0])].append(line)
    for month in sorted(by_month, key=str):
        console.print(f"\n[bold]{month.first:%B %Y}")
        for on, _, sentence in sorted(by_month[month]):
            console.print(f"  [cyan]{on:%a} {on.day:2d}[/cyan]  {sentence}", highlight=False, soft_wrap=True)
    console.print()
    console.print(_months(outcome))
    console.print(_dunning(outcome))
    _balance(console, outcome, names)


def _lines(outcome: Outcome, customers: Sequence[Customer], names: dict[str, str]) -> Iterator[Line]:
    yield from _office_lines(outcome, customers)
    yield from _call_lines(outcome)
    yield from _invoice_lines(outcome, names)
    yield from _bank_lines(outcome, names)
    yield from _dunning_lines(outcome, names)


def _office_lines(outcome: Outcome, customers: Sequence[Customer]) -> Iterator[Line]:
    took = outcome.accepted
    yield (
        FIRST_DAY,
        0,
        f"{took['tariff']} tariffs and {took['deck']} rate decks published; {took['account']} accounts opened, {took['mandate']} with a "
        f"mandate, {took['exemption']} by transfer; {took['order']} modules ordered.",
    )
    delivered: dict[date, list[str]] = defaultdict(list)
    for customer in customers:
        for order in customer.orders:
            if order.ordered_on != FIRST_DAY:
                yield order.ordered_on, 1, f"{customer.name} orders {order.quantity} of {order.tariff_id}, in the middle of the month."
            if order.delivered_on:
                delivered[order.delivered_on].append(f"{order.tariff_id} to {customer.name}")
    for on, sentence in changes(customers, outcome):
        yield on, 3, sentence
    for on, lines in delivered.items():
        yield on, 2, f"Delivered, so that term and billing start: {'; '.join(lines).removesuffix('.')}."


def _call_lines(outcome: Outcome) -> Iterator[Line]:
    by_day = defaultdict(list)
    for file in outcome.files:
        by_day[file.on].append(file)
    for on, files in by_day.items():
        accepted, duplicates = sum(f.accepted for f in files), sum(f.duplicates for f in files)
        not_billable, suspended = sum(f.not_billable for f in files), sum(f.suspended for f in files)
        suspense = f", {suspended} to suspense" if suspended else ""
        late = " [yellow]Late[/yellow]: the month was closed before it came." if any(f.is_late for f in files) else ""
        yield (
            on,
            -1,
            f"Call records: {_count(len(files), 'file')}, {accepted:,} calls to bill, {not_billable:,} lines not "
            f"billable, {duplicates} seen before{suspense}.{late}",
        )


def _invoice_lines(outcome: Outcome, names: dict[str, str]) -> Iterator[Line]:
    by_day: dict[date, list[Document]] = defaultdict(list)
    for document in outcome.documents:
        by_day[document.issued_on].append(document)
    for on, documents in by_day.items():
        invoices = [d for d in documents if d.gross > 0 and d.stream == "subscription"]
        for other in (d for d in documents if d.gross > 0 and d.stream != "subscription"):
            days = f"due on {other.due_on.day} {other.due_on:%B}" if other.due_on else "no due day"
            yield (
                on,
                5,
                f"[bold]Invoice[/bold] {other.number} to {names[other.account]} for {other.stream}: net {euros(other.net)}, {days}.",
            )
        credits = [d for d in documents if d.gross < 0]
        debited = sum(d.is_debited for d in invoices)
        net, gross = euros(_sum(d.net for d in invoices)), euros(_sum(d.gross for d in invoices))
        if invoices:
            numbers = f"{invoices[0].number} to {invoices[-1].number}" if len(invoices) > 1 else invoices[0].number
            yield (
                on,
                5,
                f"[bold]Invoice run[/bold]: {_count(len(invoices), 'invoice')} ({numbers}), net {net}, with VAT {gross}; "
                f"{debited} by direct debit, {len(invoices) - debited} by transfer.",
            )
        for credit in credits:
            yield on, 6, f"Credit note {credit.number} for {credit.account}: {euros(credit.gross)}."


def _bank_lines(outcome: Outcome, names: dict[str, str]) -> Iterator[Line]:
    documents = {document.invoice_id: document for document in outcome.documents}
    collected: dict[date, list[Decimal]] = defaultdict(list)
    transferred: dict[date, list[Decimal]] = defaultdict(list)
    for payment in outcome.payments:
        invoice = documents[payment.invoice_id]
        if not payment.is_debit and invoice.due_on and payment.booked_on > invoice.due_on:
            days = f"{(payment.booked_on - invoice.due_on).days} days late, day {(payment.booked_on - invoice.issued_on).days}"
            sentence = f"[green]Paid late[/green]: {names[payment.account]}, {euros(payment.amount)} for {invoice.number}, {days}."
            yield payment.booked_on, 12, sentence
        else:
            (collected if payment.is_debit else transferred)[payment.booked_on].append(payment.amount)
    for on, amounts in collected.items():
        yield on, 10, f"The bank collects {_count(len(amounts), 'direct debit')}: {euros(_sum(amounts))}."
    for on, amounts in transferred.items():
        yield on, 11, f"{_count(len(amounts), 'transfer')} received in time: {euros(_sum(amounts))}."
    for back in outcome.reversals:
        assert back.reversed_on is not None
        yield back.reversed_on, 12, f"[red]Reversal[/red] {back.reason_code}: {names[back.account]}, {euros(back.amount)} taken back."


def _dunning_lines(outcome: Outcome, names: dict[str, str]) -> Iterator[Line]:
    numbers = {document.invoice_id: document.number for document in outcome.documents}
    for letter in outcome.letters:
        step = STEP_NAMES.get(letter.step, letter.step)
        yield letter.on, 8, f"[yellow]{step.capitalize()}[/yellow] to {names[letter.account]} about {numbers[letter.invoice_id]}."
    for on, account in outcome.suspensions:
        yield on, 9, f"[red]Suspended[/red]: {names[account]}, a structural late payer, a week after the warning."
    for on, account in outcome.resumptions:
        yield on, 13, f"[green]Resumed[/green]: {names[account]} paid all that was overdue."
    for handover in outcome.handovers:
        days = (handover.handover_date - handover.invoice_date).days
        claim = handover.principal + handover.collection_costs + handover.interest
        yield (
            handover.handover_date,
            14,
            f"[red bold]To the bailiff[/red bold]: {handover.number} of {names[handover.account]}, day {days}; principal "
            f"{euros(handover.principal)}, costs {euros(handover.collection_costs)}, interest {euros(handover.interest)}: {euros(claim)}.",
        )


def _months(outcome: Outcome) -> Table:
    table = Table(title="Invoiced and received, in euros", title_justify="left", show_footer=True)
    for title in ("Month", "Number", "Net", "With VAT", "Debited", "Transfers", "Reversed"):
        table.add_column(title, justify="left" if title == "Month" else "right", no_wrap=True)
    months = sorted({str(Month.of(d.issued_on)) for d in outcome.documents} | {str(Month.of(p.booked_on)) for p in outcome.payments})
    rows = [_month_row(outcome, month) for month in months]
    for month, (count, amounts) in zip(months, rows, strict=True):
        table.add_row(month, str(count), *map(bare, amounts))
    table.columns[1].footer = str(sum(count for count, _ in rows))
    for column, place in zip(table.columns[2:], range(5), strict=True):
        column.footer = bare(_sum(amounts[place] for _, amounts in rows))
    table.columns[0].footer = "Total"
    return table


def _month_row(outcome: Outcome, month: str) -> tuple[int, list[Decimal]]:
    documents = [d for d in outcome.documents if str(Month.of(d.issued_on)) == month]
    payments = [p for p in outcome.payments if str(Month.of(p.booked_on)) == month]
    return sum(d.gross > 0 for d in documents), [
        _sum(d.net for d in documents),
        _sum(d.gross for d in documents),
        _sum(p.amount for p in payments if p.is_debit),
        _sum(p.amount for p in payments if not p.is_debit),
        _sum(r.amount for r in outcome.reversals if r.reversed_on and str(Month.of(r.reversed_on)) == month),
    ]


def _dunning(outcome: Outcome) -> Table:
    table = Table(title="Dunning", title_justify="left")
    table.add_column("Step")
    table.add_column("Times", justify="right")
    counts: Counter[str] = outcome.letters_by_step
    for step, name in STEP_NAMES.items():
        table.add_row(name.capitalize(), str(counts[step]))
    table.add_row("Suspended, resumed", f"{len(outcome.suspensions)}, {len(outcome.resumptions)}")
    table.add_row("Handed over to the bailiff", str(len(outcome.handovers)))
    return table


def _balance(console: Console, outcome: Outcome, names: dict[str, str]) -> None:
    still_open = [d for d in outcome.documents if d.open_amount != 0]
    invoiced = _sum(d.gross for d in outcome.documents)
    received = _sum(p.amount for p in outcome.payments) - _sum(r.amount for r in outcome.reversals)
    console.print(f"Invoiced {euros(invoiced)}, received {euros(received)}, open {euros(_sum(d.open_amount for d in still_open))}.")
    overdue = [d for d in still_open if d.due_on and d.due_on < max(document.issued_on for document in outcome.documents)]
    for document in overdue:
        console.print(f"  overdue: {document.number} of {names[document.account]}, due {document.due_on}, {euros(document.open_amount)}")
    for reason, count in outcome.suspense_reasons:
        console.print(f"In suspense: {count} calls, {reason}.")
    if outcome.broken_laws:
        console.print("[red bold]The books do not hold:")
        for law in outcome.broken_laws:
            console.print(f"  [red]{law}", soft_wrap=True)
    else:
        console.print("[green]The books hold: every law of every service was checked.")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
