"""A migration: running modules of one tariff version move to another, page by page (CAT-5, API-2). One stream per migration.

A process manager: its events say how far it came, so that it goes on after a crash where it was. The names of the events below
are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, TypeAlias, assert_never

import msgspec

from termijn.contracts.errors import AlreadyThere
from termijn.events.base import Event
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import ModuleId, TariffId
from termijn.runtime.aggregate import Aggregate, Command

ONLY_MAX = 1_000
"""Modules named one by one in one migration; without names it reaches all of the version."""

# -- Events ----------------------------------------------------------------------------------------------------------


class VersionMove(msgspec.Struct, frozen=True, kw_only=True):
    """From one version of a tariff to another of the same."""

    tariff_id: TariffId
    from_version: int
    to_version: int


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A module that stays on its version, and why."""

    module_id: ModuleId
    reason: str


class MigrationStarted(Event, frozen=True, kw_only=True):
    """It begins. ``only``: the modules it is about; empty for all. ``modules``: how many there were to do."""

    migration_id: str
    moves: tuple[VersionMove, ...]
    effective_on: date
    is_indexation: bool = False
    only: tuple[ModuleId, ...] = ()
    modules: int


class MigrationAdvanced(Event, frozen=True, kw_only=True):
    """A page is done, up to and including this module."""

    migration_id: str
    up_to: ModuleId
    announced: int
    skipped: tuple[Skipped, ...] = ()


class MigrationFinished(Event, frozen=True, kw_only=True):
    """Every module was told, or skipped with a reason."""

    migration_id: str
    announced: int
    skipped: int


MigrationEvent: TypeAlias = MigrationStarted | MigrationAdvanced | MigrationFinished

# -- State -----------------------------------------------------------------------------------------------------------


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is. ``up_to`` is the last module that was dealt with."""

    status: Literal["none", "running", "finished"] = "none"
    moves: tuple[VersionMove, ...] = ()
    effective_on: date = date.min
    is_indexation: bool = False
    only: tuple[ModuleId, ...] = ()
    up_to: ModuleId | None = None
    announced: int = 0
    skipped: int = 0


# -- Commands --------------------------------------------------------------------------------------------------------


class StartMigration(Command, frozen=True, kw_only=True):
    """Move modules. That the versions exist and the day is not too soon was looked up; ``modules`` counts those to do."""

    migration_id: str
    moves: tuple[VersionMove, ...]
    effective_on: date
    is_indexation: bool
    only: tuple[ModuleId, ...]
    modules: int


class NotePage(Command, frozen=True, kw_only=True):
    """What became of a page of modules; ``is_last`` where none is left."""

    migration_id: str
    up_to: ModuleId | None
    announced: int
    skipped: tuple[Skipped, ...]
    is_last: bool


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: StartMigration | NotePage, state: Migration) -> Sequence[MigrationEvent]:
    """A migration happens once, each module of it once (CAT-5)."""
    if isinstance(command, StartMigration):
        return _start(command, state)
    if state.status != "running":
        return []
    events: list[MigrationEvent] = []
    if command.up_to is not None:
        events.append(
            MigrationAdvanced(migration_id=command.migration_id, up_to=command.up_to, announced=command.announced, skipped=command.skipped)
        )
    if command.is_last:
        announced, skipped = state.announced + command.announced, state.skipped + len(command.skipped)
        events.append(MigrationFinished(migration_id=command.migration_id, announced=announced, skipped=skipped))
    return events


def _start(command: StartMigration, state: Migration) -> Sequence[MigrationEvent]:
    if state.status != "none":
        raise AlreadyThere(field="migration_id", what="migration", id=command.migration_id)
    if not command.moves:
        raise InvalidInput(field="to_version", reason="there is no other version to move from")
    if len(command.only) > ONLY_MAX:
        raise InvalidInput(field="modules", reason=f"at most {ONLY_MAX} modules by name")
    return [
        MigrationStarted(
            migration_id=command.migration_id,
            moves=command.moves,
            effective_on=command.effective_on,
            is_indexation=command.is_indexation,
            only=command.only,
            modules=command.modules,
        )
    ]


def evolve(state: Migration, event: MigrationEvent) -> Migration:
    """One page further."""
    match event:
        case MigrationStarted():
            return Migration(
                status="running",
                moves=event.moves,
                effective_on=event.effective_on,
                is_indexation=event.is_indexation,
                only=event.only,
            )
        case MigrationAdvanced():
            announced, skipped = state.announced + event.announced, state.skipped + len(event.skipped)
            return msgspec.structs.replace(state, up_to=event.up_to, announced=announced, skipped=skipped)
        case MigrationFinished():
            return msgspec.structs.replace(state, status="finished")
        case _:
            assert_never(event)


MIGRATION: Aggregate[Migration, StartMigration | NotePage, MigrationEvent] = Aggregate(
    name="migration",
    initial=Migration(),
    decide=decide,
    evolve=evolve,
    state_type=Migration,
    events=(MigrationStarted, MigrationAdvanced, MigrationFinished),
)
