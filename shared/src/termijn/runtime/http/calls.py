"""A call that changes something, and a call that reads: what a route is given to work with."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec
from fastapi import Response

from termijn.kernel.errors import Refusal, VersionMismatch
from termijn.kernel.ids import ProviderId, derived_id
from termijn.runtime.blobs import Blobs
from termijn.runtime.clock import Clock
from termijn.runtime.database import ServiceDatabase
from termijn.runtime.handling import Cause, Work
from termijn.runtime.http.closed import ACCESS_OF_CHANGE, refuse_closed
from termijn.runtime.http.idempotency import Kept, enter, keep
from termijn.runtime.http.principal import Principal
from termijn.runtime.http.problems import MEDIA_TYPE, body_of, headers_of
from termijn.runtime.journal_entry import Answered
from termijn.runtime.plant import Plant
from termijn.runtime.sql import Row
from termijn.runtime.unit_of_work import UnitOfWork

ResultT = TypeVar("ResultT")


class Host(Protocol):
    """The service, as HTTP needs it (``runtime.service.Service``)."""

    @property
    def database(self) -> ServiceDatabase: ...

    @property
    def plant(self) -> Plant: ...

    @property
    def clock(self) -> Clock: ...

    async def run(self, *, provider: ProviderId, cause: Cause, act: Callable[[UnitOfWork], Awaitable[ResultT]]) -> ResultT:
        """Carry out in one transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a change answers. ``body`` is anything that msgspec encodes (None: no body); ``etag`` the version it has now."""

    status: int = 200
    body: Any = None
    etag: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request as it counts for idempotency: its key, and a hash over all that it asks."""

    key: str | None
    request_hash: str
    account: str | None = None
    """Whom it is about, where the address or the token says so."""


def hash_of(method: str, address: str, if_match: int | None, body: bytes) -> str:
    """What two requests must have in common to be one and the same."""
    digest = hashlib.sha256()
    for part in (method.encode(), address.encode(), str(if_match).encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that changes something. ``if_match`` is the version that the caller saw, None where it named none."""

    principal: Principal
    cause: Cause
    if_match: int | None
    asked: Asked
    host: Host = field(repr=False)

    def must_own(self, account: str) -> None:
        """Customers touch their own account only; refuses with 403. (An ``{account}`` in the path is checked anyway.)"""
        self.principal.must_own(account)

    def check_version(self, current: int) -> None:
        """Refuses with 412 and the current version where the caller saw another one (API-1)."""
        if self.if_match is not None and self.if_match != current:
            raise VersionMismatch(named=self.if_match, current=current)

    async def run(self, do: Callable[[Work], Awaitable[Answer]], *, even_closed: bool = False) -> Response:
        """Do it once, in one transaction with its Idempotency-Key, and answer (API-1).

        The same key gets the same answer, a refusal too; a key with another request is refused. Whoever comes with a key that
        is just being used waits for its answer. Nothing of an account that is being deleted is changed, but with ``even_closed`` what a
        manager does about the deletion itself (CON-7).
        """
        touched = {account for account in (self.asked.account,) if account is not None}

        async def act(work: UnitOfWork) -> Kept:
            earlier = await enter(work.connection, self.principal, self.asked.key, self.asked.request_hash)
            if earlier is not None:
                return earlier
            if self.asked.account is not None and not (even_closed and self.principal.account is None):
                refuse_closed(await work.connection.fetch(ACCESS_OF_CHANGE, work.provider, self.asked.account))
            try:
                answer = await do(work)
            finally:
                touched.update(work.accounts)
            kept = _kept(answer)
            await self._keep(work, kept, touched)
            return kept

        try:
            kept = await self.host.run(provider=self.principal.provider, cause=self.cause, act=act)
        except Refusal as refusal:
            if self.asked.key is None or refusal.retry_helps or refusal.status not in range(400, 500):
                raise
            kept = await self._keep_refusal(refusal, touched)
        return _response(kept)

    async def _keep_refusal(self, refusal: Refusal, touched: set[str]) -> Kept:
        """The transaction of the refusal is gone; its answer is kept in one of its own."""
        etag = headers_of(refusal).get("ETag")
        kept = Kept(refusal.status, msgspec.json.encode(body_of(refusal)).decode(), etag)

        async def act(work: UnitOfWork) -> Kept:
            earlier = await enter(work.connection, self.principal, self.asked.key, self.asked.request_hash)
            if earlier is not None:
                return earlier
            await self._keep(work, kept, touched)
            return kept

        return await self.host.run(provider=self.principal.provider, cause=self.cause, act=act)

    async def _keep(self, work: UnitOfWork, kept: Kept, touched: set[str]) -> None:
        await keep(work.connection, self.principal, self.asked.key, kept, touched)
        if self.asked.key is not None:
            account = self.principal.account
            actor = await work.sealed_actor(account)
            answered = Answered(actor, self.asked.key, self.asked.request_hash, kept.status, kept.etag, account)
            work.facts.answered.append(answered)


def _kept(answer: Answer) -> Kept:
    body = None if answer.body is None else msgspec.json.encode(answer.body).decode()
    return Kept(answer.status, body, None if answer.etag is None else f'"{answer.etag}"')


def _response(kept: Kept) -> Response:
    headers = {} if kept.etag is None else {"ETag": kept.etag}
    if kept.is_replayed:
        headers["Idempotent-Replayed"] = "true"
    media_type = MEDIA_TYPE if kept.status >= 400 else "application/json"
    return Response(kept.body, kept.status, headers=headers, media_type=None if kept.body is None else media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A call that reads. It sees one provider's rows, in transactions that cannot write."""

    principal: Principal
    host: Host = field(repr=False)

    def must_own(self, account: str) -> None:
        """Customers see their own account only; refuses with 403. (An ``account`` in path or query is checked anyway.)"""
        self.principal.must_own(account)

    def account_filter(self, asked: str | None) -> str | None:
        """Which account a list is about: a customer's own, whatever was asked; for others what was asked, None meaning all."""
        if self.principal.account is not None:
            self.principal.must_own(asked or self.principal.account)
            return self.principal.account
        return asked

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        """Query the service's tables, under row-level security for the caller's provider."""
        async with self.host.database.transaction(self.principal.provider, isolation="repeatable read, read only") as connection:
            rows: Sequence[Row] = await connection.fetch(sql, *args)
            return rows

    @property
    def cause(self) -> Cause:
        """For what is read through a unit of work; nothing is ever recorded under it."""
        moment = derived_id("read", self.principal.provider, self.principal.actor)
        return Cause(actor=self.principal.actor, why="reads", correlation_id=moment, causation_id=moment)

    @property
    def now(self) -> datetime:
        """Domain time (UTC, aware): in a sandbox it is not the machine's."""
        return self.host.clock.now()

    @property
    def blobs(self) -> Blobs:
        """Where documents lie; ask with ``reader.principal.provider``."""
        return self.host.plant.blobs


def answer(body: Any, *, etag: int | None = None, status: int = 200) -> Response:
    """A reading call's answer, encoded as all answers are: decimals as strings, dates in ISO 8601."""
    return _response(_kept(Answer(status=status, body=body, etag=etag)))
