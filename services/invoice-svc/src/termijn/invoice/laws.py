"""What must hold in this service's database at every moment, and the sums that it is compared by with others."""

from termijn.invoice.erasure import SQL as ERASURE
from termijn.runtime.erasure import laws_with
from termijn.runtime.laws import Law
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "laws.sql")

LAWS: tuple[Law, ...] = (
    Law(
        name="numbers_are_gapless",
        sentence="Each series of each year has every number from 1 to its last, once (INV-7).",
        sql=SQL["numbers_are_gapless"],
    ),
    Law(
        name="dates_do_not_go_down",
        sentence="Within a series, dates never go down as numbers go up (INV-7).",
        sql=SQL["dates_do_not_go_down"],
    ),
    Law(
        name="numbers_are_documents",
        sentence="Each number given is one issued document, and each issued document has its number from the series (INV-7).",
        sql=SQL["numbers_are_documents"],
    ),
    Law(
        name="lines_are_in_one_place",
        sentence="Each charge line is on exactly one document, on a draft, carried over or waiting (INV-17).",
        sql=SQL["lines_are_in_one_place"],
    ),
    Law(
        name="documents_are_their_lines",
        sentence="A document's net amount is the sum of its lines, and its gross amount the net and its VAT (INV-8, INV-17).",
        sql=SQL["documents_are_their_lines"],
    ),
    Law(
        name="invoiced_is_accounted_for",
        sentence="Of every invoice: invoiced = paid + open + credited + written off.",
        sql=SQL["invoiced_is_accounted_for"],
    ),
    Law(
        name="payments_are_kept",
        sentence="Every payment that was not taken back is what its invoice took plus what became a credit of the account (PAY-6).",
        sql=SQL["payments_are_kept"],
    ),
    Law(
        name="credit_notes_are_owed",
        sentence="Every credit note is a credit of the account for its amount (PAY-6).",
        sql=SQL["credit_notes_are_owed"],
    ),
    Law(
        name="assigned_money_is_paid",
        sentence="Money that matched nothing and was assigned is a payment of its amount on that invoice (PAY-3).",
        sql=SQL["assigned_money_is_paid"],
    ),
    *laws_with(ERASURE["nothing_left"]),
)

SUMS: dict[str, str] = {
    name: SQL[name]
    for name in ("charged", "delivered", "charged_waiting", "invoiced", "paid", "open", "missed_open", "written_off", "credit")
}
"""Per account, in euros: charged lines and those that are on no document yet (net); the rest gross.

``missed_open`` is what is open on invoices with a miss that stands: what dunning asks for.
"""
