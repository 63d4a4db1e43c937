"""The composition root of rating-svc: all of its parts in one place, none of them started."""

from fastapi import APIRouter

from termijn.events.rating import PUBLIC, TOPIC
from termijn.rating import api
from termijn.rating.closing import CLOSE_MONTH, LATE_USE
from termijn.rating.collector_topic import USAGE_TOPIC
from termijn.rating.deck_shelf import DECK_SHELF
from termijn.rating.erasure import FORGETTING, TRIMS, look
from termijn.rating.policy import POLICY
from termijn.rating.published import published
from termijn.rating.rated_account import RATED_ACCOUNT
from termijn.rating.reactions import REACTIONS
from termijn.rating.suspense import SUSPENSE
from termijn.rating.views import VIEWS
from termijn.rating.warranty_cover import WARRANTY_COVER
from termijn.runtime import erasure as forgetting
from termijn.runtime.erasure import ERASURE
from termijn.runtime.handling import Definition
from termijn.runtime.http import Access


def definition() -> Definition:
    """All of the service."""
    return Definition(
        name="rating",
        package="termijn.rating",
        topic=TOPIC,
        aggregates=(POLICY, DECK_SHELF, RATED_ACCOUNT, WARRANTY_COVER, ERASURE),
        forget=forgetting.forgets(FORGETTING),
        publish=published,
        public_events=PUBLIC,
        reactions=(*REACTIONS, *forgetting.REACTIONS),
        wake_ups=(CLOSE_MONTH,),
        views=(*VIEWS, *forgetting.VIEWS),
        workers=(SUSPENSE, LATE_USE, forgetting.erasing(FORGETTING, look, views=VIEWS)),
        inflows=(USAGE_TOPIC,),
        trims=TRIMS,
    )


def routes(access: Access) -> APIRouter:
    """The HTTP interface, mounted at /rating."""
    return api.router(access)
