"""Routes of histories: every change of an account, a module, a tariff, with who, when and why it was allowed (SEC-3)."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.module_pages import MODULE_PATH, module_events
from termijn.contracts.api.reading import version_after
from termijn.contracts.api.shown_history import HISTORY
from termijn.contracts.history import Shown, account_shown, entries, module_shown, tariff_shown
from termijn.contracts.module import MODULE
from termijn.contracts.tariff import TARIFF
from termijn.kernel.errors import NotFound
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Recorded
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
        recorded = await events_of(reader, ACCOUNT, account)
        if not recorded:
            raise NotFound(what="account", id=account)
        return answer(history_page(page, ACCOUNT, recorded, account_shown))

    @router.get(f"{MODULE_PATH}/history", **answers(HISTORY))
    async def module_history(
        account: AccountPath,
        module_id: ThingPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Every change of the module, oldest first, with the channel it came through (CON-6, SEC-3)."""
        return answer(history_page(page, MODULE, await module_events(reader, account, module_id), module_shown))

    @router.get("/tariffs/{tariff_id}/history", **answers(HISTORY))
    async def tariff_history(
        tariff_id: ThingPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER))
    ) -> Response:
        """Every version of the tariff, and who published it (SEC-3)."""
        recorded = await events_of(reader, TARIFF, tariff_id)
        if not recorded:
            raise NotFound(what="tariff", id=tariff_id)
        return answer(history_page(page, TARIFF, recorded, tariff_shown))

    return router


def history_page(
    page: Paging, aggregate: Aggregate[Any, Any, Any], recorded: Sequence[Recorded], shown: Callable[[Any], Shown]
) -> dict[str, Any]:
    """A page of entries; the cursor is the version of the last one, which never changes."""
    after = version_after(page)
    found = [entry for entry in entries(aggregate, recorded, shown) if entry["version"] > after]
    return page.page(found[: page.rows_to_fetch], key=["version"])
