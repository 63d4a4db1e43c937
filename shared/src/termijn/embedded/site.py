"""All HTTP APIs on one port: each service under its own name, with its own OpenAPI page."""

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline

import termijn.contracts.app
import termijn.dunning.app
import termijn.invoice.app
import termijn.rating.app
from termijn.embedded.home import home_page
from termijn.runtime.http import Access, Authority, complete, install
from termijn.runtime.http.routes import add_routes
from termijn.runtime.service import Service

_ROUTES = {
    "contracts": termijn.contracts.app.routes,
    "rating": termijn.rating.app.routes,
    "invoice": termijn.invoice.app.routes,
    "dunning": termijn.dunning.app.routes,
}

_LARGE_JSON = {"contracts": frozenset({"/catalogue", "/catalogue/plan"})}
"""A whole catalogue brings its rate decks along."""


def build_service_app(service: Service, authority: Authority) -> FastAPI:
    """The API of one service."""
    # The pages bring their scripts along: a machine without internet shows them too.
    # An address with a slash too many is no address: a redirect would be an answer without a token, to wherever the Host header says.
    app = FastAPIOffline(title=f"Termijn {service.name}", version="0.1.0", redirect_slashes=False)
    install(app, large_json=_LARGE_JSON.get(service.name, frozenset()))
    add_routes(app, _ROUTES[service.name](Access(authority, service)))
    complete(app)
    return app


def build_site(services: Sequence[Service], authority: Authority) -> FastAPI:
    """All of them, and a page that says where they are."""
    site = FastAPI(title="Termijn", docs_url=None, redoc_url=None, openapi_url=None)
    install(site, large_json=None)  # what is too large for a service, the service says
    for service in services:
        site.mount(f"/{service.name}", build_service_app(service, authority))

    @site.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home(request: Request) -> str:
        return home_page(services, str(request.base_url).rstrip("/"))

    return site
