"""The two routes of what a provider sets: replace the whole of it, and show what is in force."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, create_model

from termijn.kernel.errors import NotFound
from termijn.kernel.ids import CATALOGUE
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Work
from termijn.runtime.http.access import Access
from termijn.runtime.http.calls import Answer, Call, Reader, answer
from termijn.runtime.http.document import answers
from termijn.runtime.http.principal import Role
from termijn.runtime.setting import CURRENT, InForce, Replace, ValueT

BodyT = TypeVar("BodyT", bound=BaseModel)
Setting = Aggregate[InForce[ValueT], Replace[ValueT], Any]


def _in_force(name: str, body: type[BaseModel]) -> dict[str, Any]:
    """What is answered: the version, and the setting as it was given."""
    shape: Any = create_model(f"{name.capitalize()}InForce", version=(int, ...), **{name: (body, ...)})  # type: ignore[call-overload]
    return answers(shape)


def add_replacing(
    router: APIRouter, access: Access, name: str, setting: Setting[ValueT], *, body: type[BodyT], read: Callable[[BodyT], ValueT]
) -> None:
    """PUT /``name``: a manager replaces the setting, under If-Match where it was seen before (API-1). ``read`` is of the body."""

    async def replace(body: Any, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        value = read(body)

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(setting, CURRENT))
            await work.execute(setting, CURRENT, Replace(now=work.now, value=value), account=CATALOGUE)
            version = await work.version(setting, CURRENT)
            return Answer(body={"version": version, name: value}, etag=version)

        return await call.run(do)

    replace.__annotations__["body"] = body  # FastAPI reads from it what the route takes
    description = f"Replace the whole {name}; what may be left out takes its default."
    router.put(f"/{name}", name=f"set_{name}", description=description, **_in_force(name, body))(replace)


def add_showing(router: APIRouter, access: Access, name: str, setting: Setting[ValueT], *, body: type[BaseModel], query: str) -> None:
    """GET /``name``: what is in force. ``query`` ($1 is the provider) gives its ``version`` and, as JSON, the column ``name``."""

    async def show(reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        rows = await reader.fetch(query, reader.principal.provider)
        if rows:
            return answer({"version": rows[0]["version"], name: msgspec.Raw(rows[0][name].encode())}, etag=rows[0]["version"])
        if setting.initial.value is None:
            raise NotFound(what=f"{name} of", id=reader.principal.provider)
        return answer({"version": 0, name: setting.initial.value}, etag=0)

    description = f"The {name} in force; version 0 is the defaults."
    router.get(f"/{name}", name=f"show_{name}", description=description, **_in_force(name, body))(show)


def add_loading(router: APIRouter, access: Access, name: str, setting: Setting[ValueT], *, body: type[BaseModel]) -> None:
    """GET /``name`` where no read model has it: what is in force, from its own stream."""

    async def show(reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        async def load(work: Work) -> tuple[int, Any]:
            return await work.version(setting, CURRENT), (await work.load(setting, CURRENT)).value

        version, value = await reader.host.run(provider=reader.principal.provider, cause=reader.cause, act=load)
        return answer({"version": version, name: value}, etag=version)

    description = f"The {name} in force; version 0 is the defaults."
    router.get(f"/{name}", name=f"show_{name}", description=description, **_in_force(name, body))(show)
