"""A real Kafka broker without a container engine: jars from Maven Central, one Java process, loopback only.

For tests, and for the embedded default over Kafka. Needs Java 17 and Maven on the path; where they are missing nobody is
worse off than with the log. Whoever starts the broker owns it: it ends with that process, also when that is killed, because
the broker's standard input is a pipe that closes with it. Who opens the folder meanwhile joins the broker that runs.
"""

import asyncio
import base64
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.resources import as_file, files
from io import TextIOWrapper
from pathlib import Path

VERSION = "4.1.0"
"""The version in ``kafka_broker.pom.xml``; a test compares them."""
START_SECONDS_MAX = 90
"""Two to five seconds on an idle machine; a busy one with two cores may take this."""
STOP_SECONDS_MAX = 30
"""A broker flushes and goes in a second; one that takes longer is killed, which Kafka survives."""
HEAP = "-Xmx256m"
CACHE = "TERMIJN_CACHE"
"""Environment variable: where the jars are kept; by default ~/.cache/termijn."""

_LOG4J = """<Configuration><Appenders><Console name="out"><PatternLayout pattern="%d %p %c %m%n"/></Console></Appenders>
<Loggers><Root level="warn"><AppenderRef ref="out"/></Root><Logger name="kafka.server.KafkaRaftServer" level="info"/></Loggers>
</Configuration>"""
_STARTED = "Kafka Server started"
# When our end of the pipe closes, the shell behind the broker ends it; `exec` makes the broker the process that we started.
_TIED_TO_US = 'exec 3<&0; (cat <&3 >/dev/null; kill -TERM $$ 2>/dev/null) & exec "$@" </dev/null 3<&-'


class BrokerUnavailable(Exception):
    """There is no broker here, and this is why."""


def missing_tools() -> list[str]:
    """What would have to be installed before a broker can be started here."""
    return [tool for tool in ("java", "mvn") if shutil.which(tool) is None]


def ensure_jars() -> Path:
    """The folder with the broker's jars, fetched from Maven Central the first time (43 MB). Raises ``BrokerUnavailable``."""
    root = Path(os.environ.get(CACHE) or Path.home() / ".cache" / "termijn")
    wanted = hashlib.sha256((files("termijn.embedded") / "kafka_broker.pom.xml").read_bytes()).hexdigest()
    jars = root / f"kafka-{VERSION}-{wanted[:8]}"
    if jars.is_dir():
        return jars
    if missing := missing_tools():
        raise BrokerUnavailable(f"a Kafka broker needs {' and '.join(missing)} on the path, or KAFKA_BOOTSTRAP_SERVERS")
    root.mkdir(parents=True, exist_ok=True)
    fetched = Path(tempfile.mkdtemp(prefix="kafka-", dir=root))
    with as_file(files("termijn.embedded") / "kafka_broker.pom.xml") as pom:
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(fetched, ignore_errors=True)
        raise BrokerUnavailable(f"Maven could not fetch the broker: {_last_line(done.stdout + done.stderr)}")
    try:
        fetched.rename(jars)
    except OSError:  # another process was as fast
        shutil.rmtree(fetched, ignore_errors=True)
    return jars


class LocalBroker:
    """A broker with its data in one folder. ``start_now`` and ``stop_now`` may be called again and again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: TextIOWrapper | None = None
        self._port = 0

    @property
    def bootstrap_servers(self) -> str:
        """host:port, the same after a restart."""
        return f"127.0.0.1:{self._port}"

    @property
    def is_ours(self) -> bool:
        """Whether this process started it, so that it ends with this process."""
        return self._process is not None

    def start_now(self) -> None:
        """Start the broker, or join the one that another process runs on this folder. Raises ``BrokerUnavailable``."""
        assert self._process is None, "it runs"
        jars = ensure_jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._try_start(jars, deadline):
            if time.monotonic() > deadline:
                self._give_up_folder()
                raise BrokerUnavailable(f"the Kafka broker did not start: {self._last_words()}")
            time.sleep(0.2)

    def stop_now(self) -> None:
        """Stop it where it is ours; the data stays."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._give_up_folder()

    def kill_now(self) -> None:
        """End it as a power failure does."""
        assert self._process is not None, "only ours"
        self._process.kill()
        self._process.wait()
        self.stop_now()

    async def start(self) -> None:
        """The same for a running event loop."""
        await asyncio.to_thread(self.start_now)

    async def stop(self) -> None:
        """The same for a running event loop."""
        await asyncio.to_thread(self.stop_now)

    def _try_start(self, jars: Path, deadline: float) -> bool:
        if not self._take_folder():
            return self._joined()
        ports = self._ports()
        self._port = ports["broker"]
        self._write_settings(ports)
        if not (self.folder / "data" / "meta.properties").exists():
            self._java(
                jars, "kafka.tools.StorageTool", "format", "-t", cluster_id(self.folder), "-c", str(self.folder / "server.properties")
            )
        with (self.folder / "broker.log").open("wb") as log:
            command = ["sh", "-c", _TIED_TO_US, "sh", *_java(jars, self.folder), "kafka.Kafka", str(self.folder / "server.properties")]
            # Its own process group: Ctrl-C is for us, and we end it when our own work is done.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        while self._process.poll() is None and time.monotonic() < deadline:
            if _STARTED in self._log():
                return True
            time.sleep(0.05)
        self.stop_now()  # the one before may still be on its way out: it is tried again until the deadline
        return False

    def _take_folder(self) -> bool:
        """Whether the folder is this process's for as long as it lives."""
        if self._lock is None:
            lock = (self.folder / "owner.lock").open("a+")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _give_up_folder(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def _joined(self) -> bool:
        note = self.folder / "ports.json"
        if not note.exists() or _STARTED not in self._log():
            return False
        self._port = int(json.loads(note.read_text())["broker"])
        return not _is_free(self._port)

    def _ports(self) -> Mapping[str, int]:
        """Those of last time where they are free: clients that wait for the broker come back to the same address."""
        note = self.folder / "ports.json"
        if note.exists():
            ports: dict[str, int] = json.loads(note.read_text())
            if all(_is_free(port) for port in ports.values()):
                return ports
        ports = {"broker": _free_port(), "controller": _free_port()}
        note.write_text(json.dumps(ports))
        return ports

    def _write_settings(self, ports: Mapping[str, int]) -> None:
        (self.folder / "log4j2.xml").write_text(_LOG4J)
        (self.folder / "server.properties").write_text(_settings(self.folder / "data", ports))

    def _java(self, jars: Path, *arguments: str) -> None:
        done = subprocess.run([*_java(jars, self.folder), *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerUnavailable(f"Kafka's storage could not be made: {_last_line(done.stdout + done.stderr)}")

    def _log(self) -> str:
        log = self.folder / "broker.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _last_words(self) -> str:
        return _last_line(self._log())


def cluster_id(folder: Path) -> str:
    """Kafka's form of 16 bytes, 22 characters; the same for the same folder.

    The top bit stays clear: an id that began with a hyphen, Kafka's formatter would take for an option.
    """
    digest = hashlib.sha256(str(folder.resolve()).encode()).digest()
    return base64.urlsafe_b64encode(bytes([digest[0] & 0x7F]) + digest[1:16]).decode().rstrip("=")


def _java(jars: Path, folder: Path) -> list[str]:
    # The first compiler alone and one collector thread: a broker for tests is done before the second one would pay.
    return [
        "java",
        HEAP,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={folder / 'log4j2.xml'}",
        "-cp",
        f"{jars}/*",
    ]


def _settings(data: Path, ports: Mapping[str, int]) -> str:
    return "\n".join(
        (
            "process.roles=broker,controller",
            "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{ports['controller']}",
            f"listeners=PLAINTEXT://127.0.0.1:{ports['broker']},CONTROLLER://127.0.0.1:{ports['controller']}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{ports['broker']}",
            "controller.listener.names=CONTROLLER",
            f"log.dirs={data}",
            "auto.create.topics.enable=false",
            "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
            "group.min.session.timeout.ms=500",
            "log.cleaner.dedupe.buffer.size=16777216",
            "",
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
