"""HTTP of invoice-svc: parse, handle, render. No rule is decided here."""

from fastapi import APIRouter

from termijn.invoice.api import documents, money, operations, settings, statements, waiting
from termijn.runtime.http import Access


def routes(access: Access) -> APIRouter:
    """All routes, to be mounted under /invoice."""
    router = APIRouter()
    for part in (settings, documents, money, statements, operations, waiting):
        router.include_router(part.routes(access))
    return router
