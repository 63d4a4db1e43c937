"""How to reach a Kafka cluster, how topics are made there, and how long anything may take. All times are machine time."""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

TOPIC_BYTES_MAX = 1024 * 1024 + 64 * 1024
"""Of one batch, set on each topic: a record of ``RECORD_BYTES_MAX`` and what Kafka puts around it (its own default is 12 bytes more
than the record alone, so the largest record would be refused)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSecurity:
    """``protocol``: PLAINTEXT, SSL, SASL_SSL or SASL_PLAINTEXT. ``ca_file``: whom to believe, else the system's list."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """``namespace`` stands before the names of topics and groups on the broker, so that installations can share one.

    ``partitions``: per topic that is made, for ever, because a key's partition follows from it. ``session_s``: how long a process may
    be silent before its partitions go to others. ``page_s``: how long the group waits for a member that has a page in hand.
    ``join_s``: how long a first poll waits for the group. ``answer_s``: after this a broker counts as away.
    ``silence_s``: with nothing coming for so long, a poll asks whether the broker is there. ``fetch_wait_s``: how long one fetch
    waits at the broker; a record of a partition that was not in the running fetch is seen after it.
    """

    bootstrap_servers: str
    namespace: str = ""
    partitions: int = 48
    replication: int = 1
    retention: timedelta = timedelta(days=90)
    session_s: float = 30.0
    heartbeat_s: float = 1.0
    page_s: float = 60.0
    join_s: float = 5.0
    answer_s: float = 10.0
    silence_s: float = 10.0
    fetch_wait_s: float = 0.1
    security: KafkaSecurity = KafkaSecurity()

    def topic(self, name: str) -> str:
        """What a topic of ours is called on the broker."""
        return self.namespace + name

    def group(self, name: str) -> str:
        """What a group of ours is called on the broker."""
        return f"{self.namespace}termijn.{name}"

    @property
    def topic_settings(self) -> dict[str, str]:
        """Of each topic that is made. A record is kept when it is on a majority of the replicas."""
        return {
            "retention.ms": str(int(self.retention.total_seconds() * 1000)),
            "retention.bytes": "-1",
            "cleanup.policy": "delete",
            "max.message.bytes": str(TOPIC_BYTES_MAX),
            "min.insync.replicas": str(self.replication // 2 + 1),
            "message.timestamp.type": "LogAppendTime",
        }

    def connection(self) -> dict[str, Any]:
        """What every client of the cluster is made with."""
        common: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": "termijn",
            "request_timeout_ms": int(self.answer_s * 1000),
            "metadata_max_age_ms": 60_000,
            "security_protocol": self.security.protocol,
        }
        if self.security.protocol in ("SSL", "SASL_SSL"):
            common["ssl_context"] = ssl.create_default_context(cafile=self.security.ca_file)
        if self.security.protocol.startswith("SASL_"):
            common["sasl_mechanism"] = self.security.mechanism
            common["sasl_plain_username"] = self.security.user
            common["sasl_plain_password"] = self.security.password
        return common
