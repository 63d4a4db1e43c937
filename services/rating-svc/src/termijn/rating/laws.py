"""What must hold in rating's database at every moment, and the sums that other services are compared with (INV-17)."""

from termijn.rating.erasure import SQL as ERASURE
from termijn.runtime.erasure import laws_with
from termijn.runtime.laws import Law
from termijn.runtime.sql import load

SQL = load("termijn.rating", "laws.sql")

LAWS: tuple[Law, ...] = (
    Law(
        name="every_record_has_its_place",
        sentence="Every usage record counts at a module, waits with a reason, or was voided by its source.",
        sql=SQL["every_record_has_its_place"],
    ),
    Law(
        name="sums_are_the_records",
        sentence="The totals per module and month are exactly the records, less those that were taken back.",
        sql=SQL["sums_are_the_records"],
    ),
    Law(
        name="billed_once",
        sentence="A closing rated every record that was there when its number was raised, and none twice.",
        sql=SQL["billed_once"],
    ),
    Law(
        name="closings_are_dense",
        sentence="The closings of a provider are numbered without holes.",
        sql=SQL["closings_are_dense"],
    ),
    Law(
        name="late_use_has_a_closing",
        sentence="Use that came after the last closing of an account has another closing to come.",
        sql=SQL["late_use_has_a_closing"],
    ),
    *laws_with(ERASURE["nothing_left"]),
)

SUMS: dict[str, str] = {"rated": SQL["rated"], "records_rated": SQL["records_rated"]}
