"""One service alone: its database, Kafka, keys, blobs, mail, HTTP and loops, put together and taken apart again."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

import termijn.contracts.app
import termijn.dunning.app
import termijn.invoice.app
import termijn.rating.app
from termijn.deployment.settings import Settings
from termijn.embedded.site import build_site
from termijn.kernel.errors import InvalidInput
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.clock import Clock, SystemClock
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.erasure_log import ERASURE_LOG, FileErasureLog
from termijn.runtime.handling import Definition
from termijn.runtime.http import Authority
from termijn.runtime.journal import FileJournal
from termijn.runtime.keys import KeyStore
from termijn.runtime.mail import MaildirMailer, Mailer, SmtpMailer
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.telemetry import log
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.turning import Turning
from termijn.runtime.unhurried import Unhurried

ops = log("serving")

DEFINITIONS: Mapping[str, Callable[[Mailer], Definition]] = {
    "contracts": termijn.contracts.app.definition,
    "rating": lambda mailer: termijn.rating.app.definition(),
    "invoice": termijn.invoice.app.definition,
    "dunning": termijn.dunning.app.definition,
}
"""The services by the name that is served."""

SHUTDOWN_SECONDS_MAX = 15
"""Calls under way get this long; orchestrators kill after thirty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A service that is open, not yet turning."""

    service: Service
    app: FastAPI
    turning: Turning


@asynccontextmanager
async def open_service(name: str, settings: Settings) -> AsyncIterator[Serving]:
    """Migrate, connect, join. Raises ``InvalidInput`` for a service that there is none of, ``Transient`` where Kafka does not answer."""
    if name not in DEFINITIONS:
        raise InvalidInput(field="service", reason=f"{name!r} is none; there are {', '.join(DEFINITIONS)}")
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        erased = FileErasureLog(settings.journal / ERASURE_LOG)
        keys = await KeyStore.open(app_dsn=settings.keys.app_dsn, owner_dsn=settings.keys.owner_dsn, log=erased)
        stack.push_async_callback(keys.close)
        transport = await KafkaTransport.open(settings.kafka)
        stack.push_async_callback(transport.close)
        journal = FileJournal(settings.journal)
        stack.callback(journal.close)
        around = Surroundings(
            address=settings.database,
            transport=transport,
            clock=clock,
            keys=keys,
            blobs=FileBlobs(settings.blobs),
            journal=journal,
            has_collectors=True,
        )
        service = await Service.open(DEFINITIONS[name](_mailer(settings, clock)), around)
        stack.push_async_callback(service.close)
        turning = Turning(service)
        app = build_site([service], await asyncio.to_thread(_authority, settings))
        add_health(app, service, turning)
        stack.push_async_callback(turning.stop)
        yield Serving(service=service, app=app, turning=turning)


async def serve(name: str, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish the calls under way, leave the group, give the connections back."""
    async with open_service(name, settings) as serving:
        serving.turning.start()
        config = uvicorn.Config(
            serving.app,
            host=settings.http_host,
            port=settings.http_port,
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
        )
        server = _Server(config)
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, server.leave)
        ops.info("serving", service=name, port=settings.http_port)
        await server.serve()
    ops.info("left in order", service=name)


def add_health(app: FastAPI, service: Service, turning: Turning) -> None:
    """``GET /health``, for orchestrators, without a token: 503 where the database does not answer, since nothing works then. With Kafka
    away the service is degraded but works, and starting it anew would help nobody.
    """

    @app.get("/health", include_in_schema=False)
    async def health() -> JSONResponse:
        try:
            async with asyncio.timeout(5):
                await service.database.short(EVERY_PROVIDER, "select 1 as one")
            has_database = True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            has_database = False
        is_turning = not any(turn.failing_with for turn in turning.turns)
        status = "ok" if has_database and is_turning and service.hold.reason is None else "degraded"
        told = {
            "service": service.name,
            "status": status if has_database else "down",
            "database": has_database,
            "held": service.hold.reason,
            "loops": {turn.name: {"failing_with": turn.failing_with, "silent_seconds": turn.silent_s} for turn in turning.turns},
        }
        return JSONResponse(told, status_code=200 if has_database else 503)


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    def sender(provider: str) -> str:
        return settings.mail_from.format(provider=provider)

    if settings.smtp is not None:
        return Unhurried(SmtpMailer(settings.smtp, clock, sender))
    assert settings.mail_folder is not None, "the settings have checked that one of them is given"
    return MaildirMailer(settings.mail_folder, clock, sender)


def _authority(settings: Settings) -> Authority:
    if settings.oidc_issuer is not None:
        return Authority.oidc(settings.oidc_issuer, audience=settings.oidc_audience)
    assert settings.sandbox_key_file is not None, "the settings have checked that one of them is given"
    return Authority.sandbox(settings.sandbox_key_file)


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn raises them again when it is done, and SIGTERM would then end us before we have left the group."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """Finish and return; asked twice, without waiting."""
        self.force_exit = self.should_exit
        self.should_exit = True
