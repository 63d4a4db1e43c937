"""A provider with some life in it, for tests that call every route: whatever an address names exists."""

from datetime import date

from termijn.testing.story import CALLS, MONTHLY_FEE, MadeCall, Story

OWN, OTHER, MUTE, FREE = "acme", "beta", "mute", "free"
"""Accounts: what an address names is the first one's; the second pays by direct debit, the third has no e-mail address, the fourth has
ordered nothing."""

WORKPLACE = {
    **MONTHLY_FEE,
    "articles": [
        {"article_id": "fee", "title": "Workplace", "net_price": "100.00"},
        {"article_id": "storage", "title": "More storage", "net_price": "5.00", "is_option": True},
    ],
}
FIBRE = {**MONTHLY_FEE, "tariff_id": "fibre", "title": "Fibre", "module": "fibre", "notice": "term:12", "is_telecom": True}
PAPER = b"%PDF-1.7 signed"
NOTHING_FITS = {"money_id": "stranger-1", "amount": "12.34", "value_on": "2026-03-30", "name": "Stranger B.V."}


NAMED = {
    "account": OWN,
    "article_id": "storage",
    "change_id": "y2026",
    "deck_id": "standard",
    "indexation_id": "y2026",
    "kind": "terms",
    "lease_id": "leased-1",
    "mandate_id": f"{OWN}-m1",
    "migration_id": "y2026",
    "milestone_id": "build",
    "module_id": f"{OWN}-workplace",
    "money_id": str(NOTHING_FITS["money_id"]),
    "number": "1",
    "order_id": "phones",
    "payment_id": "paid-1",
    "period": "2026-02",
    "placement_id": "desk-1",
    "project_id": "branch",
    "record_id": "c-1",
    "source": "pbx-1",
    "subject": f"{OWN}-desk",
    "tariff_id": "workplace",
    "task_id": "late~phones~2026-01-20",
    "version": "1",
}
"""What may stand in an address, by the name of the parameter; all but what the services name themselves."""


async def furnish(story: Story) -> dict[str, str]:
    """Accounts with modules, calls, goods, invoices, letters and cases; what may stand in an address, by the name of the parameter."""
    await story.open_shop(WORKPLACE, CALLS, FIBRE)
    for account in (OWN, OTHER, MUTE, FREE):
        await story.customer(account, debit=account == OTHER)
    for account in (OWN, OTHER):
        await story.order(account, "workplace", subject=f"{account}-desk")
        await story.order(account, "calls", subject="100" if account == OWN else "200")
    await _without_address(story)
    await story.order(OWN, "fibre", module_id=f"{OWN}-line")
    await story.call("POST", f"/contracts/accounts/{OWN}/modules/{OWN}-workplace/options", {"article_id": "storage"})
    await story.calls(MadeCall(call_id="c-1", on=date(2026, 1, 5), seconds=61))
    await _goods(story)
    await _prices(story)
    await story.until(date(2026, 4, 17), "12:00")
    await _papers(story)
    placed = await story.call("POST", "/dunning/holds", {"account": OTHER, "reason": "asked", "until": "2026-04-30"})
    return {
        **NAMED,
        "case": await _first(story, "/dunning/cases", "case_id"),
        "hold": str(placed["hold_id"]),
        "invoice_id": await _first(story, "/invoice/invoices", "invoice_id"),
        "letter": await _first(story, "/dunning/letters", "letter_id"),
    }


async def _without_address(story: Story) -> None:
    """An account that no document reaches."""
    await story.call("PATCH", f"/contracts/accounts/{MUTE}", {"contract_partner": {"name": "Mute B.V."}})
    await story.order(MUTE, "workplace")


async def _goods(story: Story) -> None:
    """A project under way, an order that is late and partly placed, and a lease."""
    at = f"/contracts/accounts/{OWN}"
    milestones = [{"milestone_id": name, "title": name.title(), "net": "400.00"} for name in ("design", "build")]
    await story.call("POST", f"{at}/projects", {"project_id": "branch", "title": "New branch", "price": "800.00", "milestones": milestones})
    await story.call("POST", f"{at}/projects/branch/milestones/design/reached", {})
    lines = [{"line_id": "t46", "article": "Desk phone", "quantity": 4, "unit_price": "149.50"}]
    await story.call("POST", f"{at}/goods-orders", {"order_id": "phones", "agreed_on": "2026-01-20", "lines": lines})
    part = {"delivery_id": "d1", "lines": [{"line_id": "t46", "quantity": 3}]}
    await story.call("POST", f"{at}/goods-orders/phones/deliveries", part)
    await story.call("POST", f"{at}/goods-orders/phones/placements", {"placement_id": "desk-1", "line_id": "t46"})
    lease = {"lease_id": "leased-1", "module_id": f"{OWN}-leased", "tariff_id": "workplace", "months": 12}
    await story.call("POST", f"{at}/leases", lease)


async def _prices(story: Story) -> None:
    """An indexation that was announced for the summer, and the draft of a tariff."""
    plan = {"indexation_id": "y2026", "percentage": "2", "effective_on": "2026-07-01", "tariffs": [WORKPLACE["tariff_id"]]}
    await story.call("POST", "/contracts/indexations", plan)
    await story.call("POST", "/contracts/indexations/y2026/start")
    draft = {name: value for name, value in WORKPLACE.items() if name not in ("tariff_id", "orders_from")}
    await story.call("PUT", f"/contracts/tariffs/{WORKPLACE['tariff_id']}/draft", draft)


async def _papers(story: Story) -> None:
    """A mandate with its form, the terms as a document, a payment, and a bank statement with money that matches nothing."""
    mandate = {
        "mandate_id": f"{OWN}-m1",
        "reference": f"M-{OWN}",
        "signed_on": "2026-04-01",
        "holder": "Acme",
        "iban": "NL91ABNA0417164300",
    }
    await story.call("POST", f"/contracts/accounts/{OWN}/mandates", mandate)
    await story.upload(f"/contracts/accounts/{OWN}/mandates/{OWN}-m1/form", PAPER, "application/pdf", method="PUT")
    await story.upload("/contracts/legal-documents/terms/1", PAPER, "application/pdf", method="PUT")
    paid = {"payment_id": "paid-1", "amount": "1.00", "value_on": "2026-04-01", "method": "transfer"}
    await story.call("POST", f"/invoice/invoices/{await _first(story, '/invoice/invoices', 'invoice_id')}/payments", paid)
    statement = {"statement_id": "s-1", "booked_through": "2026-03-31", "unmatched": [NOTHING_FITS]}
    await story.call("POST", "/invoice/statements", statement)
    await story.installation.settle()


async def _first(story: Story, path: str, name: str) -> str:
    return str((await story.items(path, account=OWN))[0][name])
