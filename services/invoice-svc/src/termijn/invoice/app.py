"""The composition root of invoice-svc: all of its parts in one place, none of them started."""

from fastapi import APIRouter

from termijn.events.invoice import PUBLIC, TOPIC
from termijn.invoice import api, erasure
from termijn.invoice.bank_statement import BANK_STATEMENT
from termijn.invoice.billed_module import BILLED_MODULE
from termijn.invoice.billing_account import BILLING_ACCOUNT
from termijn.invoice.credit_balance import CREDIT_BALANCE
from termijn.invoice.delivery import delivery
from termijn.invoice.draft import DRAFT
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_run import INVOICE_RUN
from termijn.invoice.kept_year import KEPT_YEAR
from termijn.invoice.numberer import NUMBERER
from termijn.invoice.numbering import NUMBERING
from termijn.invoice.payer import PAYER
from termijn.invoice.policy import POLICY, PROFILE
from termijn.invoice.published import publish
from termijn.invoice.reactions import REACTIONS
from termijn.invoice.step_gate import STEP_GATE
from termijn.invoice.unmatched_money import UNMATCHED_MONEY
from termijn.invoice.views import VIEWS
from termijn.invoice.wake_ups import WAKE_UPS
from termijn.runtime import erasure as forgetting
from termijn.runtime.erasure import ERASURE
from termijn.runtime.handling import Definition
from termijn.runtime.http import Access
from termijn.runtime.mail import Mailer


def definition(mailer: Mailer) -> Definition:
    """All of the service; ``mailer`` is what documents go out by."""
    return Definition(
        name="invoice",
        package="termijn.invoice",
        topic=TOPIC,
        aggregates=(
            POLICY,
            PROFILE,
            BILLING_ACCOUNT,
            BILLED_MODULE,
            PAYER,
            CREDIT_BALANCE,
            DRAFT,
            NUMBERING,
            INVOICE,
            INVOICE_RUN,
            BANK_STATEMENT,
            UNMATCHED_MONEY,
            KEPT_YEAR,
            ERASURE,
        ),
        forget=forgetting.forgets(erasure.FORGETTING, mailer),
        publish=publish,
        public_events=PUBLIC,
        reactions=(*REACTIONS, *forgetting.REACTIONS),
        wake_ups=(*WAKE_UPS, *erasure.WAKE_UPS),
        views=(*VIEWS, *erasure.VIEWS, *forgetting.VIEWS),
        workers=(
            NUMBERER,
            delivery(mailer),
            STEP_GATE,
            erasure.SHREDDER,
            forgetting.erasing(erasure.FORGETTING, erasure.look, views=VIEWS, mailer=mailer),
        ),
    )


def routes(access: Access) -> APIRouter:
    """The HTTP interface, mounted at /invoice."""
    return api.routes(access)
