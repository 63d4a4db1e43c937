"""What stands in the way of forgetting an account here, what is erased, and documents whose years are over (CON-7)."""

from collections.abc import Iterable, Sequence

from termijn.events.base import Blob
from termijn.events.erasure import Obstacle
from termijn.invoice.kept_year import KEPT_YEAR, EndYear, KeepingOver, NoteDestroyed, YearDestroyed, YearKept, YearOver, kept_year_key
from termijn.invoice.step_gate import marks_of
from termijn.invoice.unmatched_money import MoneyAssigned, MoneySetAside, account_of_money
from termijn.kernel.calendar import add_months
from termijn.kernel.ids import AccountId
from termijn.runtime.erasure import Forgetting, Found, mails_by
from termijn.runtime.handling import Each, Fired, Handled, NoEffect, Outcome, Recorded, Statement, View, WakeUpHandler, Work, Worker
from termijn.runtime.key_purpose import tax_purpose
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "erasure.sql")

MANDATE_PROOF_MONTHS = 14
"""A debit without a mandate can come back for thirteen months, and the form is kept for one more (PAY-1, PAY-4)."""


async def money_of(work: Work, account: AccountId) -> Sequence[AccountId]:
    """Money that came in without a name we knew is sealed apart; what turned out to be the account's goes with it."""
    rows = await work.fetch(SQL["money_of_account"], work.provider, account)
    return [account_of_money(row["money_id"]) for row in rows]


FORGETTING = Forgetting(statements=(SQL["forget_payers"],), mails=mails_by(SQL["mails"]), sealed_apart=money_of)
"""Documents stay, sealed under the key of their year; read models name amounts and numbers only."""


async def _money_from(work: Work, account: AccountId) -> list[Obstacle]:
    """Money of its IBANs or names: the provider has it until somebody says what it is. What was no payment goes with the account.

    It is written down whose it is while that can be told: with the account go the names that tell it.
    """
    held = []
    for row in await work.fetch(SQL["money_from"], work.provider, *await marks_of(work, account)):
        await work.fetch(SQL["note_money_from"], work.provider, account, row["money_id"])
        if row["state"] == "open":
            held.append(Obstacle(kind="in_credit", subject=row["money_id"], amount=row["amount"]))
    return held


async def look(work: Work, account: AccountId) -> Found:
    """What is unbilled, carried over, open, in credit, in a live bank file, or about to be mailed (CON-7)."""
    at = (work.provider, account)
    found = [Obstacle(kind=row["kind"], subject=row["subject"], amount=row["amount"]) for row in await work.fetch(SQL["lines"], *at)]
    found += [Obstacle(kind="unbilled", subject=row["invoice_id"]) for row in await work.fetch(SQL["drafts"], *at)]
    for row in await work.fetch(SQL["open_documents"], *at):
        found.append(Obstacle(kind="open", subject=row["number"], amount=row["open"], until=row["due_on"]))
    for row in await work.fetch(SQL["credits"], *at):
        found.append(Obstacle(kind="in_credit", subject=row["credit_id"], amount=row["left_over"]))
    for row in await work.fetch(SQL["live_debits"], *at):
        found.append(Obstacle(kind="in_bank_file", subject=row["invoice_id"], until=row["collect_on"]))
    found += [Obstacle(kind="undelivered", subject=row["invoice_id"]) for row in await work.fetch(SQL["undelivered"], *at)]
    found += await _money_from(work, account)
    last = (await work.fetch(SQL["last_collection"], *at))[0]["day"]
    return Found(obstacles=tuple(found), mandate_needed_until=None if last is None else add_months(last, MANDATE_PROOF_MONTHS))


# ---- Years that are over ----------------------------------------------------------------------------------------------


async def on_keeping_over(work: Work, fired: Fired[KeepingOver]) -> Outcome:
    """The law asks for the documents of that year no longer (CON-7)."""
    done = await work.execute(KEPT_YEAR, fired.key, EndYear(now=work.now, year=fired.wake_up.year), account=fired.account)
    return Handled() if done else NoEffect("it is over already")


WAKE_UPS = (WakeUpHandler(wake_up=KeepingOver, handle=on_keeping_over, streams=lambda fired: [(KEPT_YEAR, fired.key)]),)


def apply_years(recorded: Recorded) -> Iterable[Statement]:
    """Which years are kept."""
    at = (recorded.provider, recorded.account)
    match recorded.event:
        case YearKept() as e:
            yield Statement(SQL["keep_year"], (*at, e.year))
        case YearOver() as e:
            yield Statement(SQL["year_over"], (*at, e.year))
        case YearDestroyed() as e:
            yield Statement(SQL["year_gone"], (*at, e.year))
        case _:
            return


def apply_money(recorded: Recorded) -> Iterable[Statement]:
    """Money that stood in the way of deletions is dealt with. Nothing to build anew: the worker looks at once."""
    if isinstance(recorded.event, MoneyAssigned | MoneySetAside):
        yield Statement(SQL["mark_payers_stale"], (recorded.provider, recorded.event.money_id))


VIEWS = (
    View(name="kept_years", tables=("kept_year",), apply=apply_years, is_synchronous=True),
    View(name="money_watch", tables=(), apply=apply_money, is_synchronous=False),
)


async def shred(work: Work, item: str) -> int:
    """Destroy the key of an account's year, remove its files; done twice is done once."""
    name, _, number = item.rpartition("/")
    account, year = AccountId(name), int(number)
    if not await work.fetch(SQL["is_to_shred"], work.provider, account, year):
        return 0
    await work.destroy_key(account, tax_purpose(year))
    for file in await work.fetch(SQL["documents_of_year"], work.provider, account, year):
        await work.blobs.erase(work.provider, Blob(sha256=file["sha256"], size_bytes=file["size_bytes"], address=file["address"]))
    await work.execute(KEPT_YEAR, kept_year_key(account, year), NoteDestroyed(now=work.now, year=year), account=account)
    return 1


SHREDDER = Worker(name="shredder", waiting_providers=SQL["years_over"], each=Each(waiting=SQL["years_to_shred"], step=shred))
