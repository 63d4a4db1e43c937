"""Routes of what a provider sets: its policy, and who it is."""

import msgspec
from fastapi import APIRouter, Depends, Response

from termijn.invoice.api.bodies import PolicyBody, ProfileBody
from termijn.invoice.policy import POLICY, PROFILE, Policy, SetPolicy, SetProfile
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import CATALOGUE
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Reader, Role
from termijn.runtime.http.calls import answer
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "api.sql")
CURRENT = "current"


def routes(access: Access) -> APIRouter:
    """A manager's."""
    router = APIRouter(tags=["settings"])
    _policy(router, access)
    _profile(router, access)
    return router


def _policy(router: APIRouter, access: Access) -> None:
    @router.put("/policy")
    async def set_policy(body: PolicyBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Replace the whole policy; what is left out takes its default."""
        policy = body.policy()

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(POLICY, CURRENT))
            await work.execute(POLICY, CURRENT, SetPolicy(now=work.now, policy=policy), account=CATALOGUE)
            version = await work.version(POLICY, CURRENT)
            return Answer(body={"version": version, "policy": policy}, etag=version)

        return await call.run(do)

    @router.get("/policy")
    async def show_policy(reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """The policy in force; version 0 is the defaults."""
        rows = await reader.fetch(SQL["policy"], reader.principal.provider)
        if not rows:
            return answer({"version": 0, "policy": Policy()}, etag=0)
        return answer({"version": rows[0]["version"], "policy": msgspec.Raw(rows[0]["policy"].encode())}, etag=rows[0]["version"])


def _profile(router: APIRouter, access: Access) -> None:
    @router.put("/profile")
    async def set_profile(body: ProfileBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Who the provider is, as documents show it from now on; drafts wait until this is known."""
        profile = body.profile()

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(PROFILE, CURRENT))
            await work.execute(PROFILE, CURRENT, SetProfile(now=work.now, profile=profile), account=CATALOGUE)
            version = await work.version(PROFILE, CURRENT)
            return Answer(body={"version": version, "profile": profile}, etag=version)

        return await call.run(do)

    @router.get("/profile")
    async def show_profile(reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """The profile in force."""
        rows = await reader.fetch(SQL["profile"], reader.principal.provider)
        if not rows:
            raise NotFound(what="profile of", id=reader.principal.provider)
        return answer({"version": rows[0]["version"], "profile": msgspec.Raw(rows[0]["profile"].encode())}, etag=rows[0]["version"])
