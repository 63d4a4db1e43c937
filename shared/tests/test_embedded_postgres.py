"""The embedded PostgreSQL: settings, roles, sharing, and what a kill leaves behind."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from termijn.embedded.databases import APPLICATION, DATABASES, OWNER, SUPERUSER, ensure_databases
from termijn.embedded.postgres import EmbeddedPostgres, PostgresFailed, Settings, start
from termijn.testing.postgres import Databases, TestDatabase

TESTS = Settings.for_tests()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="termijn-test-") as path:
        yield Path(path)


async def fetch(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_nothing_that_was_committed_can_be_lost_to_save_time(postgres_server: EmbeddedPostgres) -> None:
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert await fetch(postgres_server.dsn("postgres", SUPERUSER), f"show {setting}") == "on"


async def test_it_is_version_18_with_our_settings(postgres_server: EmbeddedPostgres) -> None:
    dsn = postgres_server.dsn("postgres", SUPERUSER)
    assert str(await fetch(dsn, "show server_version")).startswith("18")
    assert await fetch(dsn, "show max_connections") == "200"
    assert await fetch(dsn, "show listen_addresses") == ""
    assert await fetch(dsn, "show timezone") == "UTC"


def test_shared_buffers_are_a_quarter_of_memory_within_bounds() -> None:
    assert 128 <= Settings.of_this_machine().shared_buffers_mib <= 4096
    assert Settings.of_this_machine().max_wal_size_mib == 8192


async def test_the_application_role_owns_nothing_and_cannot_bypass_row_security(databases: Databases) -> None:
    database = await databases.new()
    flags = "select array[rolsuper, rolbypassrls, rolcreatedb, rolcreaterole] from pg_roles where rolname = '{}'"
    for role in (OWNER, APPLICATION):
        assert await fetch(database.admin_dsn, flags.format(role)) == [False, False, False, False]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(database.app_dsn, "create table mine (x int)")
    await fetch(database.owner_dsn, "create table ours (x int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(database.app_dsn, "select x from ours")


async def test_a_database_is_copied_from_its_template_and_gone_after_the_test(databases: Databases) -> None:
    prepared: list[str] = []

    async def prepare(database: TestDatabase) -> None:
        prepared.append(database.name)
        await fetch(database.owner_dsn, "create table thing as select 7 as x")

    first = await databases.new("with a thing", prepare)
    second = await databases.new("with a thing", prepare)
    assert len(prepared) == 1
    await fetch(first.owner_dsn, "delete from thing")
    assert await fetch(second.owner_dsn, "select x from thing") == 7


@pytest.mark.slow
async def test_databases_are_ensured_at_every_start(folder: Path) -> None:
    server = await start(folder, TESTS)
    names = await ensure_databases(server)
    assert set(names) == set(DATABASES)
    await asyncio.gather(ensure_databases(server), ensure_databases(server))
    assert await fetch(server.dsn("termijn_keys", APPLICATION), "select current_user::text") == APPLICATION
    await server.stop()


@pytest.mark.slow
async def test_two_starts_share_one_server_and_the_last_to_leave_stops_it(folder: Path) -> None:
    first, second = await asyncio.gather(start(folder, TESTS), start(folder, TESTS))
    assert first.socket_folder == second.socket_folder
    await first.stop()
    assert await fetch(second.dsn("postgres", SUPERUSER), "select 1") == 1
    await second.stop()
    await second.stop()
    assert not (folder / "data" / "postmaster.pid").exists()


def start_in_another_process(folder: Path) -> "subprocess.Popen[bytes]":
    script = (
        "import time;from pathlib import Path;from termijn.embedded.postgres import *\n"
        f"server = start_now(Path({str(folder)!r}), Settings.for_tests())\nprint('up', flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("also_the_server", [False, True], ids=["our process killed", "server killed too"])
async def test_it_starts_again_after_a_kill(folder: Path, also_the_server: bool) -> None:
    process = await asyncio.to_thread(start_in_another_process, folder)
    guest = await start(folder, TESTS)
    await fetch(guest.dsn("postgres", SUPERUSER), "create table kept as select 1 as x")
    process.kill()
    process.wait()
    if also_the_server:
        os.kill(int((folder / "data" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        await asyncio.sleep(0.3)
    again = await start(folder, TESTS)
    assert await fetch(again.dsn("postgres", SUPERUSER), "select x from kept") == 1
    await guest.stop()
    await again.stop()


@pytest.mark.slow
async def test_a_server_that_dies_while_somebody_joins_it_is_started_again(folder: Path) -> None:
    """Killed, and not gone yet: it counts as running and does not answer."""
    first = await start(folder, TESTS)
    postmaster = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGSTOP)
    joining = asyncio.create_task(start(folder, TESTS))
    await asyncio.sleep(1)
    os.kill(postmaster, signal.SIGKILL)
    again = await joining
    assert await fetch(again.dsn("postgres", SUPERUSER), "select 1") == 1
    await first.stop()
    await again.stop()


def rewrite(path: Path, text: str) -> None:
    """In place and in one go, as PostgreSQL does: nobody ever sees an empty file."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()


@pytest.mark.slow
async def test_a_server_that_has_just_begun_is_waited_for_and_not_started_twice(folder: Path) -> None:
    """Its lock file says where it listens a moment after it says that it is there."""
    first = await start(folder, TESTS)
    lock_file = folder / "data" / "postmaster.pid"
    whole = lock_file.read_text()
    lines = whole.splitlines()
    rewrite(lock_file, "\n".join([*lines[:4], "", ""]))
    joining = asyncio.create_task(start(folder, TESTS))
    await asyncio.sleep(0.3)
    assert lock_file.read_text().splitlines()[0] == lines[0]
    rewrite(lock_file, whole)
    second = await joining
    assert second.socket_folder == first.socket_folder
    await first.stop()
    assert await fetch(second.dsn("postgres", SUPERUSER), "select 1") == 1
    await second.stop()


def waiting_command(program: str, place: Path) -> "subprocess.Popen[bytes]":
    """A process that looks like this program at work on that place, until its input ends."""
    arguments = [program, "-c", "import sys; sys.stdin.read()", "-D", str(place)]
    return subprocess.Popen(arguments, executable=sys.executable, stdin=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "place"), [("pg_ctl", "data"), ("initdb", "data.new")])
async def test_what_somebody_began_who_was_killed_over_it_is_waited_for(folder: Path, program: str, place: str) -> None:
    """His pg_ctl goes on without him: until it is done nobody can say whether a server runs."""
    leftover = await asyncio.to_thread(waiting_command, program, folder / place)
    starting = asyncio.create_task(start(folder, TESTS))
    await asyncio.sleep(0.5)
    assert not (folder / "data.new").exists() and not (folder / "data").exists(), "initdb makes its folder first"
    await asyncio.to_thread(leftover.communicate)
    await (await starting).stop()


async def test_a_process_id_left_behind_that_is_now_somebody_else_does_not_stop_it(folder: Path) -> None:
    await (await start(folder, TESTS)).stop()
    (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'data'}\n1\n5432\n{folder / 'run'}\n\n0 0\nready\n")
    server = await start(folder, TESTS)
    assert await fetch(server.dsn("postgres", SUPERUSER), "select 1") == 1
    await server.stop()


async def test_a_folder_of_another_version_is_refused_and_not_touched(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(PostgresFailed, match="belongs to PostgreSQL 16"):
        await start(folder, TESTS)


@pytest.mark.slow
async def test_a_folder_with_a_path_too_long_for_a_socket_works(folder: Path) -> None:
    deep = folder / ("a" * 60) / ("b" * 60)
    server = await start(deep, TESTS)
    assert await fetch(server.dsn("postgres", SUPERUSER), "select 1") == 1
    await server.stop()
    assert not server.socket_folder.exists()
