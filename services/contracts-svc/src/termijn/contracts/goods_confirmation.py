"""What is confirmed in writing of projects, orders of goods and leases, in the language of the account (CON-6, CON-11)."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from termijn.contracts.agreed_price import vat_said
from termijn.contracts.agreed_term import months_said
from termijn.contracts.letter_frame import Both, day_said, table
from termijn.events.base import Event
from termijn.events.contracts import AccountFacts
from termijn.events.goods import (
    DeliveryDateAgreed,
    GoodsLine,
    GoodsOrderCancelled,
    GoodsOrdered,
    LeaseExtended,
    Milestone,
    ProjectOpened,
    ProjectReplanned,
    ProjectStopped,
    WarrantyExtended,
)
from termijn.kernel.words import Language, euros

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

SUBJECTS: Mapping[str, Both] = {
    "ProjectOpened": Both("Bevestiging van uw projectopdracht: {title}", "Confirmation of your project: {title}"),
    "ProjectReplanned": Both("Bevestiging van de gewijzigde planning ({subject})", "Confirmation of the changed plan ({subject})"),
    "ProjectStopped": Both("Bevestiging dat uw project is gestopt ({subject})", "Confirmation that your project was stopped ({subject})"),
    "GoodsOrdered": Both("Bevestiging van uw bestelling {subject}", "Confirmation of your order {subject}"),
    "DeliveryDateAgreed": Both("Nieuwe leverdatum van uw bestelling {subject}", "New delivery day of your order {subject}"),
    "GoodsOrderCancelled": Both("Bevestiging van uw annulering ({subject})", "Confirmation of your cancellation ({subject})"),
    "WarrantyExtended": Both("Bevestiging van uw garantieverlenging: {article}", "Confirmation of your longer warranty: {article}"),
    "LeaseExtended": Both("Bevestiging van uw leaseverlenging ({subject})", "Confirmation of your longer lease ({subject})"),
    "LeaseTermAgreed": Both("Bevestiging van de looptijd van uw lease", "Confirmation of the term of your lease"),
}
OPENINGS: Mapping[str, Both] = {
    "ProjectOpened": Both(
        "Hartelijk dank voor uw opdracht. Wij voeren dit project voor u uit: {title}.", "Thank you for your order. We carry out: {title}."
    ),
    "ProjectReplanned": Both("Wij bevestigen de nieuwe planning van uw project.", "We confirm the new plan of your project."),
    "ProjectStopped": Both(
        "Wij bevestigen dat het project op {day} is gestopt. Wat toen niet bereikt was, wordt niet meer in rekening gebracht ({dropped}).",
        "We confirm that the project was stopped on {day}. What had not been reached then will not be invoiced ({dropped}).",
    ),
    "GoodsOrdered": Both(
        "Hartelijk dank voor uw bestelling. De levering is met u afgesproken op {day}.",
        "Thank you for your order. The delivery is agreed for {day}.",
    ),
    "DeliveryDateAgreed": Both(
        "Wij bevestigen de leverdatum die opnieuw met u is afgesproken: {day}. Die komt in de plaats van de eerdere.",
        "We confirm the delivery day that was agreed with you anew: {day}. It takes the place of the earlier one.",
    ),
    "GoodsOrderCancelled": Both(
        "Wij bevestigen uw annulering. Wat nog niet geleverd was ({cancelled}), komt niet meer. Uw bestelling komt nu op {net}"
        " exclusief btw.",
        "We confirm your cancellation. What was not delivered yet ({cancelled}) will not come. Your order comes to {net} excluding VAT"
        " now.",
    ),
    "WarrantyExtended": Both(
        "Wij bevestigen dat de garantie op {article} {months} langer duurt, tot en met {day}. De prijs is {net} exclusief btw, eenmalig.",
        "We confirm that the warranty on {article} is {months} longer, until {day}. The price is {net} excluding VAT, once.",
    ),
    "LeaseExtended": Both(
        "Wij bevestigen dat uw lease is verlengd. Hij duurt nu {months} vanaf de eerste dag, tot en met {day}. De maandprijs blijft.",
        "We confirm that your lease is prolonged. It lasts {months} from its first day now, until {day}. The price per month stays.",
    ),
    "LeaseTermAgreed": Both(
        "Uw lease heeft een vaste looptijd. De laatste dag is {day}; u hoeft daarvoor niet op te zeggen.",
        "Your lease has a fixed term. Its last day is {day}; no notice is needed for that.",
    ),
}
_PLAN = Both("Wat wij wanneer in rekening brengen, exclusief btw:", "What we invoice when, excluding VAT:")
_PLANNED, _REACHED = Both(", gepland op {day}", ", planned for {day}"), Both(" (zodra bereikt{planned})", " (when reached{planned})")
_ON_DELIVERY = Both("- Bij oplevering van het project: {net}", "- On delivery of the project: {net}")
_TOTAL = Both("Samen: {net}.", "Together: {net}.")
_LINES = Both("Uw bestelling, exclusief btw:", "Your order, excluding VAT:")
_LINE = Both("- {quantity} x {article}, {price} per stuk: {net}", "- {quantity} x {article}, {price} each: {net}")
_BILLED = Both(
    "U krijgt de factuur na de levering; een levering in delen wordt in delen gefactureerd.",
    "You get the invoice after the delivery; a delivery in parts is invoiced in parts.",
)
_LEASED = Both("De leasemaatschappij betaalt deze bestelling.", "The lease company pays this order.")
_CANCEL_GOODS = Both(
    "Wat nog niet geleverd is kunt u annuleren door op dit bericht te antwoorden; wij bevestigen dat.",
    "What was not delivered yet you can cancel by answering this message; we confirm that.",
)
_QUOTE, _AGREED = Both("Offerte", "Quote"), Both("Overeengekomen op", "Agreed on")


def goods_facts(event: Event) -> dict[str, Any] | None:
    """What a confirmation of this event tells, as plain data; None where it is none of goods. ``about`` names what kind of thing.

    Reasons are personal and stay out of it: a confirmation is the proof that something was confirmed, and is kept for good.
    """
    match event:
        case ProjectOpened():
            told = {"title": event.title, "quote": event.quote, "agreed_on": _iso(event.agreed_on), "channel": event.channel}
            return {"about": "project", "subject": event.project_id, **told, **_plan_facts(event)}
        case ProjectReplanned():
            return {"about": "project", "subject": event.project_id, "channel": event.channel, **_plan_facts(event)}
        case ProjectStopped():
            told = {"day": _iso(event.stopped_on), "dropped": str(event.dropped), "channel": event.channel}
            return {"about": "project", "subject": event.project_id, **told}
        case GoodsOrdered():
            lines = [_line_facts(line) for line in event.lines]
            told = {"net": str(event.net), "day": _iso(event.agreed_on), "channel": event.channel}
            return {"about": "order", "subject": event.order_id, "lines": lines, **told}
        case DeliveryDateAgreed():
            return {"about": "order", "subject": event.order_id, "day": _iso(event.agreed_on), "channel": event.channel}
        case GoodsOrderCancelled():
            told = {"net": str(event.order_net), "cancelled": str(event.net), "channel": event.channel}
            return {"about": "order", "subject": event.order_id, **told}
        case WarrantyExtended():
            told = {"article": event.article, "net": str(event.net), "day": _iso(event.until_on), "channel": event.channel}
            rates: dict[str, Any] = {"vat_rates": [str(event.vat_rate)], "months": event.months}
            return {"about": "order", "subject": event.order_id, **told, **rates}
        case LeaseExtended():
            term = {"day": _iso(event.ends_on), "months": event.months}
            return {"about": "lease", "subject": event.lease_id, "channel": "api", **term}
        case _:
            return None


def goods_personal(event: Event) -> dict[str, Any] | None:
    """That a lease company pays is known as long as its name is (CON-7)."""
    return {"is_leased": True} if isinstance(event, GoodsOrdered) and event.bill_to is not None else None


def _plan_facts(event: ProjectOpened | ProjectReplanned) -> dict[str, Any]:
    rates = {one.vat_rate for one in event.milestones} | ({event.remainder_vat_rate} if event.remainder else set())
    return {
        "net": str(event.price),
        "milestones": [_milestone_facts(one) for one in event.milestones],
        "remainder": str(event.remainder),
        "vat_rates": [str(rate) for rate in sorted(rates)],
    }


def _milestone_facts(one: Milestone) -> dict[str, Any]:
    return {"title": one.title, "net": str(one.net), "planned_on": _iso(one.planned_on) if one.planned_on is not None else None}


def _line_facts(line: GoodsLine) -> dict[str, Any]:
    net = line.unit_price * line.quantity
    told: dict[str, Any] = {"article": line.article, "quantity": line.quantity, "price": str(line.unit_price), "net": str(net)}
    return {**told, "vat_rate": str(line.vat_rate)}


def _iso(day: date) -> str:
    return day.isoformat()


def goods_paragraphs(
    kind: str, facts: Mapping[str, Any], personal: Mapping[str, Any], customer: AccountFacts, language: Language
) -> list[str]:
    """What the letter says of it."""
    told = {name: euros(Decimal(facts[name]), language) for name in ("net", "cancelled", "dropped") if name in facts}
    if facts.get("day"):
        told["day"] = day_said(facts["day"], language)
    if isinstance(facts.get("months"), int):
        told["months"] = months_said(facts["months"], language)
    opening = OPENINGS[kind].to(language).format_map({**facts, **told})
    match kind:
        case "ProjectOpened" | "ProjectReplanned":
            agreed = facts.get("agreed_on")
            rows = [(_QUOTE.to(language), facts.get("quote") or "")]
            rows.append((_AGREED.to(language), day_said(agreed, language) if agreed else ""))
            return [opening, table(rows), "\n".join(_plan(facts, customer, language))]
        case "GoodsOrdered":
            billed = (_LEASED if personal.get("is_leased") else _BILLED).to(language)
            return [opening, "\n".join(_order_lines(facts, customer, language)), billed, _CANCEL_GOODS.to(language)]
        case "WarrantyExtended":
            return [f"{opening} {vat_said(_rates(facts['vat_rates']), customer, language)}"]
        case _:
            return [opening]


def _plan(facts: Mapping[str, Any], customer: AccountFacts, language: Language) -> Iterator[str]:
    yield _PLAN.to(language)
    for one in facts["milestones"]:
        planned = _PLANNED.to(language).format(day=day_said(one["planned_on"], language)) if one["planned_on"] else ""
        yield f"- {one['title']}: {euros(Decimal(one['net']), language)}{_REACHED.to(language).format(planned=planned)}"
    if Decimal(facts["remainder"]):
        yield _ON_DELIVERY.to(language).format(net=euros(Decimal(facts["remainder"]), language))
    yield _sum(facts["net"], _rates(facts["vat_rates"]), customer, language)


def _order_lines(facts: Mapping[str, Any], customer: AccountFacts, language: Language) -> Iterator[str]:
    yield _LINES.to(language)
    for line in facts["lines"]:
        price, net = (euros(Decimal(line[name]), language) for name in ("price", "net"))
        yield _LINE.to(language).format(quantity=line["quantity"], article=line["article"], price=price, net=net)
    rates = sorted({Decimal(line["vat_rate"]) for line in facts["lines"]})
    yield _sum(facts["net"], rates, customer, language)


def _sum(net: str, rates: list[Decimal], customer: AccountFacts, language: Language) -> str:
    return f"{_TOTAL.to(language).format(net=euros(Decimal(net), language))} {vat_said(rates, customer, language)}"


def _rates(texts: list[str]) -> list[Decimal]:
    return [Decimal(text) for text in texts]
