"""What is confirmed in writing of projects, orders of goods and leases, in the language of the account (CON-6, CON-11)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from termijn.events.base import Event
from termijn.events.goods import (
    DeliveryDateAgreed,
    GoodsOrderCancelled,
    GoodsOrdered,
    LeaseExtended,
    ProjectOpened,
    ProjectReplanned,
    ProjectStopped,
    WarrantyExtended,
)
from termijn.kernel.words import Language


def goods_facts(event: Event) -> dict[str, Any] | None:
    """What a confirmation of this event tells, as plain data; None where it is none of goods. ``about`` names what kind of thing.

    Reasons are personal and stay out of it: a confirmation is the proof that something was confirmed, and is kept for good.
    """
    match event:
        case ProjectOpened():
            count = len(event.milestones)
            told = {"title": event.title, "net": str(event.price), "milestones": count, "channel": event.channel}
            return {"about": "project", "subject": event.project_id, **told}
        case ProjectReplanned():
            told = {"net": str(event.price), "milestones": len(event.milestones), "channel": event.channel}
            return {"about": "project", "subject": event.project_id, **told}
        case ProjectStopped():
            told = {"day": _iso(event.stopped_on), "channel": event.channel}
            return {"about": "project", "subject": event.project_id, **told}
        case GoodsOrdered():
            lines = "; ".join(f"{line.quantity} x {line.article}" for line in event.lines)
            told = {"lines": lines, "net": str(event.net), "day": _iso(event.agreed_on), "channel": event.channel}
            return {"about": "order", "subject": event.order_id, **told}
        case DeliveryDateAgreed():
            return {"about": "order", "subject": event.order_id, "day": _iso(event.agreed_on), "channel": event.channel}
        case GoodsOrderCancelled():
            told = {"net": str(event.order_net), "channel": event.channel}
            return {"about": "order", "subject": event.order_id, **told}
        case WarrantyExtended():
            told = {"article": event.article, "net": str(event.net), "day": _iso(event.until_on), "channel": event.channel}
            return {"about": "order", "subject": event.order_id, **told}
        case LeaseExtended():
            return {"about": "lease", "subject": event.lease_id, "day": _iso(event.ends_on), "channel": "api"}
        case _:
            return None


def _iso(day: date) -> str:
    return day.isoformat()


CONFIRMED = (
    "ProjectOpened",
    "ProjectReplanned",
    "ProjectStopped",
    "GoodsOrdered",
    "DeliveryDateAgreed",
    "GoodsOrderCancelled",
    "WarrantyExtended",
    "LeaseExtended",
)
"""Names of the events that are confirmed: the law counts by them."""

SUBJECTS: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "ProjectOpened": "Bevestiging van uw projectopdracht",
        "ProjectReplanned": "Bevestiging van de gewijzigde planning",
        "ProjectStopped": "Bevestiging dat uw project is gestopt",
        "GoodsOrdered": "Bevestiging van uw bestelling",
        "DeliveryDateAgreed": "Bevestiging van de nieuwe leverdatum",
        "GoodsOrderCancelled": "Bevestiging van uw annulering",
        "WarrantyExtended": "Bevestiging van uw garantieverlenging",
        "LeaseExtended": "Bevestiging van uw leaseverlenging",
        "LeaseTermAgreed": "Bevestiging van de looptijd van uw lease",
    },
    "en": {
        "ProjectOpened": "Confirmation of your project",
        "ProjectReplanned": "Confirmation of the changed plan",
        "ProjectStopped": "Confirmation that your project was stopped",
        "GoodsOrdered": "Confirmation of your order",
        "DeliveryDateAgreed": "Confirmation of the new delivery day",
        "GoodsOrderCancelled": "Confirmation of your cancellation",
        "WarrantyExtended": "Confirmation of your longer warranty",
        "LeaseExtended": "Confirmation of your longer lease",
        "LeaseTermAgreed": "Confirmation of the term of your lease",
    },
}

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "ProjectOpened": "Hartelijk dank voor uw opdracht voor {title}: {net} exclusief btw, in {milestones} mijlpalen.",
        "ProjectReplanned": "Wij bevestigen de nieuwe planning: {net} exclusief btw, in {milestones} mijlpalen.",
        "ProjectStopped": "Wij bevestigen dat het project op {day} is gestopt.",
        "GoodsOrdered": "Hartelijk dank voor uw bestelling: {lines}; {net} exclusief btw. De afgesproken leverdatum is {day}.",
        "DeliveryDateAgreed": "Wij bevestigen dat de levering nu is afgesproken voor {day}.",
        "GoodsOrderCancelled": "Wij bevestigen dat wat nog niet is geleverd, is geannuleerd. De bestelling komt daarmee op {net} exclusief "
        "btw.",
        "WarrantyExtended": "Wij bevestigen dat de garantie op {article} is verlengd tot en met {day}, voor {net} exclusief btw.",
        "LeaseExtended": "Wij bevestigen dat uw lease is verlengd. De laatste dag is {day}.",
        "LeaseTermAgreed": "Uw lease heeft een vaste looptijd. De laatste dag is {day}.",
    },
    "en": {
        "ProjectOpened": "Thank you for your order of {title}: {net} excluding VAT, in {milestones} milestones.",
        "ProjectReplanned": "We confirm the new plan: {net} excluding VAT, in {milestones} milestones.",
        "ProjectStopped": "We confirm that the project was stopped on {day}.",
        "GoodsOrdered": "Thank you for your order: {lines}; {net} excluding VAT. It is to be delivered on {day}.",
        "DeliveryDateAgreed": "We confirm that the delivery is now agreed for {day}.",
        "GoodsOrderCancelled": "We confirm that what was not delivered yet is cancelled. Your order comes to {net} excluding VAT now.",
        "WarrantyExtended": "We confirm that the warranty on {article} lasts until {day} now, for {net} excluding VAT.",
        "LeaseExtended": "We confirm that your lease is prolonged. Its last day is {day}.",
        "LeaseTermAgreed": "Your lease has a fixed term. Its last day is {day}.",
    },
}

ABOUT: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "project": "Het gaat om project {module}.",
        "order": "Het gaat om bestelling {module}.",
        "lease": "Het gaat om lease {module}.",
    },
    "en": {
        "project": "This is about project {module}.",
        "order": "This is about order {module}.",
        "lease": "This is about lease {module}.",
    },
}
"""The sentence that names the thing; what is about a module has that of the module."""
