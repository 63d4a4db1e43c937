"""A provider with some life in it, for tests that call every route: whatever an address names exists."""

from datetime import date

from termijn.testing.story import CALLS, MONTHLY_FEE, MadeCall, Story

OWN, OTHER = "acme", "beta"
"""Two accounts; what an address names is the first one's."""


async def furnish(story: Story) -> dict[str, str]:
    """Two accounts with modules, calls, invoices, letters and cases; what may stand in an address, by the name of the parameter."""
    await story.open_shop(MONTHLY_FEE, CALLS)
    for account in (OWN, OTHER):
        await story.customer(account, debit=account == OTHER)
        await story.order(account, "workplace")
        await story.order(account, "calls", subject="100" if account == OWN else "200")
    await story.calls(MadeCall(call_id="c-1", on=date(2026, 1, 5), seconds=61))
    await _goods(story)
    await _prices(story)
    await story.until(date(2026, 4, 3), "12:00")
    return {
        "account": OWN,
        "module_id": f"{OWN}-workplace",
        "tariff_id": "workplace",
        "deck_id": "standard",
        "mandate_id": f"{OTHER}-m1",
        "invoice_id": await _first(story, "/invoice/invoices", "invoice_id"),
        "letter": await _first(story, "/dunning/letters", "letter_id"),
        "case": await _first(story, "/dunning/cases", "case_id"),
        "subject": "100",
        "version": "1",
        "number": "1",
        "period": "2026-02",
        "project_id": "branch",
        "milestone_id": "build",
        "order_id": "phones",
        "placement_id": "desk-1",
        "lease_id": "leased-1",
        "task_id": "late~phones~2026-01-20",
        "indexation_id": "y2026",
        "migration_id": "y2026",
        "change_id": "y2026",
    }


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
    plan = {"indexation_id": "y2026", "percentage": "2", "effective_on": "2026-07-01", "tariffs": [MONTHLY_FEE["tariff_id"]]}
    await story.call("POST", "/contracts/indexations", plan)
    await story.call("POST", "/contracts/indexations/y2026/start")
    draft = {name: value for name, value in MONTHLY_FEE.items() if name not in ("tariff_id", "orders_from")}
    await story.call("PUT", f"/contracts/tariffs/{MONTHLY_FEE['tariff_id']}/draft", draft)


async def _first(story: Story, path: str, name: str) -> str:
    return str((await story.items(path, account=OWN))[0][name])
