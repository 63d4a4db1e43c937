"""HTTP of contracts-svc: parse, handle, render. No rule is decided here."""

from fastapi import APIRouter

from termijn.contracts.api import accounts, catalogue, modules
from termijn.runtime.http import Access


def routes(access: Access) -> APIRouter:
    """All routes, to be mounted under /contracts."""
    router = APIRouter()
    for part in (catalogue, accounts, modules):
        router.include_router(part.routes(access))
    return router
