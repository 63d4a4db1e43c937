"""dunning-svc as a whole: what the composition root hands to the runtime."""

from termijn.dunning.api import routes
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.erasure import FORGETTING, look
from termijn.dunning.policy import POLICY
from termijn.dunning.provider import PROVIDER
from termijn.dunning.published import publish
from termijn.dunning.reactions import REACTIONS
from termijn.dunning.sender import sender
from termijn.dunning.views import VIEWS
from termijn.dunning.wake_ups import WAKE_UPS
from termijn.events.dunning import PUBLIC, TOPIC
from termijn.runtime import erasure as forgetting
from termijn.runtime.erasure import ERASURE
from termijn.runtime.handling import Definition
from termijn.runtime.mail import Mailer

__all__ = ["definition", "routes"]


def definition(mailer: Mailer) -> Definition:
    """All of dunning-svc; ``mailer`` is what letters go out by."""
    return Definition(
        name="dunning",
        package="termijn.dunning",
        topic=TOPIC,
        aggregates=(ACCOUNT, POLICY, PROVIDER, ERASURE),
        forget=forgetting.forgets(FORGETTING, mailer),
        publish=publish,
        public_events=PUBLIC,
        reactions=(*REACTIONS, *forgetting.REACTIONS),
        wake_ups=WAKE_UPS,
        views=(*VIEWS, *forgetting.VIEWS),
        workers=(sender(mailer), forgetting.erasing(FORGETTING, look, views=VIEWS, mailer=mailer)),
    )
