"""The bank and the customers' money: looks at what is to be collected and what is open, and pays or sends back as each customer does."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from termijn.demo.desk import Desk
from termijn.demo.journal import Facts, Journal
from termijn.demo.payer import OpenInvoice, Standing, bounce, pays
from termijn.demo.population import Customer
from termijn.kernel.calendar import add_bank_days, day_of

Letter = tuple[str, str, date]
"""Step, invoice and day of a letter that came."""


class Bank:
    """One bank day after the other. Everything it knows is in the journal or asked of the system, so that it can be stopped and go on."""

    def __init__(self, desk: Desk, journal: Journal, customers: Sequence[Customer]) -> None:
        self._desk = desk
        self._journal = journal
        self._customers: Mapping[str, Customer] = {customer.account_id: customer for customer in customers}

    async def day(self, today: date) -> None:
        """Book today's debits, send back what is to be sent back, and book what customers transfer today."""
        await self._collect(today)
        await self._send_back(today)
        await self._transfer(today)

    async def _collect(self, today: date) -> None:
        debits = await self._desk.every("/invoice/direct-debits", {"collect_on": today.isoformat(), "status": "submitted"})
        for debit in sorted(debits, key=lambda each: str(each["end_to_end_id"])):
            payment_id = f"dd-{debit['end_to_end_id']}"
            amount, account = debit["amount"], debit["account"]
            facts = await self._book(debit["invoice_id"], payment_id, Decimal(amount), today, account=account, method="direct_debit")
            self._plan_return(account, payment_id, facts, today)

    def _plan_return(self, account: str, payment_id: str, payment: Facts, today: date) -> None:
        """Where the debtor's bank will take this debit back, write down when and why."""
        earlier = sum(1 for _, _, facts in self._journal.all("payment/dd-") if facts["account"] == account)
        planned = bounce(self._customers[account].behaviour, nth_debit=earlier)
        if planned is not None:
            due = add_bank_days(today, planned.bank_days_later)
            facts = {**payment, "reason_code": planned.reason_code, "due_on": due.isoformat()}
            self._journal.note(f"bounce/{payment_id}", on=today, facts=facts)

    async def _send_back(self, today: date) -> None:
        for key, _, planned in list(self._journal.all("bounce/")):
            payment_id = key.removeprefix("bounce/")
            if planned["due_on"] != today.isoformat():
                continue
            body = {"reason_code": planned["reason_code"], "reversed_on": today.isoformat()}
            await self._do(f"reversal/{payment_id}", today, f"/invoice/payments/{payment_id}/reversal", body, keep=planned)

    async def _transfer(self, today: date) -> None:
        letters = await self._letters()
        for account, own in _by_account(await self._desk.every("/invoice/invoices")).items():
            customer = self._customers[account]
            standing = self._standing(customer, own, letters.get(account, []), today)
            for number, payment in enumerate(pays(customer.behaviour, standing), start=1):
                payment_id = f"tr-{today:%Y%m%d}-{customer.index + 1:02d}-{number}"
                await self._book(payment.invoice_id, payment_id, payment.amount, today, account=account, method="transfer")

    def _standing(self, customer: Customer, documents: Sequence[Facts], letters: Sequence[Letter], today: date) -> Standing:
        """What the customer goes by today."""
        invoices = [each for each in documents if each["kind"] == "invoice"]
        warned_on = min((day for step, _, day in letters if step == "suspension_warning"), default=None)
        return Standing(
            today=today,
            invoices=[_open_invoice(nth, each, letters) for nth, each in enumerate(invoices, start=1) if Decimal(each["open"]) > 0],
            warned_on=warned_on,
            suspended_on=self._suspended_on(customer.account_id),
            resumed_on=next((on for _, on, _ in self._journal.all(f"resumed/{customer.account_id}/")), None),
        )

    async def _letters(self) -> dict[str, list[Letter]]:
        """Every letter that was sent, by account."""
        by_account: dict[str, list[Letter]] = {}
        for letter in await self._desk.every("/dunning/letters"):
            if letter["state"] != "sent":
                continue
            sent_on = date.fromisoformat(letter["sent_on"])
            items = [(item["step"], item["invoice_id"], sent_on) for item in letter["items"]]
            by_account.setdefault(letter["account"], []).extend(items)
        return by_account

    async def watch(self, today: date) -> None:
        """Notice whose service was stopped and whose works again; only those who were warned can be."""
        for account, letters in (await self._letters()).items():
            if not any(step == "suspension_warning" for step, _, _ in letters):
                continue
            contract = await self._desk.get(f"/contracts/accounts/{account}/contract")
            since = [module["suspension"]["since"] for module in contract["modules"] if module["suspension"]]
            suspended_on = self._suspended_on(account)
            if since and suspended_on is None:
                day = day_of(datetime.fromisoformat(min(since)))
                self._journal.note(f"suspended/{account}/{day}", on=day, facts={"account": account})
            elif not since and suspended_on is not None:
                self._journal.note(f"resumed/{account}/{suspended_on}", on=today, facts={"account": account})

    @property
    def sees_somebody_suspended(self) -> bool:
        """Whether a payment of today may have ended a suspension."""
        return any(self._suspended_on(facts["account"]) for _, _, facts in self._journal.all("suspended/"))

    def _suspended_on(self, account: str) -> date | None:
        """Since when the account is suspended, as noticed; None where it is not."""
        for _, on, _ in self._journal.all(f"suspended/{account}/"):
            if self._journal.facts(f"resumed/{account}/{on}") is None:
                return on
        return None

    async def _book(self, invoice_id: str, payment_id: str, amount: Decimal, today: date, *, account: str, method: str) -> Facts:
        body = {"payment_id": payment_id, "amount": f"{amount:.2f}", "value_on": today.isoformat(), "method": method}
        keep = {"account": account, "invoice_id": invoice_id, "amount": f"{amount:.2f}", "method": method}
        return await self._do(f"payment/{payment_id}", today, f"/invoice/invoices/{invoice_id}/payments", body, keep=keep)

    async def _do(self, key: str, today: date, path: str, body: Facts, *, keep: Facts) -> Facts:
        async def act() -> Facts:
            await self._desk.change("POST", path, key=key, body=body)
            return keep

        return await self._journal.once(key, on=today, act=act)


def _by_account(invoices: Sequence[Facts]) -> dict[str, list[Facts]]:
    """Each account's documents, oldest first."""
    by_account: dict[str, list[Facts]] = {}
    for each in sorted(invoices, key=lambda one: (str(one["issued_on"]), str(one["number"]))):
        by_account.setdefault(each["account"], []).append(each)
    return by_account


def _open_invoice(nth: int, facts: Facts, letters: Sequence[Letter]) -> OpenInvoice:
    return OpenInvoice(
        invoice_id=facts["invoice_id"],
        nth=nth,
        issued_on=date.fromisoformat(facts["issued_on"]),
        due_on=date.fromisoformat(facts["due_on"]),
        gross=Decimal(facts["gross"]),
        open_amount=Decimal(facts["open"]),
        is_debited=facts["collection"] == "direct_debit",
        letters={step: day for step, invoice_id, day in letters if invoice_id == facts["invoice_id"]},
    )
