"""What the provider's office does: sets up shop, opens accounts, takes orders and changes, has lines delivered. All by HTTP."""

from collections.abc import Callable
from datetime import date

from termijn.demo.bank_account import creditor_id, iban, vat_number
from termijn.demo.catalogue import CATALOGUE, TARIFFS
from termijn.demo.change import Assign, Change, key_of
from termijn.demo.desk import Desk
from termijn.demo.journal import Facts, Journal
from termijn.demo.population import FIRST_DAY, Customer, Order
from termijn.demo.requests import Request, requests
from termijn.demo.wishes import INDEXATION, INDEXED_ON
from termijn.kernel.calendar import at

_OWN = 99
"""The index of the provider's own account and VAT numbers, beyond those of its customers."""

PROFILE: Facts = {
    "name": "Waterland Telecom & ICT B.V.",
    "street": "Handelskade 12",
    "postcode": "1019 BA",
    "city": "Amsterdam",
    "country": "NL",
    "email": "administratie@waterland.example",
    "chamber_of_commerce": "60012345",
    "vat_number": vat_number(_OWN),
    "iban": iban(_OWN),
    "creditor_id": creditor_id("60012345"),
}
"""The provider, as its documents print it."""

LETTERHEAD: Facts = {"name": PROFILE["name"], "iban": PROFILE["iban"], "email": PROFILE["email"], "phone": "+31 20 000 00 00"}
"""The provider, as its letters print it."""


LONG_TERMS = {
    str(tariff.tariff_id): tariff.notice.minimum_term_months
    for tariff in TARIFFS
    if tariff.is_telecom and tariff.notice.minimum_term_months > 24
}
"""Tariffs whose first term an account agrees to separately, with its months (CAT-26)."""


class Office:
    """The provider's people. ``manager`` has a manager's rights; ``own`` is the desk at which a customer asks in its own name."""

    def __init__(self, manager: Desk, journal: Journal, own: Callable[[str], Desk] | None = None) -> None:
        self._desk = manager
        self._journal = journal
        self._own = own or (lambda _: manager)

    async def open_shop(self) -> None:
        """The provider's own particulars, and its catalogue: rate decks and tariffs as the file says, or nothing at all."""
        await self._do("profile", FIRST_DAY, "PUT", "/invoice/profile", PROFILE)
        await self._do("letterhead", FIRST_DAY, "PUT", "/dunning/policy", {"letterhead": LETTERHEAD})
        # Brought in twice it is unchanged the second time, so a demo that was cut off in between goes on.
        plan = await self._journal.once("catalogue", on=FIRST_DAY, act=lambda: self._desk.bring_in(CATALOGUE))
        for change in plan["changes"]:
            self._journal.note(f"{change['kind']}/{change['id']}", on=FIRST_DAY, facts={})

    async def index_prices(self) -> None:
        """Announce the indexation that the catalogue agrees on to every account that it is about (CAT-10)."""
        path = "/contracts/indexations"
        await self._do(f"indexation/{INDEXATION}", INDEXED_ON, "POST", path, {"indexation_id": INDEXATION})
        await self._do(f"indexing/{INDEXATION}", INDEXED_ON, "POST", f"{path}/{INDEXATION}/start", {})

    async def open_account(self, customer: Customer) -> None:
        """Open the account, take its mandate or note why it needs none, and take its first orders."""
        account = f"/contracts/accounts/{customer.account_id}"
        await self._do(f"account/{customer.account_id}", FIRST_DAY, "POST", "/contracts/accounts", account_body(customer))
        if customer.pays_by_debit:
            await self._do(f"mandate/{customer.account_id}", FIRST_DAY, "POST", f"{account}/mandates", mandate_body(customer))
        else:
            reason = {"reason": f"Betaalt per overboeking, {customer.term_days} dagen, zoals overeengekomen"}
            await self._do(f"exemption/{customer.account_id}", FIRST_DAY, "POST", f"{account}/debit-exemption", reason)
        for order in customer.orders:
            if order.ordered_on == FIRST_DAY:
                await self.order(customer, order)

    async def order(self, customer: Customer, order: Order) -> None:
        """Order a module, and write down which extensions belong to it."""
        modules = f"/contracts/accounts/{customer.account_id}/modules"
        if months := LONG_TERMS.get(order.tariff_id):
            consent = {"months_max": months, "document": "toestemming-lange-looptijd", "version": "2025-07", "channel": "telefoon"}
            path = f"/contracts/accounts/{customer.account_id}/long-term-consents"
            await self._do(f"consent/{order.module_id}", order.ordered_on, "POST", path, consent)
        body = {"module_id": order.module_id, "tariff_id": order.tariff_id, "quantity": order.quantity, "channel": "telefoon"}
        await self._do(f"order/{order.module_id}", order.ordered_on, "POST", modules, body)
        for extension in order.extensions:
            await self._assign(customer, order.module_id, extension, on=order.ordered_on)

    async def deliver(self, customer: Customer, order: Order, *, on: date) -> None:
        """The line works: terms and billing run from today (CAT-25)."""
        path = f"/contracts/accounts/{customer.account_id}/modules/{order.module_id}/activation"
        await self._do(f"activation/{order.module_id}", on, "POST", path, {"active_from": on.isoformat()})

    async def change(self, customer: Customer, change: Change) -> None:
        """What the customer asked for, and what was answered: a refusal is an answer too."""
        if isinstance(change, Assign):
            await self._assign(customer, change.module_id, change.extension, on=change.on)
            await self._do(f"suspense/{change.extension}", change.on, "POST", "/rating/suspense/retry", {})
            return
        key = key_of(customer.account_id, change)
        for number, request in enumerate(requests(customer.account_id, change)):
            desk = self._own(customer.account_id) if request.is_own else self._desk
            step = key if number == 0 else f"{key}#{number}"

            async def ask(desk: Desk = desk, request: Request = request, step: str = step) -> Facts:
                return await desk.ask(request.method, request.path, key=step, body=request.body)

            await self._journal.once(step, on=change.on, act=ask)

    async def _assign(self, customer: Customer, module_id: str, extension: str, *, on: date) -> None:
        path = f"/contracts/accounts/{customer.account_id}/modules/{module_id}/subjects"
        body = {"subject": extension, "from_at": at(FIRST_DAY, "00:00").isoformat()}
        await self._do(f"subject/{extension}", on, "POST", path, body)

    async def _do(self, key: str, on: date, method: str, path: str, body: Facts) -> Facts:
        return await self._journal.once(key, on=on, act=lambda: self._desk.change(method, path, key=key, body=body))


def account_body(customer: Customer) -> Facts:
    """The account as it is opened (CON-8)."""
    return {
        "account_id": customer.account_id,
        "contract_partner": {
            "name": customer.name,
            "street": customer.street,
            "postcode": customer.postcode,
            "city": customer.city,
            "country": "NL",
            "email": customer.email,
        },
        "facts": {
            "debtor_kind": "company",
            "language": customer.language,
            "customer_number": f"K{10_001 + customer.index}",
            "account_manager": "Marieke de Boer" if customer.index % 2 else "Tom Visser",
            "subscription_term_days": customer.term_days,
            "vat_number": customer.vat_number,
            "chamber_of_commerce": customer.chamber_of_commerce,
            "terms": {"version": "2025-07", "accepted_on": "2025-12-15"},
        },
    }


def mandate_body(customer: Customer) -> Facts:
    """The signed mandate (PAY-1)."""
    return {
        "mandate_id": f"{customer.account_id}-m1",
        "reference": f"WT-{10_001 + customer.index}-1",
        "scheme": "B2B" if customer.is_b2b else "CORE",
        "signed_on": "2025-12-15",
        "iban": customer.iban,
        "holder": customer.name,
    }
