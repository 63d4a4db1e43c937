"""What a deployed service is told, all of it by environment variables. This table is the documentation: ``termijn serve --help``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from termijn.kernel.errors import InvalidInput
from termijn.runtime.database import Address
from termijn.runtime.http.tokens import AUDIENCE
from termijn.runtime.mail import SmtpServer, is_address
from termijn.runtime.transport.kafka_settings import KafkaSecurity, KafkaSettings

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable. ``default`` None: it must be given, or what it is for is left out where ``what`` says so."""

    name: str
    what: str
    default: str | None = None
    is_optional: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable("TERMIJN_DATABASE_URL", "the service's database, as the role that owns nothing (termijn_app)"),
    Variable("TERMIJN_DATABASE_OWNER_URL", "the same as its owner (termijn_owner), who migrates"),
    Variable("TERMIJN_KEYS_URL", "the database of personal keys, which all services share, as termijn_app"),
    Variable("TERMIJN_KEYS_OWNER_URL", "the same as its owner"),
    Variable("KAFKA_BOOTSTRAP_SERVERS", "brokers: host:port,host:port"),
    Variable("TERMIJN_KAFKA_NAMESPACE", "stands before the names of topics and groups", ""),
    Variable("TERMIJN_KAFKA_PARTITIONS", "of topics that are made; never changed afterwards", "48"),
    Variable("TERMIJN_KAFKA_REPLICATION", "of topics that are made; a majority must have a record", "3"),
    Variable("TERMIJN_KAFKA_SESSION_SECONDS", "after such a silence the partitions of a replica go to the others", "30"),
    Variable("TERMIJN_KAFKA_PROTOCOL", "PLAINTEXT, SSL, SASL_SSL or SASL_PLAINTEXT", "PLAINTEXT"),
    Variable("TERMIJN_KAFKA_MECHANISM", "of SASL", "SCRAM-SHA-512"),
    Variable("TERMIJN_KAFKA_USER", "for SASL", is_optional=True),
    Variable("TERMIJN_KAFKA_PASSWORD", "for SASL", is_optional=True),
    Variable("TERMIJN_KAFKA_CA_FILE", "whose certificates are believed; without it the system's", is_optional=True),
    Variable("TERMIJN_BLOBS", "a folder that all services share: decks, documents, dossiers", "/var/lib/termijn/blobs"),
    Variable(
        "TERMIJN_JOURNAL", "a folder on another disk than the database, shared by the replicas of a service", "/var/lib/termijn/journal"
    ),
    Variable("TERMIJN_OIDC_ISSUER", "the URL of the identity provider whose tokens are believed", is_optional=True),
    Variable("TERMIJN_OIDC_AUDIENCE", "whom those tokens must be for", AUDIENCE),
    Variable("TERMIJN_SANDBOX_KEY_FILE", "instead of an issuer, never in production: the secret of `termijn token`", is_optional=True),
    Variable("TERMIJN_SMTP_HOST", "where mail is handed in", is_optional=True),
    Variable("TERMIJN_SMTP_PORT", "its port", "25"),
    Variable("TERMIJN_SMTP_ENCRYPTION", "tls, starttls or none", "starttls"),
    Variable("TERMIJN_SMTP_USER", "for SMTP", is_optional=True),
    Variable("TERMIJN_SMTP_PASSWORD", "for SMTP", is_optional=True),
    Variable("TERMIJN_MAIL_FROM", "whom mail comes from; {provider} stands for the provider's id", "billing@{provider}.invalid"),
    Variable("TERMIJN_MAIL_DIR", "instead of SMTP, never in production: a folder for mail", is_optional=True),
    Variable("TERMIJN_HTTP_HOST", "where HTTP listens", "0.0.0.0"),
    Variable("TERMIJN_HTTP_PORT", "its port; /health answers there", "8080"),
)
"""All of them. Where a variable is not set, NAME_FILE may name a file that holds its value: secrets stay out of the environment."""

_BY_NAME = {variable.name: variable for variable in VARIABLES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was told, checked."""

    database: Address
    keys: Address
    kafka: KafkaSettings
    blobs: Path
    journal: Path
    oidc_issuer: str | None
    oidc_audience: str
    sandbox_key_file: Path | None
    smtp: SmtpServer | None
    mail_from: str
    mail_folder: Path | None
    http_host: str
    http_port: int


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises ``InvalidInput`` with the variable named."""
    given = _Given(environment)
    issuer, key_file = given.optional("TERMIJN_OIDC_ISSUER"), given.optional("TERMIJN_SANDBOX_KEY_FILE")
    if (issuer is None) == (key_file is None):
        raise InvalidInput(field="TERMIJN_OIDC_ISSUER", reason="either this or TERMIJN_SANDBOX_KEY_FILE says whose tokens are believed")
    smtp, mail_folder = _smtp(given), given.optional("TERMIJN_MAIL_DIR")
    if (smtp is None) == (mail_folder is None):
        raise InvalidInput(field="TERMIJN_SMTP_HOST", reason="either this or TERMIJN_MAIL_DIR says where mail goes")
    return Settings(
        database=Address(app_dsn=given.text("TERMIJN_DATABASE_URL"), owner_dsn=given.text("TERMIJN_DATABASE_OWNER_URL")),
        keys=Address(app_dsn=given.text("TERMIJN_KEYS_URL"), owner_dsn=given.text("TERMIJN_KEYS_OWNER_URL")),
        kafka=_kafka(given),
        blobs=Path(given.text("TERMIJN_BLOBS")),
        journal=Path(given.text("TERMIJN_JOURNAL")),
        oidc_issuer=issuer,
        oidc_audience=given.text("TERMIJN_OIDC_AUDIENCE"),
        sandbox_key_file=None if key_file is None else Path(key_file),
        smtp=smtp,
        mail_from=_template(given.text("TERMIJN_MAIL_FROM")),
        mail_folder=None if mail_folder is None else Path(mail_folder),
        http_host=given.text("TERMIJN_HTTP_HOST"),
        http_port=given.number("TERMIJN_HTTP_PORT", 1, 65535),
    )


class _Given:
    """The environment, as the table says to read it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def optional(self, name: str) -> str | None:
        """The value, else that of the file, else the default, else None. Empty is not given."""
        variable = _BY_NAME[name]
        value = self._environment.get(name)
        path = self._environment.get(f"{name}_FILE")
        if not value and path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise InvalidInput(field=f"{name}_FILE", reason=f"cannot be read: {error.strerror}") from None
        return value or variable.default

    def text(self, name: str) -> str:
        """The value; raises ``InvalidInput`` where there is none."""
        value = self.optional(name)
        if value is None:
            raise InvalidInput(field=name, reason=f"is not set: {_BY_NAME[name].what}")
        return value

    def number(self, name: str, least: int, most: int) -> int:
        """A whole number within these bounds."""
        return self._parsed(name, int, lambda value: least <= value <= most, f"is not a whole number from {least} to {most}")

    def one_of(self, name: str, *choices: str) -> str:
        """One of these words."""
        return self._parsed(name, str, lambda value: value in choices, f"is none of {', '.join(choices)}")

    def _parsed(self, name: str, parse: Callable[[str], ValueT], is_right: Callable[[ValueT], bool], complaint: str) -> ValueT:
        try:
            value = parse(self.text(name))
        except ValueError:
            raise InvalidInput(field=name, reason=complaint) from None
        if not is_right(value):
            raise InvalidInput(field=name, reason=complaint)
        return value


def _kafka(given: _Given) -> KafkaSettings:
    protocol = given.one_of("TERMIJN_KAFKA_PROTOCOL", "PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT")
    is_named = protocol.startswith("SASL_")
    return KafkaSettings(
        bootstrap_servers=given.text("KAFKA_BOOTSTRAP_SERVERS"),
        namespace=given.text("TERMIJN_KAFKA_NAMESPACE"),
        partitions=given.number("TERMIJN_KAFKA_PARTITIONS", 1, 1000),
        replication=given.number("TERMIJN_KAFKA_REPLICATION", 1, 9),
        session_s=given.number("TERMIJN_KAFKA_SESSION_SECONDS", 6, 300),
        security=KafkaSecurity(
            protocol=protocol,
            mechanism=given.one_of("TERMIJN_KAFKA_MECHANISM", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
            user=given.text("TERMIJN_KAFKA_USER") if is_named else None,
            password=given.text("TERMIJN_KAFKA_PASSWORD") if is_named else None,
            ca_file=given.optional("TERMIJN_KAFKA_CA_FILE"),
        ),
    )


def _smtp(given: _Given) -> SmtpServer | None:
    host = given.optional("TERMIJN_SMTP_HOST")
    if host is None:
        return None
    return SmtpServer(
        host=host,
        port=given.number("TERMIJN_SMTP_PORT", 1, 65535),
        encryption=given.one_of("TERMIJN_SMTP_ENCRYPTION", "tls", "starttls", "none"),
        user=given.optional("TERMIJN_SMTP_USER"),
        password=given.optional("TERMIJN_SMTP_PASSWORD"),
    )


def _template(text: str) -> str:
    try:
        sender = text.format(provider="p")
    except (KeyError, IndexError, ValueError):
        raise InvalidInput(field="TERMIJN_MAIL_FROM", reason="has other braces than {provider}") from None
    if not is_address(sender):
        # Found out at the first letter, it would be every customer's letter that is refused.
        raise InvalidInput(field="TERMIJN_MAIL_FROM", reason=f"is no address: {text!r}")
    return text


def table() -> str:
    """The variables as the help shows them."""
    width = max(len(variable.name) for variable in VARIABLES)
    lines = []
    for variable in VARIABLES:
        default = f" [{variable.default}]" if variable.default else " (optional)" if variable.is_optional or variable.default == "" else ""
        lines.append(f"  {variable.name:<{width}}  {variable.what}{default}")
    return "\n".join(lines)
