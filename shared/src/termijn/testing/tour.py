"""A call of every operation that does what it says, over what ``furnish`` made: what tests of the interfaces begin with."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from termijn.testing.furnished import FREE, MUTE, OTHER, OWN, PAPER, WORKPLACE
from termijn.testing.story import DECK, PROFILE, Facts, MadeCall

ACCOUNT = "/contracts/accounts/{account}"
MODULE = f"{ACCOUNT}/modules/{{module_id}}"
PROJECT = f"{ACCOUNT}/projects/{{project_id}}"
ORDER = f"{ACCOUNT}/goods-orders/{{order_id}}"
TARIFF = "/contracts/tariffs/{tariff_id}"
PARTNER: Facts = {"name": "Acme B.V.", "street": "Dam 1", "postcode": "1012 JS", "city": "Amsterdam", "email": "acme@x.example"}
DRAFT: Facts = {name: value for name, value in WORKPLACE.items() if name != "tariff_id"}
CALL = MadeCall(call_id="t-1", on=date(2026, 4, 1), seconds=61)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A call. ``address`` is what stands in its path and is not as ``furnish`` says; ``file`` is sent instead of the body."""

    operation: str
    body: Facts | None = None
    query: str = ""
    file: bytes | None = None
    media_type: str = "application/json"
    address: Mapping[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """Whose operation it is."""
        return self.operation.split("/")[1]

    @property
    def documented(self) -> str:
        """The operation as the service's own document names it: "METHOD /path"."""
        return self.operation.replace(f"/{self.service}/", "/", 1)

    @property
    def content(self) -> bytes | None:
        """What is sent."""
        return self.file if self.file is not None else None if self.body is None else json.dumps(self.body).encode()

    def path(self, known: Mapping[str, str]) -> str:
        """Where it goes."""
        return filled(self.operation.split()[1], {**known, **self.address}) + self.query


def filled(path: str, known: Mapping[str, str]) -> str:
    """An address with what stands in it."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda name: known[name[1]], path)


def visit(operation: str, body: Facts | None = None, *, query: str = "", **address: str) -> Visit:
    """A call with a JSON body, or none."""
    return Visit(operation=operation, body=body, query=query, address=address)


def sent(operation: str, file: bytes, media_type: str, *, query: str = "", **address: str) -> Visit:
    """A call with a file."""
    return Visit(operation=operation, file=file, media_type=media_type, query=query, address=address)


def tour() -> Iterator[Visit]:
    """All that changes something or is asked with a body, in an order in which each succeeds."""
    yield from _catalogue()
    yield from _accounts()
    yield from _modules()
    yield from _goods()
    yield from _rating()
    yield from _invoice()
    yield from _dunning()
    yield from _ends()


def _catalogue() -> Iterator[Visit]:
    yield visit("PUT /contracts/policy", {})
    yield visit("PUT /contracts/indexing", {"policy": {"percentage": "2"}})
    yield visit("POST /contracts/tariffs", {**WORKPLACE, "tariff_id": "extra"})
    yield visit(f"PUT {TARIFF}/draft", DRAFT)
    yield visit(f"POST {TARIFF}/draft/preview", DRAFT)
    yield visit(f"DELETE {TARIFF}/draft")
    yield visit(f"PUT {TARIFF}/draft", {**DRAFT, "orders_from": "2026-05-01"}, tariff_id="extra")
    yield visit(f"POST {TARIFF}/draft/publication", {}, tariff_id="extra")
    yield sent("POST /contracts/rate-decks/{deck_id}", DECK.encode(), "text/csv", query="?valid_from=2026-05-01")
    yield visit("POST /contracts/migrations", {"migration_id": "m1", "tariff_id": "extra", "to_version": 2, "effective_on": "2026-07-01"})
    for name in ("y2027", "y2028"):
        plan = {"indexation_id": name, "percentage": "2", "effective_on": f"{name[1:]}-07-01", "tariffs": ["calls"]}
        yield visit("POST /contracts/indexations", plan)
    yield visit("POST /contracts/indexations/{indexation_id}/start", indexation_id="y2027")
    yield visit("DELETE /contracts/indexations/{indexation_id}", indexation_id="y2028")
    yield visit("POST /contracts/catalogue/plan", {"tariffs": [{**WORKPLACE, "tariff_id": "more"}]})
    yield visit("PUT /contracts/catalogue", {"tariffs": [{**WORKPLACE, "tariff_id": "more"}]})
    yield sent("PUT /contracts/legal-documents/{kind}/{version}", PAPER, "application/pdf", version="2")


def _accounts() -> Iterator[Visit]:
    yield visit("POST /contracts/accounts", {"account_id": "fresh", "contract_partner": {**PARTNER, "name": "Fresh B.V."}})
    yield visit(f"PUT {ACCOUNT}", {"contract_partner": PARTNER, "facts": {"debtor_kind": "company"}})
    yield visit(f"PATCH {ACCOUNT}", {"facts": {"purchase_order": "PO-1"}})
    yield visit(f"POST {ACCOUNT}/debit-exemption", {"reason": "pays by transfer"})
    yield visit(f"PUT {ACCOUNT}/contract-start", {"starts_on": "2025-01-01", "reason": "it came over from another provider"})
    yield visit(f"POST {ACCOUNT}/long-term-consents", {"months_max": 36, "document": "Separate consent", "version": "1"})
    mandate = {"mandate_id": "acme-m2", "reference": "M-acme-2", "signed_on": "2026-04-02", "holder": "Acme", "iban": "NL91ABNA0417164300"}
    yield visit(f"POST {ACCOUNT}/mandates", mandate)
    yield visit(f"POST {ACCOUNT}/mandates/{{mandate_id}}/amendment", {"holder": "Acme B.V."})
    yield sent(f"PUT {ACCOUNT}/mandates/{{mandate_id}}/form", PAPER, "application/pdf", mandate_id="acme-m2")
    yield visit(f"DELETE {ACCOUNT}/mandates/{{mandate_id}}", mandate_id="acme-m2")


def _modules() -> Iterator[Visit]:
    yield visit(f"POST {ACCOUNT}/modules", {"module_id": "acme-extra", "tariff_id": "extra"})
    yield visit(f"POST {MODULE}/activation", {"active_from": "2026-04-10"}, module_id="acme-line")
    yield visit(f"POST {MODULE}/scaling", {"quantity": 2})
    yield visit(f"POST {MODULE}/tariff", {"tariff_id": "more"}, module_id="acme-extra")
    yield visit(f"POST {MODULE}/options", {"article_id": "storage", "quantity": 2})
    yield visit(f"DELETE {MODULE}/options/{{article_id}}")
    yield visit(f"POST {MODULE}/price-changes/{{change_id}}/withdrawal", {"reason": "agreed otherwise"})
    yield visit(f"POST {MODULE}/cancellation", {"ends_on": "2026-12-31"})
    yield visit(f"DELETE {MODULE}/cancellation")
    yield visit(f"POST {MODULE}/subjects", {"subject": "acme-desk-2"})
    yield visit(f"DELETE {MODULE}/subjects/{{subject}}", subject="acme-desk-2")
    yield visit(f"POST {MODULE}/subjects/{{subject}}/port-out", {"ends_module": False})


def _goods() -> Iterator[Visit]:
    plan = {"project_id": "second", "title": "Second", "price": "400.00", "milestones": []}
    yield visit(f"POST {ACCOUNT}/projects", {**plan, "remainder_on_delivery": True})
    yield visit(f"POST {PROJECT}/stop", {"reason": "called off"}, project_id="second")
    yield visit(f"POST {PROJECT}/milestones/{{milestone_id}}/reached", {})
    done = [{"milestone_id": name, "title": name.title(), "net": "400.00"} for name in ("design", "build")]
    yield visit(f"PUT {PROJECT}/plan", {"price": "900.00", "milestones": done, "remainder_on_delivery": True, "reason": "more work"})
    yield visit(f"POST {PROJECT}/delivery", {})
    yield visit(f"POST {PROJECT}/completion", {})
    lines = [{"line_id": "l1", "article": "Switch", "quantity": 2, "unit_price": "99.00"}]
    yield visit(f"POST {ACCOUNT}/goods-orders", {"order_id": "switches", "agreed_on": "2026-05-20", "lines": lines})
    yield visit(f"PUT {ORDER}/delivery-date", {"agreed_on": "2026-05-21"})
    yield visit(f"POST {ORDER}/deliveries", {"delivery_id": "d2"})
    yield visit(f"POST {ORDER}/placements", {"placement_id": "desk-2", "line_id": "t46"})
    yield visit(f"POST {ORDER}/placements/{{placement_id}}/warranty", {"months": 12, "net": "25.00"})
    yield visit(f"POST {ORDER}/cancellation", {"reason": "not wanted"}, order_id="switches")
    yield visit(f"POST {ACCOUNT}/leases", {"lease_id": "leased-2", "module_id": "acme-leased-2", "tariff_id": "extra", "months": 24})
    yield visit(f"POST {ACCOUNT}/leases/{{lease_id}}/extension", {"months": 6})
    yield visit("POST /contracts/tasks/{task_id}/done", {})


def _rating() -> Iterator[Visit]:
    yield visit("PUT /rating/policy", {})
    yield sent("POST /rating/usage", json.dumps(CALL.as_event()).encode(), "application/cloudevents+json")
    yield sent("POST /rating/call-records/{source}", b"", "text/csv")
    yield visit("POST /rating/usage/{source}/{record_id}/void")
    yield visit("POST /rating/suspense/retry")
    yield visit("POST /rating/usage/unreadable/retry")


def _invoice() -> Iterator[Visit]:
    yield visit("PUT /invoice/policy", {})
    yield visit("PUT /invoice/profile", PROFILE)
    paid = {"payment_id": "paid-2", "amount": "1.00", "value_on": "2026-04-01", "method": "transfer"}
    yield visit("POST /invoice/invoices/{invoice_id}/payments", paid)
    yield visit("POST /invoice/payments/{payment_id}/reversal", {"reason_code": "MS03", "reversed_on": "2026-04-16"})
    yield visit(
        "POST /invoice/invoices/{invoice_id}/debit-rejection",
        {"reason_code": "AC04", "rejected_on": "2026-04-16"},
        invoice_id=f"{OTHER}.3",
    )
    yield visit("POST /invoice/invoices/{invoice_id}/redelivery", invoice_id=f"{MUTE}.1")
    money = [{"money_id": f"stranger-{number}", "amount": "5.00", "value_on": "2026-04-01"} for number in (2, 3)]
    yield visit("POST /invoice/statements", {"statement_id": "s-2", "booked_through": "2026-04-10", "unmatched": money})
    yield visit("POST /invoice/unmatched-money/{money_id}/assignment", {"invoice_id": f"{OWN}.1"})
    yield visit("POST /invoice/unmatched-money/{money_id}/setting-aside", {"reason": "a gift"}, money_id="stranger-3")
    yield visit("POST /invoice/tasks/{task_id}/done", task_id=f"{OTHER}.1~debit_unbooked")


def _dunning() -> Iterator[Visit]:
    yield visit("PUT /dunning/policy", {})
    yield visit("POST /dunning/holds", {"account": OWN, "reason": "they asked", "until": "2026-04-30"})
    yield visit("DELETE /dunning/holds/{hold}")
    yield visit("POST /dunning/accounts/{account}/termination", {"reason": "nothing is paid"})


def _ends() -> Iterator[Visit]:
    yield visit(f"POST {ACCOUNT}/deletion", account=FREE)
    yield visit(f"DELETE {ACCOUNT}/deletion", account=FREE)
