"""HTTP as every service speaks it: who may call, calls that happen once, lists in pages, and errors that name the field."""

from termijn.runtime.http.access import Access, check_every_route_asks_who_calls
from termijn.runtime.http.calls import Answer, Call, Reader, answer
from termijn.runtime.http.document import Page, answers, answers_file, complete, takes_file
from termijn.runtime.http.paging import Paging, paging
from termijn.runtime.http.principal import Principal, Role
from termijn.runtime.http.problems import install
from termijn.runtime.http.tokens import Authority, mint_token

__all__ = [
    "Access",
    "Answer",
    "Authority",
    "Call",
    "Page",
    "Paging",
    "Principal",
    "Reader",
    "Role",
    "answer",
    "answers",
    "answers_file",
    "check_every_route_asks_who_calls",
    "complete",
    "install",
    "mint_token",
    "paging",
    "takes_file",
]
