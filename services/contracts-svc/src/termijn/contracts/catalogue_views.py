"""Read models of what the catalogue prepares and announces: drafts, price changes, migrations, indexations (CAT-5, CAT-10)."""

from collections.abc import Iterable

import msgspec

from termijn.contracts.indexation import IndexationDiscarded, IndexationPlanned, IndexationStarted
from termijn.contracts.indexation_policy import IndexingSet
from termijn.contracts.migration import MigrationAdvanced, MigrationFinished, MigrationStarted
from termijn.contracts.price_event import PriceChangeAnnounced, PriceChangeDropped
from termijn.contracts.tariff_draft import TariffDraftClosed, TariffDrafted
from termijn.events.contracts import ModuleEnded, ModuleTerminated, TariffChanged
from termijn.runtime.handling import Recorded, Statement, View
from termijn.runtime.sql import load

SQL = load("termijn.contracts", "catalogue.sql")


def _do(name: str, *args: object) -> Statement:
    return Statement(SQL[name], args)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def apply_drafts(recorded: Recorded) -> Iterable[Statement]:
    """The draft of each tariff, while there is one (CAT-5)."""
    provider = recorded.provider
    match recorded.event:
        case TariffDrafted() as e:
            t = e.tariff
            words = (t.title, t.module, _json(t), recorded.occurred_at)
            yield _do("save_draft", provider, t.tariff_id, recorded.version, e.orders_from, *words)
        case TariffDraftClosed() as e:
            yield _do("close_draft", provider, e.tariff_id)
        case _:
            pass


def apply_price_changes(recorded: Recorded) -> Iterable[Statement]:
    """What was announced to whom, and what became of it (CAT-10)."""
    provider = recorded.provider
    match recorded.event:
        case PriceChangeAnnounced() as e:
            tariff = (e.tariff.tariff_id, e.replaces, e.tariff.version)
            rest = (e.from_on, e.is_indexation, e.may_end_free_until, _json(e.moves), recorded.occurred_at)
            yield _do("announce_price_change", provider, recorded.account, e.module_id, e.change_id, *tariff, *rest)
        case PriceChangeDropped() as e:
            yield _do("drop_price_change", provider, e.module_id, e.change_id, e.reason)
        case ModuleEnded() | ModuleTerminated() as e:
            yield _do("forget_price_changes", provider, e.module_id)
        case TariffChanged() as e:
            yield _do("put_price_change", provider, e.module_id, e.from_on, e.tariff.tariff_id, e.tariff.version)
        case _:
            pass


def apply_migrations(recorded: Recorded) -> Iterable[Statement]:
    """How far each migration is (API-2)."""
    provider, version = recorded.provider, recorded.version
    match recorded.event:
        case MigrationStarted() as e:
            facts = (e.is_indexation, e.effective_on, _json(e.moves), e.modules, recorded.occurred_at)
            yield _do("start_migration", provider, e.migration_id, version, *facts)
        case MigrationAdvanced() as e:
            yield _do("advance_migration", provider, e.migration_id, version, e.announced, len(e.skipped))
            for one in e.skipped:
                yield _do("skip_module", provider, e.migration_id, one.module_id, one.reason)
        case MigrationFinished() as e:
            yield _do("finish_migration", provider, e.migration_id, version, recorded.occurred_at)
        case _:
            pass


def apply_indexations(recorded: Recorded) -> Iterable[Statement]:
    """Plans, and how prices are indexed (CAT-10)."""
    provider, version = recorded.provider, recorded.version
    match recorded.event:
        case IndexationPlanned() as e:
            facts = (e.effective_on, e.percentage, e.basis, _json(e.versions), recorded.occurred_at)
            yield _do("plan_indexation", provider, e.indexation_id, version, *facts)
        case IndexationStarted() as e:
            yield _do("settle_indexation", provider, e.indexation_id, version, "started")
        case IndexationDiscarded() as e:
            yield _do("settle_indexation", provider, e.indexation_id, version, "discarded")
        case IndexingSet() as e:
            yield _do("set_indexing", provider, e.version, _json(e.indexing), recorded.occurred_at)
        case _:
            pass


CATALOGUE_VIEWS: tuple[View, ...] = (
    View(name="tariff_drafts", tables=("tariff_draft",), apply=apply_drafts, is_synchronous=True),
    View(name="price_changes", tables=("price_change",), apply=apply_price_changes, is_synchronous=True),
    View(name="migrations", tables=("tariff_migration", "migration_skip"), apply=apply_migrations, is_synchronous=True),
    View(name="indexations", tables=("indexation", "indexing_version"), apply=apply_indexations, is_synchronous=True),
)
