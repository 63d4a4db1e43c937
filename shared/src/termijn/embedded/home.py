"""The first page of an installation: which services are there, what day it is for them, and how to make a first call."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import NamedTuple

from termijn.kernel.calendar import AMSTERDAM
from termijn.runtime.clock import SandboxClock
from termijn.runtime.service import Service


class _About(NamedTuple):
    decides: str
    first_call: str


_ABOUT = {
    "contracts": _About("who agreed to what, with which tariff and notice", "/contracts/tariffs"),
    "rating": _About("how calls, use and fees become charges", "/rating/suspense"),
    "invoice": _About("how charges become numbered documents, and the money", "/invoice/invoices"),
    "dunning": _About("what happens to what is not paid", "/dunning/cases"),
}

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: #777 }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
h1 { margin: 0; font-size: 2rem } .quiet { color: var(--quiet); margin: .2rem 0 2rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line) }
th { font-weight: 600 } td.links { white-space: nowrap }
pre { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Termijn</title><style>{style}</style></head>
<body><h1>Termijn</h1><p class="quiet">Billing that keeps its dates. {today}</p>
<table><caption hidden>The services of this installation</caption>{rows}</table>
<h2>A first call</h2>
<p>Every call needs a token; <code>termijn up</code> prints one of a manager, <code>termijn token --help</code> tells of the other roles.
In the pages above it goes behind <em>Authorize</em>.</p>
<pre>curl -H "Authorization: Bearer $(termijn token manager demo)" \\
  {address}{first_call}</pre>
<p>A mistake is answered with what is wrong and where (<a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a>); a change wants an
<code>Idempotency-Key</code>, and sent twice it happens once.</p></body></html>
"""

_ROW = """<tr><th scope="row">{name}</th><td>{decides}</td><td class="links"><a href="/{name}/docs">API</a> ·
<a href="/{name}/redoc">reference</a> · <a href="/{name}/openapi.json">OpenAPI</a></td></tr>"""


def home_page(services: Sequence[Service], address: str) -> str:
    """HTML. ``address``: where the reader reached this installation, without a slash at its end."""
    rows = "".join(_ROW.format(name=service.name, decides=_ABOUT[service.name].decides) for service in services)
    first, *_ = services
    return _PAGE.format(style=_STYLE, today=_today(first), rows=rows, address=escape(address), first_call=_ABOUT[first.name].first_call)


def _today(service: Service) -> str:
    now: datetime = service.clock.now().astimezone(AMSTERDAM)
    if isinstance(service.clock, SandboxClock):
        return f"A sandbox: its clock stands at {now:%-d %B %Y, %H:%M} in Amsterdam; <code>termijn clock advance 1m</code> moves it."
    return f"It is {now:%-d %B %Y, %H:%M} in Amsterdam."
