"""What stands under deploy/ and in docker-compose.yml fits the code: names of variables, commands, ports, paths, databases, versions.

There need not be a container engine where the tests run, so no image is built here. What PostgreSQL is told at the start is run for
real.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from termijn.cli.main import COMMANDS
from termijn.deployment.serving import DEFINITIONS
from termijn.deployment.settings import VARIABLES, read_settings
from termijn.embedded.kafka_broker import VERSION
from termijn.embedded.postgres import MAJOR, EmbeddedPostgres, Settings, start
from termijn.runtime.database import Address, migrate
from termijn.runtime.http.guard import BODY_BYTES_MAX

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(DEFINITIONS)
KNOWN = {variable.name for variable in VARIABLES}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """Instruction and arguments, continuation lines joined."""
    text = re.sub(r"\\\n", " ", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], " ".join(line.split(maxsplit=1)[1:])) for line in lines]


def test_every_service_is_served_by_its_command_and_by_its_own_database(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert service["command"] == ["serve", name]
        assert service["environment"]["TERMIJN_DATABASE_URL"].endswith(f"@postgres:5432/termijn_{name}")
        assert service["environment"]["TERMIJN_DATABASE_OWNER_URL"].endswith(f"@postgres:5432/termijn_{name}")
        assert service["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile"}
    assert "serve" in {entry.name for entry in COMMANDS}


def test_the_settings_of_compose_are_read_without_a_complaint_and_none_is_unknown(compose: dict[str, Any]) -> None:
    for name in OURS:
        environment = compose["services"][name]["environment"]
        assert set(environment) <= KNOWN
        assert all(isinstance(value, str) for value in environment.values()), "numbers become text only where they are quoted"
        settings = read_settings(environment)
        assert settings.kafka.replication == 1
        assert settings.http_port == 8080
        assert settings.database.app_dsn.startswith("postgresql://termijn_app:app@")
        assert settings.keys.owner_dsn.startswith("postgresql://termijn_owner:owner@")


def test_folders_of_the_settings_are_volumes_that_the_image_has_and_its_user_owns(
    compose: dict[str, Any], dockerfile: list[tuple[str, str]]
) -> None:
    made = next(arguments for instruction, arguments in dockerfile if instruction == "RUN" and "install -d" in arguments)
    for name in OURS:
        service = compose["services"][name]
        mounted = {volume.split(":")[1] for volume in service["volumes"]}
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
        settings = read_settings(service["environment"])
        assert settings.sandbox_key_file is not None
        for folder in (settings.blobs, settings.journal, settings.mail_folder, settings.sandbox_key_file.parent):
            assert str(folder) in mounted
            assert str(folder) in made.split()


def test_the_port_of_the_image_its_health_check_the_gate_and_the_settings_is_one(
    compose: dict[str, Any], dockerfile: list[tuple[str, str]]
) -> None:
    default = next(variable.default for variable in VARIABLES if variable.name == "TERMIJN_HTTP_PORT")
    assert ("EXPOSE", default) in dockerfile
    check = next(arguments for instruction, arguments in dockerfile if instruction == "HEALTHCHECK")
    assert f"http://127.0.0.1:{default}/health" in check
    gate = (ROOT / "deploy/gate.conf").read_text(encoding="utf-8")
    assert f"http://$service:{default}" in gate
    assert re.search(r"\^/\(\?<service>([a-z|]+)\)", gate)[1] == "|".join(OURS)  # type: ignore[index]
    assert f"client_max_body_size {BODY_BYTES_MAX // 1024**2}m;" in gate
    assert set(compose["services"]["gate"]["depends_on"]) == set(OURS)


def test_the_image_is_built_of_files_that_are_there_and_let_through(dockerfile: list[tuple[str, str]]) -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")]
    copied = [arguments.split()[:-1] for instruction, arguments in dockerfile if instruction == "COPY" and "--from" not in arguments]
    for path in (path for paths in copied for path in paths):
        assert (ROOT / path).exists(), path
        assert path in let_through, path
    assert ("ENTRYPOINT", '["termijn"]') in dockerfile
    assert ("STOPSIGNAL", "SIGTERM") in dockerfile
    users = [arguments for instruction, arguments in dockerfile if instruction == "USER"]
    assert users == ["termijn"], "not root"


def versions(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text, "a lock names no place to download from"
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE))


def test_the_image_has_the_versions_that_were_tested_and_no_tools_of_ours() -> None:
    run, tested = versions("deploy/requirements.lock"), versions("requirements.lock")
    assert run.items() <= tested.items()
    assert {"aiokafka", "asyncpg", "fastapi"} <= run.keys()
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & run.keys()


def test_servers_are_of_the_versions_that_tests_run_on(compose: dict[str, Any]) -> None:
    assert compose["services"]["postgres"]["image"] == f"postgres:{MAJOR}"
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{VERSION}"
    assert compose["services"]["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="termijn-test-") as path:
        yield Path(path)


@pytest.mark.slow
@pytest.mark.database
async def test_what_postgres_is_told_at_its_first_start_gives_databases_that_services_can_use(folder: Path) -> None:
    server = await start(folder, Settings.for_tests())
    try:
        _init(server)
        admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
        names = {row["datname"] for row in await admin.fetch("select datname from pg_database where datname like 'termijn_%'")}
        assert names == {f"termijn_{name}" for name in (*OURS, "keys")}
        roles = await admin.fetch(
            "select rolsuper, rolbypassrls, rolcreatedb from pg_roles where rolname in ('termijn_app', 'termijn_owner')"
        )
        assert [tuple(role) for role in roles] == [(False, False, False)] * 2
        await admin.close()
        address = Address(app_dsn=server.dsn("termijn_rating", "termijn_app"), owner_dsn=server.dsn("termijn_rating", "termijn_owner"))
        await migrate(address, ["termijn.runtime.schema", "termijn.rating"])
        app = await asyncpg.connect(address.app_dsn)
        assert await app.fetchval("select count(*) from outbox") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("create table mine (n integer)")
        await app.close()
    finally:
        await server.stop()


def _init(server: EmbeddedPostgres) -> None:
    from termijn.embedded.postgres import _binaries  # noqa: PLC0415

    parts = re.fullmatch(r"postgres(?:ql)?://[^@/]*@?([^/]*)/[^?]*\??(.*)", server.dsn("postgres", "postgres"))
    assert parts is not None
    host = re.search(r"host=([^&]+)", parts[2])
    environment = {
        "PATH": f"{_binaries()}:{os.environ['PATH']}",
        "TERMIJN_OWNER_PASSWORD": "o'wner",
        "TERMIJN_APP_PASSWORD": "app",
        "PGUSER": "postgres",
    }
    if host is not None:
        environment["PGHOST"] = host[1]
    subprocess.run([str(ROOT / "deploy/postgres/init.sh")], env=environment, check=True, capture_output=True)
