"""The routes of an app, all of them: FastAPI keeps an included router as one route of its own, with its routes inside."""

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute


def every_route(app: FastAPI | APIRouter) -> Iterator[APIRoute]:
    """However deep it is included."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from every_route(inner)
        elif isinstance(route, APIRoute):
            yield route


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Give the app every route of the router, however deep, as its own.

    ``include_router`` would analyse each of them anew at every level, most of what a start costs, and look for the one that is
    meant twice at every level of every request. What it could add on the way (a prefix, dependencies) no router of ours has.
    """
    app.router.routes.extend(every_route(router))


def allowed_methods(request: Request) -> set[str]:
    """Every method that the address takes (RFC 9110, 10.2.1); Starlette names those of the first route that fits."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return {method for route in every_route(request.app) if route.path_regex.match(path) for method in route.methods or ()}
