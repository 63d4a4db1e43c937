"""Routes of histories: every change of an account, a module, a tariff, with who, when and why it was allowed (SEC-3)."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.module_pages import MODULE_PATH, must_see_module
from termijn.contracts.api.points import state_at
from termijn.contracts.api.reading import version_after
from termijn.contracts.api.shown_history import HISTORY
from termijn.contracts.history import Shown, account_shown, entries, module_shown, tariff_shown
from termijn.contracts.module import MODULE
from termijn.contracts.tariff import TARIFF
from termijn.kernel.errors import NotFound
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.http import Access, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath
from termijn.runtime.http.streams import events_of


def routes(access: Access) -> APIRouter:
    """Customers read their own, managers and auditors all; tariffs are the provider's."""
    router = APIRouter(tags=["history"])

    @router.get("/accounts/{account}/history", **answers(HISTORY))
    async def account_history(
        account: AccountPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Every change of the account, oldest first: who, in which role, when, why it was allowed, old and new (SEC-3)."""
        return answer(await history_page(reader, page, ACCOUNT, account, account_shown, what="account"))

    @router.get(f"{MODULE_PATH}/history", **answers(HISTORY))
    async def module_history(
        account: AccountPath,
        module_id: ThingPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Every change of the module, oldest first, with the channel it came through (CON-6, SEC-3)."""
        await must_see_module(reader, account, module_id)
        return answer(await history_page(reader, page, MODULE, module_id, module_shown, what="module"))

    @router.get("/tariffs/{tariff_id}/history", **answers(HISTORY))
    async def tariff_history(
        tariff_id: ThingPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER))
    ) -> Response:
        """Every version of the tariff, and who published it (SEC-3)."""
        return answer(await history_page(reader, page, TARIFF, tariff_id, tariff_shown, what="tariff"))

    return router


async def history_page(
    reader: Reader, page: Paging, aggregate: Aggregate[Any, Any, Any], key: str, shown: Callable[[Any], Shown], *, what: str
) -> dict[str, Any]:
    """A page of entries; the cursor is the version of the last one, which never changes. Raises ``NotFound`` where nothing is there.

    It costs what is on the page: the state before its first entry comes from the nearest point.
    """
    after = version_after(page)
    recorded = await events_of(reader, aggregate, key, after=after, limit=page.rows_to_fetch)
    if not recorded and not await events_of(reader, aggregate, key, limit=1):
        raise NotFound(what=what, id=key)
    state = await state_at(reader, aggregate, key, after)
    return page.page(list(entries(aggregate, state, recorded, shown)), key=["version"])
