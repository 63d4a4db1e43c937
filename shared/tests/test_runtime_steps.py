"""Who does what and when: bulk work that yields, workers that fail for one provider only, roles that one process has."""

import asyncio
import dataclasses
from datetime import timedelta

import asyncpg
import pytest

from termijn.kernel.ids import AccountId
from termijn.runtime import patience
from termijn.runtime.handling import Each, Transient, Work, Worker
from termijn.runtime.patience import StillFailing, passes, patiently, reason_of
from termijn.runtime.service import OUTBOX_ROWS_BULK
from termijn.runtime.session_locks import SessionLocks
from termijn.runtime.timers import Instant
from termijn.runtime.workers import ITEMS_PER_PAGE
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import marbles, session
from termijn.testing.sample import JAR, AddMarbles, SetAlarm, sample

UNFINISHED = "select provider from jar where marbles < 3 group by provider order by provider"


class Filler:
    """A worker that fills jars up to three marbles; it fails for the providers that it is told."""

    def __init__(self) -> None:
        self.fails_for: set[str] = set()

    async def step(self, work: Work) -> int:
        if work.provider in self.fails_for:
            raise ValueError("no marbles left")
        rows = await work.fetch("select account from jar where marbles < 3 order by account")
        for row in rows:
            account = AccountId(row["account"])
            await work.execute(JAR, account, AddMarbles(now=work.now, count=1), account=account)
        return len(rows)


@pytest.fixture
def filler() -> Filler:
    return Filler()


@pytest.fixture
async def svc(services: Services, filler: Filler) -> ServiceUnderTest:
    worker = Worker(name="filler", waiting_providers=UNFINISHED, step=filler.step)
    return await services.open(dataclasses.replace(sample(), workers=(worker,)))


async def add(svc: ServiceUnderTest, provider: str = PROVIDER) -> None:
    await svc.run(JAR, "acme", AddMarbles(now=svc.clock.now(), count=1), account="acme", provider=provider)


# Bulk work yields


async def test_timers_and_workers_pause_while_the_outbox_is_full_and_go_on_when_the_relay_has_caught_up(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + timedelta(hours=1)
    await svc.run(JAR, "acme", SetAlarm(now=svc.clock.now(), name="a", at=at), account="acme")
    for number in range(OUTBOX_ROWS_BULK // 500):
        commands = [AddMarbles(now=svc.clock.now(), count=0) for _ in range(500)]
        await svc.run(JAR, f"bulk-{number}", *commands, account=f"bulk-{number}")
    await svc.clock.advance_to(at)
    assert not await svc.service.is_outbox_full(), "2,000 rows are not over 2,000"
    await add(svc)
    assert await svc.service.is_outbox_full()
    assert (await svc.service.fire(Instant(at)), await svc.service.work()) == (0, 0)
    assert await svc.service.relay.step() == 500
    assert not await svc.service.is_outbox_full()
    assert await svc.service.fire(Instant(at)) == 1
    assert await svc.service.work() > 0


async def test_what_waits_behind_a_refused_message_does_not_make_bulk_work_pause(svc: ServiceUnderTest) -> None:
    """It waits for a person, who may come tomorrow; the timers of all other accounts fire meanwhile."""
    commands = [AddMarbles(now=svc.clock.now(), count=0) for _ in range(500)]
    for _ in range(OUTBOX_ROWS_BULK // 500 + 1):
        await svc.run(JAR, "bulk", *commands, account="bulk")
    assert await svc.service.is_outbox_full()
    refuse = "update outbox set is_refused = true where position = (select min(position) from outbox)"
    await svc.rows(f"with refused as ({refuse} returning 1) select * from refused")
    assert not await svc.service.is_outbox_full()
    for number in range(OUTBOX_ROWS_BULK // 500):
        await svc.run(JAR, f"other-{number}", *commands, account=f"other-{number}")
    assert not await svc.service.is_outbox_full(), "2,000 rows of others are not over 2,000"
    await add(svc)
    assert await svc.service.is_outbox_full()


async def test_a_payment_is_taken_while_bulk_work_pauses(svc: ServiceUnderTest) -> None:
    await svc.run(JAR, "bulk", *[AddMarbles(now=svc.clock.now(), count=0) for _ in range(OUTBOX_ROWS_BULK + 1)], account="bulk")
    await add(svc)
    assert (await marbles(svc))["acme"] == 1
    assert await svc.service.flow() > 0


# Workers


async def test_a_worker_works_page_by_page_until_nothing_waits(svc: ServiceUnderTest) -> None:
    await add(svc)
    assert [await svc.service.work() for _ in range(3)] == [1, 1, 0]
    assert await marbles(svc) == {"acme": 3}


async def test_a_worker_that_fails_for_one_provider_goes_on_for_the_others_and_shows_the_reason(
    svc: ServiceUnderTest, filler: Filler
) -> None:
    filler.fails_for = {"anders"}
    for provider in ("anders", PROVIDER):
        await add(svc, provider)
    assert [await svc.service.work() for _ in range(3)] == [1, 1, 0]
    failures = "select provider, worker, reason from worker_failure"
    assert [tuple(row) for row in await svc.rows(failures)] == [("anders", "filler", "ValueError: no marbles left")]
    assert (await marbles(svc), await marbles(svc, "anders")) == ({"acme": 3}, {"acme": 1})
    filler.fails_for = set()
    assert await svc.service.work() == 1
    assert await svc.rows(failures) == []


@pytest.mark.rule("CON-7")
async def test_of_what_goes_one_by_one_each_has_its_own_transaction_and_one_that_fails_stops_no_other(services: Services) -> None:
    """Also where more fail than are asked for at once; what they did before they failed is undone."""
    failing = {f"bad-{number:02}" for number in range(ITEMS_PER_PAGE + 1)}

    async def fill(work: Work, item: str) -> int:
        account = AccountId(item)
        await work.execute(JAR, account, AddMarbles(now=work.now, count=5), account=account)
        await work.fetch("select 1")
        if item in failing:
            raise ValueError("no marbles left")
        return 1

    waiting = "select account as item from jar where provider = $1 and marbles < 3 and account > $2 order by account limit $3"
    worker = Worker(name="filler", waiting_providers=UNFINISHED, each=Each(waiting=waiting, step=fill))
    svc = await services.open(dataclasses.replace(sample(), workers=(worker,)))
    for account in (*failing, "zeta", "acme"):
        await svc.run(JAR, account, AddMarbles(now=svc.clock.now(), count=1), account=account)
    assert [await svc.service.work() for _ in range(2)] == [2, 0]
    assert await marbles(svc) == {**dict.fromkeys(failing, 1), "acme": 6, "zeta": 6}
    failures = "select worker, reason from worker_failure"
    assert [tuple(row) for row in await svc.rows(failures)] == [("filler", "bad-00: ValueError: no marbles left")]
    done, failing = set(failing), set()
    assert await svc.service.work() == ITEMS_PER_PAGE, "then it is the turn of another provider"
    assert await svc.service.work() == 1
    assert (await marbles(svc), await svc.rows(failures)) == ({**dict.fromkeys(done, 6), "acme": 6, "zeta": 6}, [])


async def test_a_failure_of_before_the_restart_is_cleared_by_success(svc: ServiceUnderTest) -> None:
    await svc.rows("insert into worker_failure values ($1, 'filler', 'long ago')", PROVIDER, provider=PROVIDER)
    await add(svc)
    await svc.service.work()
    assert await svc.rows("select * from worker_failure") == []


# Roles


async def test_a_role_is_one_processs_until_it_ends(svc: ServiceUnderTest) -> None:
    first, second = SessionLocks(svc.database.app_dsn), SessionLocks(svc.database.app_dsn)
    async with first.sole("relay") as ours, second.sole("relay") as theirs:
        assert (list(ours), list(theirs)) == ([0], [])
    async with second.sole("relay") as theirs, second.sole("timers", (1, 2)) as shards:
        assert (list(theirs), list(shards)) == ([], [1, 2]), "kept between steps; other roles are free"
    async with first.sole("timers", (1, 2, 3)) as shards:
        assert list(shards) == [3]
    await first.close()
    async with second.sole("relay") as theirs:
        assert list(theirs) == [0]
    await second.close()


async def test_a_process_whose_session_was_ended_asks_for_its_roles_anew(svc: ServiceUnderTest) -> None:
    locks, other = SessionLocks(svc.database.app_dsn), SessionLocks(svc.database.app_dsn)
    async with locks.sole("relay") as ours:
        assert list(ours) == [0]
    assert locks._connection is not None
    pid = locks._connection.get_server_pid()
    async with session(svc.database.admin_dsn) as admin:
        await admin.execute("select pg_terminate_backend($1, 5000)", pid)
    async with asyncio.timeout(60):
        while not locks._connection.is_closed():  # noqa: ASYNC110 - the end of a session is noticed by the event loop
            await asyncio.sleep(0.005)
    async with other.sole("relay") as theirs, locks.sole("relay") as ours:
        assert (list(theirs), list(ours)) == ([0], []), "whoever asks first"
    await asyncio.gather(locks.close(), other.close())


async def test_tasks_of_one_process_take_turns(svc: ServiceUnderTest) -> None:
    locks, inside, most = SessionLocks(svc.database.app_dsn), 0, 0

    async def step() -> None:
        nonlocal inside, most
        async with locks.sole("relay") as ours:
            assert list(ours) == [0]
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(step() for _ in range(10)))
    assert most == 1
    await locks.close()


# Patience


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Transient("x"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (asyncpg.ConnectionDoesNotExistError("x"), True),
        (asyncpg.AdminShutdownError("x"), True),
        (asyncpg.TooManyConnectionsError("x"), True),
        (asyncpg.ReadOnlySQLTransactionError("x"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.DataError("wrong argument"), False),
        (asyncpg.CheckViolationError("x"), False),
        (ValueError("x"), False),
        (KeyError("x"), False),
    ],
)
def test_which_failures_pass_by_themselves(error: Exception, expected: bool) -> None:
    assert passes(error) is expected


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "DELAYS_S", (0.0,) * 4)
    tries = 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        raise OSError("disk")

    with pytest.raises(StillFailing, match="still failing after 5 tries: OSError: disk"):
        await patiently(attempt)
    assert tries == 5


def test_a_reason_names_what_was_behind_it() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as error:
        assert reason_of(error) == "ValueError: outer (KeyError: 'inner')"
