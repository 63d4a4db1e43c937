"""What a deployed service is told: complete, checked before anything is opened, and never half a secret."""

from pathlib import Path
from typing import Any

import pytest

from termijn.cli.serve import HELP
from termijn.deployment.settings import VARIABLES, read_settings
from termijn.kernel.errors import InvalidInput

LEAST = {
    "TERMIJN_DATABASE_URL": "postgresql://termijn_app@db/termijn_rating",
    "TERMIJN_DATABASE_OWNER_URL": "postgresql://termijn_owner@db/termijn_rating",
    "TERMIJN_KEYS_URL": "postgresql://termijn_app@db/termijn_keys",
    "TERMIJN_KEYS_OWNER_URL": "postgresql://termijn_owner@db/termijn_keys",
    "KAFKA_BOOTSTRAP_SERVERS": "b1:9092,b2:9092",
    "TERMIJN_OIDC_ISSUER": "https://login.example.org/realms/termijn",
    "TERMIJN_SMTP_HOST": "mail.example.org",
}


def told(**changes: str | None) -> dict[str, str]:
    return {name: value for name, value in (LEAST | changes).items() if value is not None}


def test_the_least_gives_the_defaults_of_a_deployment() -> None:
    settings = read_settings(LEAST)
    assert (settings.kafka.bootstrap_servers, settings.kafka.namespace) == ("b1:9092,b2:9092", "")
    assert (settings.kafka.partitions, settings.kafka.replication) == (48, 3)
    assert settings.kafka.topic_settings["min.insync.replicas"] == "2"
    assert settings.kafka.security.protocol == "PLAINTEXT"
    assert settings.smtp is not None
    assert (settings.smtp.port, settings.smtp.encryption) == (25, "starttls")
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 8080)
    assert settings.sandbox_key_file is None


@pytest.mark.parametrize("name", [name for name in LEAST if name not in ("TERMIJN_OIDC_ISSUER", "TERMIJN_SMTP_HOST")])
def test_what_must_be_told_and_is_not_is_named(name: str) -> None:
    for missing in (None, ""):
        with pytest.raises(InvalidInput) as refused:
            read_settings(told(**{name: missing}))
        assert refused.value.field == name


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"TERMIJN_OIDC_ISSUER": None}, "TERMIJN_OIDC_ISSUER"),
        ({"TERMIJN_SANDBOX_KEY_FILE": "/key"}, "TERMIJN_OIDC_ISSUER"),
        ({"TERMIJN_SMTP_HOST": None}, "TERMIJN_SMTP_HOST"),
        ({"TERMIJN_MAIL_DIR": "/mail"}, "TERMIJN_SMTP_HOST"),
        ({"TERMIJN_HTTP_PORT": "http"}, "TERMIJN_HTTP_PORT"),
        ({"TERMIJN_HTTP_PORT": "0"}, "TERMIJN_HTTP_PORT"),
        ({"TERMIJN_KAFKA_PARTITIONS": "-1"}, "TERMIJN_KAFKA_PARTITIONS"),
        ({"TERMIJN_KAFKA_REPLICATION": "3.0"}, "TERMIJN_KAFKA_REPLICATION"),
        ({"TERMIJN_KAFKA_PROTOCOL": "ssl"}, "TERMIJN_KAFKA_PROTOCOL"),
        ({"TERMIJN_KAFKA_PROTOCOL": "SASL_SSL"}, "TERMIJN_KAFKA_USER"),
        ({"TERMIJN_KAFKA_PROTOCOL": "SASL_SSL", "TERMIJN_KAFKA_USER": "u"}, "TERMIJN_KAFKA_PASSWORD"),
        ({"TERMIJN_SMTP_ENCRYPTION": "yes"}, "TERMIJN_SMTP_ENCRYPTION"),
        ({"TERMIJN_MAIL_FROM": "billing@{tenant}.nl"}, "TERMIJN_MAIL_FROM"),
        ({"TERMIJN_MAIL_FROM": "billing"}, "TERMIJN_MAIL_FROM"),
        ({"TERMIJN_MAIL_FROM": "{provider}: billing@belco.nl"}, "TERMIJN_MAIL_FROM"),
        ({"TERMIJN_SMTP_PASSWORD_FILE": "/nowhere"}, "TERMIJN_SMTP_PASSWORD_FILE"),
    ],
)
def test_what_is_told_wrongly_is_refused_with_the_variable_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings(told(**changes))
    assert refused.value.field == field


def test_a_secret_may_lie_in_a_file_and_the_variable_itself_wins(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://termijn_app:secret@db/termijn_rating\n")
    settings = read_settings(told(TERMIJN_DATABASE_URL=None, TERMIJN_DATABASE_URL_FILE=str(secret)))
    assert settings.database.app_dsn == "postgresql://termijn_app:secret@db/termijn_rating"
    assert read_settings(told(TERMIJN_DATABASE_URL_FILE=str(secret))).database.app_dsn == LEAST["TERMIJN_DATABASE_URL"]


def test_the_help_tells_every_variable_with_its_default() -> None:
    for variable in VARIABLES:
        (line,) = [line for line in HELP.splitlines() if line.split() and line.split()[0] == variable.name]
        assert variable.what in line
        assert not variable.default or f"[{variable.default}]" in line
        assert len(line) <= 140
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)


def test_the_sandbox_key_is_told_by_its_file_alone() -> None:
    settings = read_settings(told(TERMIJN_OIDC_ISSUER=None, TERMIJN_SANDBOX_KEY_FILE="/var/lib/termijn/key/token.key"))
    assert settings.sandbox_key_file == Path("/var/lib/termijn/key/token.key")
    assert settings.oidc_issuer is None
