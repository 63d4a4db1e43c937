"""contracts-svc as a whole: what the composition root hands to the runtime."""

from termijn.contracts import erasure
from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_deletion import ACCOUNT_DELETION
from termijn.contracts.api import routes
from termijn.contracts.confirmation import CONFIRMATION, QUERIES, sender
from termijn.contracts.goods_order import GOODS_ORDER
from termijn.contracts.goods_ordering import GOODS_WAKE_UPS
from termijn.contracts.indexation import INDEXATION
from termijn.contracts.indexation_policy import INDEXING
from termijn.contracts.lease import LEASE
from termijn.contracts.legal_document import LEGAL_DOCUMENT
from termijn.contracts.letterhead import LETTERHEAD
from termijn.contracts.manager_task import MANAGER_TASK
from termijn.contracts.mandate_use import MANDATE_USE
from termijn.contracts.migration import MIGRATION
from termijn.contracts.migration_step import MIGRATING, PRICE_WAKE_UP
from termijn.contracts.module import MODULE
from termijn.contracts.policy import POLICY
from termijn.contracts.project import PROJECT
from termijn.contracts.published import publish
from termijn.contracts.rate_deck import RATE_DECK
from termijn.contracts.reactions import REACTIONS, WAKE_UPS
from termijn.contracts.tariff import TARIFF
from termijn.contracts.tariff_draft import TARIFF_DRAFT
from termijn.contracts.views import VIEWS
from termijn.events.contracts import PUBLIC, TOPIC
from termijn.runtime.erasure import forgets
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
        aggregates=(
            POLICY,
            INDEXING,
            TARIFF,
            TARIFF_DRAFT,
            RATE_DECK,
            MIGRATION,
            INDEXATION,
            ACCOUNT,
            MANDATE_USE,
            LEGAL_DOCUMENT,
            MODULE,
            CONFIRMATION,
            LETTERHEAD,
            PROJECT,
            GOODS_ORDER,
            LEASE,
            MANAGER_TASK,
            ACCOUNT_DELETION,
        ),
        forget=forgets(erasure.FORGETTING, mailer),
        publish=publish,
        public_events=PUBLIC,
        reactions=(*REACTIONS, *erasure.REACTIONS),
        wake_ups=(*WAKE_UPS, *erasure.WAKE_UPS, *GOODS_WAKE_UPS, PRICE_WAKE_UP),
        views=(*VIEWS, *erasure.VIEWS),
        workers=(*((confirming,) if confirming is not None else ()), erasure.eraser(mailer, views=VIEWS), MIGRATING),
    )
