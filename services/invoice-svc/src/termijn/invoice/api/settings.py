"""Routes of what a provider sets: its policy, and who it is."""

from fastapi import APIRouter

from termijn.invoice.api.bodies import PolicyBody, ProfileBody
from termijn.invoice.policy import POLICY, PROFILE
from termijn.runtime.http import Access
from termijn.runtime.http.settings import add_replacing, add_showing
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "api.sql")


def routes(access: Access) -> APIRouter:
    """A manager's. The profile is how documents show the provider from now on; drafts wait until it is known."""
    router = APIRouter(tags=["settings"])
    add_replacing(router, access, "policy", POLICY, body=PolicyBody, read=PolicyBody.policy)
    add_showing(router, access, "policy", POLICY, body=PolicyBody, query=SQL["policy"])
    add_replacing(router, access, "profile", PROFILE, body=ProfileBody, read=ProfileBody.profile)
    add_showing(router, access, "profile", PROFILE, body=ProfileBody, query=SQL["profile"])
    return router
