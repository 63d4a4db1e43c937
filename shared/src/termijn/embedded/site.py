"""All HTTP APIs on one port: each service under its own name, with its own OpenAPI page."""

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline

import termijn.contracts.app
import termijn.dunning.app
import termijn.invoice.app
import termijn.rating.app
from termijn.runtime.http import Access, Authority, complete, install
from termijn.runtime.service import Service

_HOME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Termijn</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; }}</style>
<h1>Termijn</h1><p>Billing that keeps its dates. The APIs of this installation:</p><ul>{links}</ul></html>"""

_ROUTES = {
    "contracts": termijn.contracts.app.routes,
    "rating": termijn.rating.app.routes,
    "invoice": termijn.invoice.app.routes,
    "dunning": termijn.dunning.app.routes,
}


def build_service_app(service: Service, authority: Authority) -> FastAPI:
    """The API of one service."""
    # The pages bring their scripts along: a machine without internet shows them too.
    app = FastAPIOffline(title=f"Termijn {service.name}", version="0.1.0")
    install(app)
    app.include_router(_ROUTES[service.name](Access(authority, service)))
    complete(app)
    return app


def build_site(services: Sequence[Service], authority: Authority) -> FastAPI:
    """All of them, and a page that says where they are."""
    site = FastAPI(title="Termijn", docs_url=None, redoc_url=None, openapi_url=None)
    install(site)
    for service in services:
        site.mount(f"/{service.name}", build_service_app(service, authority))

    @site.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home() -> str:
        links = "".join(f'<li><a href="/{s.name}/docs">{s.name}</a></li>' for s in services)
        return _HOME.format(links=links)

    return site
