"""Read models: pure functions from a recorded event to the statements that keep tables up to date.

Synchronous is what ingest and closings must find the moment it is true; the rest follows the store.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleTerminated,
    RateDeckPublished,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
)
from termijn.events.goods import WarrantyExtended, WarrantyStarted
from termijn.events.rating import PeriodClosed, PeriodCorrected, PeriodRated, UsageSuspended
from termijn.kernel.ids import ModuleId
from termijn.kernel.subject import subject_name
from termijn.kernel.tariff import Tariff
from termijn.rating.fee import is_use
from termijn.rating.rate import is_timed
from termijn.rating.rated_account import ClosingAwaited
from termijn.runtime.handling import Recorded, Statement, View
from termijn.runtime.sql import load

SQL = load("termijn.rating", "views.sql")


def reference(recorded: Recorded) -> Iterable[Statement]:
    """Whose a subject is at an instant, what a module is on a day, which decks there are; and that something of it changed."""
    event, provider = recorded.event, recorded.provider
    match event:
        case ModuleOrdered():
            yield Statement(SQL["module_ordered"], (provider, event.module_id, recorded.account, event.starts_on))
            yield _tariff(recorded, event.module_id, event.tariff, date.min)
        case ModuleActivated():
            yield Statement(SQL["module_started"], (provider, event.module_id, event.active_from))
            yield _changed(recorded, module_id=event.module_id)
        case TariffChanged():
            yield Statement(SQL["drop_tariffs"], (provider, event.module_id, event.from_on))
            yield _tariff(recorded, event.module_id, event.tariff, event.from_on)
            yield _changed(recorded, module_id=event.module_id)
        case ModuleCancelled():
            yield Statement(SQL["module_ends"], (provider, event.module_id, event.ends_on))
        case ModuleEnded():
            yield Statement(SQL["module_ends"], (provider, event.module_id, event.ended_on))
        case ModuleTerminated():
            yield Statement(SQL["module_ends"], (provider, event.module_id, event.terminated_on))
        case CancellationWithdrawn():
            yield Statement(SQL["module_ends"], (provider, event.module_id, None))
            yield _changed(recorded, module_id=event.module_id)
        case SubjectAssigned() | SubjectReleased():
            yield from _subject(recorded, event)
        case RateDeckPublished(blob=blob):
            version = (provider, event.deck_id, event.version, event.valid_from, blob.sha256, blob.size_bytes, blob.address)
            yield Statement(SQL["deck_published"], version)
            yield _changed(recorded, deck_id=event.deck_id)
        case _:
            return


def _subject(recorded: Recorded, event: SubjectAssigned | SubjectReleased) -> Iterator[Statement]:
    if event.subject is None:
        return  # erased, as the row is (CON-7)
    provider, subject = recorded.provider, subject_name(event.subject)
    if isinstance(event, SubjectAssigned):
        yield Statement(SQL["subject_assigned"], (provider, subject, event.module_id, event.from_at, recorded.account))
        yield _changed(recorded, subject=subject)
    else:
        yield Statement(SQL["subject_released"], (provider, subject, event.module_id, event.until_at))
        yield Statement(SQL["changed"], (provider, recorded.stream, recorded.version, subject, event.module_id, None, event.until_at))


def _tariff(recorded: Recorded, module_id: ModuleId, tariff: Tariff, from_on: date) -> Statement:
    keyed = [article for article in tariff.articles if article.usage_key is not None]
    keys = [article.usage_key for article in keyed]
    timed = [article.usage_key for article in keyed if is_timed(article) and is_use(article)]
    known = (recorded.provider, module_id, from_on, tariff.tariff_id, tariff.version, keys, timed, tariff.deck_id)
    return Statement(SQL["add_tariff"], known)


def _changed(recorded: Recorded, *, subject: str | None = None, module_id: str | None = None, deck_id: str | None = None) -> Statement:
    return Statement(SQL["changed"], (recorded.provider, recorded.stream, recorded.version, subject, module_id, deck_id, None))


def billed(recorded: Recorded) -> Iterable[Statement]:
    """Every line that a closing made: what the next one subtracts (USE-9)."""
    event = recorded.event
    if not isinstance(event, PeriodRated | PeriodCorrected):
        return
    for line in event.lines:
        yield Statement(
            SQL["line_billed"],
            (
                recorded.provider, line.line_id, recorded.account, event.module_id, event.period, event.closing, line.origin, line.article,
                line.period_from, line.period_until, line.vat_rate, line.net, line.quantity, line.records, line.seconds,
                msgspec.json.encode(line).decode(),
            ),
        )  # fmt: skip


def awaited(recorded: Recorded) -> Iterable[Statement]:
    """Which month of the account is closed next; ingest looks whether any is."""
    event = recorded.event
    if isinstance(event, ClosingAwaited):
        yield Statement(SQL["closing_awaited"], (recorded.provider, recorded.account, event.period))
    elif isinstance(event, PeriodClosed):
        yield Statement(SQL["account_closed"], (recorded.provider, recorded.account, event.closing))


def closed(recorded: Recorded) -> Iterable[Statement]:
    """What closings rated, by module and month, and what they could not rate."""
    event, provider, account = recorded.event, recorded.provider, recorded.account
    match event:
        case PeriodRated() | PeriodCorrected():
            is_rated = isinstance(event, PeriodRated)
            terms = (event.tariff_id, event.tariff_version, event.deck_version) if isinstance(event, PeriodRated) else (None, None, None)
            digest, net = event.digest, sum(line.net for line in event.lines)
            key = (provider, account, event.module_id, event.period, event.closing)
            yield Statement(SQL["period_rated"], (*key, not is_rated, digest.records, digest.seconds, digest.sha256, *terms, net))
        case PeriodClosed():
            facts = (provider, account, event.period, event.closing, len(event.modules), event.running_modules)
            yield Statement(SQL["period_closed"], facts)
        case UsageSuspended():
            yield Statement(SQL["use_suspended"], (provider, account, event.period, event.reason, event.records))
        case _:
            return


def covers(recorded: Recorded) -> Iterable[Statement]:
    """What is under warranty and until when (CON-12)."""
    match recorded.event:
        case WarrantyStarted() as e:
            what = (e.covers, e.order_id, e.line_id, e.project_id, e.serial_number)
            facts = (recorded.provider, recorded.account, e.warranty_id, *what, e.from_on, e.until_on)
            yield Statement(SQL["cover_started"], facts)
        case WarrantyExtended() as e:
            yield Statement(SQL["cover_extended"], (recorded.provider, e.warranty_id, e.until_on))
        case _:
            return


VIEWS = (
    View(
        name="reference",
        tables=("module", "module_tariff", "subject", "rate_deck", "reference_change"),
        apply=reference,
        is_synchronous=True,
    ),
    View(name="billed", tables=("billed_line",), apply=billed, is_synchronous=True),
    View(name="covers", tables=("warranty_cover",), apply=covers, is_synchronous=True),
    View(name="awaited", tables=("account_closing",), apply=awaited, is_synchronous=True),
    View(name="closed", tables=("rated_period", "closed_period", "suspended_use"), apply=closed, is_synchronous=False),
)
