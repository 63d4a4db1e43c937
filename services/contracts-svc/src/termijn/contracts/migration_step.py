"""The long work of a migration, and the day on which an announced change comes into force (CAT-5, CAT-10, TIM-1).

Facts are looked up here; what they mean is decided by the module and the migration.
"""

from collections.abc import Sequence
from datetime import date

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_state import OpenAccount
from termijn.contracts.indexation import IndexedVersion
from termijn.contracts.migration import MIGRATION, Migration, NotePage, Skipped, VersionMove
from termijn.contracts.module import MODULE
from termijn.contracts.module_state import Running
from termijn.contracts.price_change import was_in_time
from termijn.contracts.price_command import AnnouncePriceChange, PutPriceChange
from termijn.contracts.price_event import ApplyPriceChange
from termijn.contracts.price_move import moves_between
from termijn.contracts.tariff import TARIFF
from termijn.kernel.errors import Refusal
from termijn.kernel.ids import CATALOGUE, AccountId, ModuleId, TariffId
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Fired, Handled, NoEffect, Outcome, WakeUpHandler, Work, Worker
from termijn.runtime.sql import Row, load

SQL = load("termijn.contracts", "catalogue.sql")
PAGE_MAX = 50
"""Modules in one transaction: each writes a version of its tariff of some 40 KiB, and a mail is due for each."""


async def step(work: Work) -> int:
    """A page of the first migration under way; returns how many modules it dealt with, 1 for the end of one."""
    for row in await work.fetch(SQL["running_migrations"], work.provider):
        migration_id = row["migration_id"]
        state = await work.load(MIGRATION, migration_id)
        modules = await modules_to_move(work, state, limit=PAGE_MAX + 1)
        page = modules[:PAGE_MAX]
        skipped = await _announce(work, migration_id, state, page)
        done = NotePage(
            now=work.now,
            migration_id=migration_id,
            up_to=ModuleId(page[-1]["module_id"]) if page else None,
            announced=len(page) - len(skipped),
            skipped=tuple(skipped),
            is_last=len(modules) <= PAGE_MAX,
        )
        await work.execute(MIGRATION, migration_id, done, account=CATALOGUE)
        return max(1, len(page))
    return 0


async def modules_to_move(work: Work, state: Migration, *, limit: int) -> Sequence[Row]:
    """The modules that are left, in the order of their ids."""
    return await work.fetch(
        SQL["modules_to_move"], work.provider, state.effective_on, state.up_to, *_pairs(state.moves), list(state.only) or None, limit
    )


async def count_to_move(work: Work, moves: Sequence[VersionMove], *, effective_on: date, only: Sequence[str]) -> int:
    """How many there are before the first is moved."""
    (row,) = await work.fetch(SQL["count_to_move"], work.provider, effective_on, *_pairs(moves), list(only) or None)
    return int(row["modules"])


def _pairs(moves: Sequence[VersionMove]) -> tuple[list[str], list[int]]:
    return [move.tariff_id for move in moves], [move.from_version for move in moves]


async def _announce(work: Work, migration_id: str, state: Migration, page: Sequence[Row]) -> list[Skipped]:
    """Tell each module's account; a module that cannot move is skipped with the reason, and the others go on."""
    await work.prefetch([(MODULE, row["module_id"]) for row in page] + [(ACCOUNT, row["account"]) for row in page])
    target = {(move.tariff_id, move.from_version): await version_of(work, move.tariff_id, move.to_version) for move in state.moves}
    skipped = []
    for row in page:
        account = await work.load(ACCOUNT, row["account"])
        command = AnnouncePriceChange(
            now=work.now,
            module_id=ModuleId(row["module_id"]),
            change_id=migration_id,
            tariff=target[row["tariff_id"], row["tariff_version"]],
            replaces=row["tariff_version"],
            from_on=state.effective_on,
            is_indexation=state.is_indexation,
            is_consumer=isinstance(account, OpenAccount) and account.facts.debtor_kind == "consumer",
        )
        try:
            await work.execute(MODULE, command.module_id, command, account=AccountId(row["account"]))
        except Refusal as refused:
            skipped.append(Skipped(module_id=command.module_id, reason=refused.message))
    return skipped


async def version_of(work: Work, tariff_id: TariffId, number: int) -> Tariff:
    """A version that is known to exist."""
    found = (await work.load(TARIFF, tariff_id)).version(number)
    assert found is not None, f"{tariff_id} has a version {number}"
    return found


async def versions_to_index(work: Work, tariffs: Sequence[str], *, on: date) -> tuple[IndexedVersion, ...]:
    """What is on sale on the day and what modules run on then, of these tariffs or (empty) of all (CAT-10)."""
    chosen = list(tariffs) or None
    used = {(row["tariff_id"], row["tariff_version"]) for row in await work.fetch(SQL["versions_in_use"], work.provider, on, chosen)}
    ids = chosen or [row["tariff_id"] for row in await work.fetch(SQL["catalogue_tariffs"], work.provider)]
    sold = {(tariff_id, one.version) for tariff_id in ids if (one := (await work.load(TARIFF, tariff_id)).for_orders_on(on)) is not None}
    return tuple(
        IndexedVersion(tariff_id=TariffId(tariff_id), version=version, takes_orders=(tariff_id, version) in sold)
        for tariff_id, version in sorted(used | sold)
    )


async def on_price_change(work: Work, fired: Fired[ApplyPriceChange]) -> Outcome:
    """The announced version comes into force at 00:00, if the account was told in time (CAT-10)."""
    module_id, change_id = ModuleId(fired.key), fired.wake_up.change_id
    state = await work.load(MODULE, module_id)
    change = state.price_change if isinstance(state, Running) else None
    if not isinstance(state, Running) or change is None:
        return NoEffect("the module is over, or the change was taken back")
    moves = moves_between(state.terms.tariff_on(change.from_on), change.tariff)
    sent = await work.fetch(SQL["announcement_sent"], work.provider, module_id, change_id)
    was_announced = was_in_time(moves, sent_on=sent[0]["sent_on"] if sent else None, from_on=change.from_on)
    command = PutPriceChange(now=work.now, module_id=module_id, change_id=change_id, was_announced=was_announced)
    decided = await work.execute(MODULE, module_id, command, account=fired.account)
    return Handled() if decided else NoEffect("another change was announced since")


PRICE_WAKE_UP: WakeUpHandler[ApplyPriceChange] = WakeUpHandler(
    wake_up=ApplyPriceChange, handle=on_price_change, streams=lambda fired: [(MODULE, fired.key)]
)

MIGRATING = Worker(name="migrate", waiting_providers=SQL["migration_providers"], step=step)
