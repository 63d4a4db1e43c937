"""HTTP of contracts-svc: parse, handle, render. No rule is decided here."""

from fastapi import APIRouter

from termijn.contracts.api import (
    accounts,
    catalogue,
    deletion,
    goods,
    goods_history,
    history,
    legal_documents,
    mandates,
    module_pages,
    modules,
    projects,
    warranty,
)
from termijn.runtime.http import Access


def routes(access: Access) -> APIRouter:
    """All routes, to be mounted under /contracts."""
    router = APIRouter()
    of_accounts = (accounts, mandates, legal_documents, deletion)
    of_modules = (modules, module_pages, history)
    for part in (catalogue, *of_accounts, *of_modules, projects, goods, goods_history, warranty):
        router.include_router(part.routes(access))
    return router
