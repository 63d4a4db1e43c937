"""contracts-svc as a whole: what the composition root hands to the runtime."""

from termijn.contracts.account import ACCOUNT
from termijn.contracts.api import routes
from termijn.contracts.confirmation import CONFIRMATION, QUERIES, sender
from termijn.contracts.module import MODULE
from termijn.contracts.policy import POLICY
from termijn.contracts.published import publish
from termijn.contracts.rate_deck import RATE_DECK
from termijn.contracts.reactions import REACTIONS, WAKE_UPS
from termijn.contracts.tariff import TARIFF
from termijn.contracts.views import VIEWS
from termijn.events.contracts import PUBLIC, TOPIC
from termijn.runtime.handling import Definition, Worker
from termijn.runtime.mail import Mailer

__all__ = ["definition", "routes"]


def definition(mailer: Mailer | None = None) -> Definition:
    """All of contracts-svc. Without a mailer confirmations stay due until a process with one runs (CON-6)."""
    confirming = Worker(name="confirm", waiting_providers=QUERIES["confirmation_providers"], step=sender(mailer)) if mailer else None
    return Definition(
        name="contracts",
        package="termijn.contracts",
        topic=TOPIC,
        aggregates=(POLICY, TARIFF, RATE_DECK, ACCOUNT, MODULE, CONFIRMATION),
        publish=publish,
        public_events=PUBLIC,
        reactions=REACTIONS,
        wake_ups=WAKE_UPS,
        views=VIEWS,
        workers=(confirming,) if confirming is not None else (),
    )
