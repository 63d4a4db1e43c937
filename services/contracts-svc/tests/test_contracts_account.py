"""The account: free until the first order, which needs a mandate; what customers may change and what only managers may."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_check import contract_start
from termijn.contracts.account_command import (
    AdmitOrder,
    ChangeAccount,
    CorrectContractStart,
    ExemptFromDebit,
    GiveMandate,
    NoteMandateBlocked,
    OpenNewAccount,
    RevokeMandate,
)
from termijn.contracts.account_state import ContractStartCorrected, DetailsChanged, MandateFoundBlocked, OrderAdmitted
from termijn.contracts.errors import AlreadyThere, ConsumersNotServed, ManagerOnly, NoMandate
from termijn.events.contracts import AccountChanged, AccountFacts, AccountOpened, DebitExemptionGranted, MandateGiven, MandateRevoked, Party
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import AccountId, MandateId, ModuleId
from termijn.testing.spec import spec

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
ACME = AccountId("acme")
PARTNER = Party(name="Acme B.V.", email="billing@acme.example")
OPENED = AccountOpened(contract_partner=PARTNER, facts=AccountFacts())
MANDATE = MandateGiven(
    mandate_id=MandateId("m1"), reference="ACME-1", signed_on=date(2026, 3, 1), iban="NL91ABNA0417164300", holder="Acme B.V."
)
ADMITTED = OrderAdmitted(module_id=ModuleId("t1"), ordered_on=date(2026, 3, 10), mandate_id=MandateId("m1"), makes_contract=True)


def open_account(**changes: Any) -> OpenNewAccount:
    command = OpenNewAccount(
        now=NOW, account=ACME, contract_partner=PARTNER, invoice_address=None, facts=AccountFacts(), serves_companies_only=True
    )
    return msgspec.structs.replace(command, **changes)


def change(*, is_manager: bool = True, partner: Party | None = PARTNER, **facts: Any) -> ChangeAccount:
    return ChangeAccount(
        now=NOW,
        account=ACME,
        is_manager=is_manager,
        contract_partner=partner,
        invoice_address=None,
        facts=AccountFacts(**facts),
        serves_companies_only=True,
    )


def give(**changes: Any) -> GiveMandate:
    command = GiveMandate(
        now=NOW,
        account=ACME,
        mandate_id=MandateId("m1"),
        reference="ACME-1",
        scheme="CORE",
        signed_on=date(2026, 3, 1),
        iban="NL91 ABNA 0417 1643 00",
        holder="Acme B.V.",
    )
    return msgspec.structs.replace(command, **changes)


def admit(module: str = "t1") -> AdmitOrder:
    return AdmitOrder(now=NOW, account=ACME, module_id=ModuleId(module), ordered_on=date(2026, 3, 10))


@pytest.mark.rule("CON-1")
def test_opening_an_account_binds_to_nothing() -> None:
    """It is opened, and that is all."""
    spec(ACCOUNT).when(open_account()).then(OPENED)
    spec(ACCOUNT).given(OPENED).when(open_account()).then_refused(AlreadyThere, "account_id")


@pytest.mark.rule("CON-1")
def test_the_first_order_makes_the_contract() -> None:
    """Later orders are under the same contract."""
    later = msgspec.structs.replace(ADMITTED, module_id=ModuleId("t2"), makes_contract=False)
    spec(ACCOUNT).given(OPENED, MANDATE).when(admit(), admit("t2")).then(ADMITTED, later)


@pytest.mark.rule("CON-1")
def test_the_contract_runs_since_the_oldest_module_still_active() -> None:
    """Ended, future and undelivered modules do not count; without an active module there is no contract."""
    today, day = date(2026, 3, 10), date
    modules = [(day(2020, 1, 1), day(2026, 3, 9)), (day(2024, 5, 1), None), (day(2023, 5, 1), day(2026, 3, 10)), (None, None)]
    assert contract_start(modules, today=today, corrected=None) == day(2023, 5, 1)
    assert contract_start(modules, today=day(2026, 3, 11), corrected=None) == day(2024, 5, 1)
    assert contract_start([(day(2026, 4, 1), None)], today=today, corrected=day(2020, 1, 1)) is None
    assert contract_start(modules, today=today, corrected=day(2019, 2, 3)) == day(2019, 2, 3)


@pytest.mark.rule("CON-1")
def test_a_corrected_start_is_gone_with_the_contract_that_it_was_said_of() -> None:
    """Modules that follow each other without a day between are one contract; what is said on a day without any is about the next."""
    day, corrected = date, date(2019, 2, 3)
    first, second = (day(2024, 1, 1), day(2025, 6, 30)), (day(2025, 6, 1), day(2025, 12, 31))
    next_day, later = (day(2026, 1, 1), None), (day(2026, 1, 2), None)

    def since(*modules: tuple[date | None, date | None], said_on: date) -> date | None:
        return contract_start(modules, today=day(2026, 3, 10), corrected=corrected, said_on=said_on)

    for said_on in (day(2023, 5, 1), day(2024, 5, 1), day(2025, 12, 31)):
        assert since(first, second, next_day, said_on=said_on) == corrected
        assert since(first, second, later, said_on=said_on) == day(2026, 1, 2)
    assert since(first, second, later, said_on=day(2026, 1, 1)) == since(later, said_on=day(2026, 3, 1)) == corrected
    called_off, undelivered, to_come = (day(2025, 5, 1), day(2025, 4, 30)), (None, day(2025, 5, 1)), (day(2027, 1, 1), None)
    assert since(called_off, undelivered, to_come, later, said_on=day(2024, 5, 1)) == corrected
    assert since(first, second, to_come, said_on=day(2024, 5, 1)) is None


@pytest.mark.rule("CON-1")
def test_only_a_manager_corrects_the_contract_duration() -> None:
    """With a reason."""
    command = CorrectContractStart(now=NOW, account=ACME, is_manager=False, starts_on=date(2019, 2, 3), reason="moved from paper")
    spec(ACCOUNT).given(OPENED).when(command).then_refused(ManagerOnly)
    spec(ACCOUNT).given(OPENED).when(msgspec.structs.replace(command, is_manager=True)).then(
        ContractStartCorrected(starts_on=date(2019, 2, 3), reason="moved from paper")
    )


@pytest.mark.rule("CON-2")
def test_an_order_without_a_mandate_is_refused() -> None:
    """No mandate, a revoked one and a blocked one are the same."""
    spec(ACCOUNT).given(OPENED).when(admit()).then_refused(NoMandate)
    revoked = MandateRevoked(mandate_id=MandateId("m1"), revoked_on=date(2026, 3, 2))
    spec(ACCOUNT).given(OPENED, MANDATE, revoked).when(admit()).then_refused(NoMandate)
    blocked = MandateFoundBlocked(mandate_id=MandateId("m1"), reason_code="AC04")
    spec(ACCOUNT).given(OPENED, MANDATE, blocked).when(admit()).then_refused(NoMandate)


@pytest.mark.rule("CON-2")
def test_a_manager_exempts_the_account_with_a_reason() -> None:
    """Then it may order without a mandate."""
    exempt = ExemptFromDebit(now=NOW, account=ACME, is_manager=True, reason="municipality")
    spec(ACCOUNT).given(OPENED).when(msgspec.structs.replace(exempt, is_manager=False)).then_refused(ManagerOnly)
    spec(ACCOUNT).given(OPENED).when(exempt, exempt).then(DebitExemptionGranted(reason="municipality"))
    spec(ACCOUNT).given(OPENED, DebitExemptionGranted(reason="municipality")).when(admit()).then(
        msgspec.structs.replace(ADMITTED, mandate_id=None)
    )


@pytest.mark.rule("PAY-1")
def test_a_mandate_has_a_sepa_iban_and_b2b_is_for_companies() -> None:
    """The IBAN is stored without spaces; a wrong one is refused with the field."""
    spec(ACCOUNT).given(OPENED).when(give()).then(MANDATE)
    spec(ACCOUNT).given(OPENED, MANDATE).when(give()).then_refused(AlreadyThere, "mandate_id")
    spec(ACCOUNT).given(OPENED).when(give(iban="NL91ABNA0417164301")).then_refused(InvalidInput, "iban")
    spec(ACCOUNT).given(OPENED).when(give(iban="BR1500000000000010932840814P2")).then_refused(InvalidInput, "iban")
    spec(ACCOUNT).given(OPENED).when(give(signed_on=date(2026, 3, 11))).then_refused(InvalidInput, "signed_on")
    consumer = AccountOpened(contract_partner=PARTNER, facts=AccountFacts(debtor_kind="consumer"))
    spec(ACCOUNT).given(consumer).when(give(scheme="B2B")).then_refused(InvalidInput, "scheme")


@pytest.mark.rule("PAY-1")
def test_revoking_a_mandate_is_told_once() -> None:
    """Also where the bank had blocked it before."""
    revoke = RevokeMandate(now=NOW, account=ACME, mandate_id=MandateId("m1"))
    revoked = MandateRevoked(mandate_id=MandateId("m1"), revoked_on=date(2026, 3, 10))
    block = NoteMandateBlocked(now=NOW, account=ACME, mandate_id=MandateId("m1"), reason_code="AC04")
    blocked = MandateFoundBlocked(mandate_id=MandateId("m1"), reason_code="AC04")
    spec(ACCOUNT).given(OPENED, MANDATE).when(revoke, revoke).then(revoked)
    spec(ACCOUNT).given(OPENED, MANDATE).when(block, block, revoke).then(blocked, revoked)
    spec(ACCOUNT).given(OPENED).when(revoke).then_refused(NotFound)
    spec(ACCOUNT).when(block).then_nothing()


@pytest.mark.rule("CON-8", "SEC-2")
@pytest.mark.parametrize(
    ("command", "field"),
    [
        (change(is_manager=False, partner=Party(name="Other B.V.")), "contract_partner"),
        (change(is_manager=False, is_test=True), "facts.is_test"),
        (change(is_manager=False, subscription_term_days=30), "facts.subscription_term_days"),
        (change(is_manager=False, customer_number="7"), "facts.customer_number"),
        (change(is_manager=False, cycle="year"), "facts.cycle"),
    ],
)
def test_some_of_an_account_is_the_managers(command: ChangeAccount, field: str) -> None:
    """Refused to the customer with the field named, allowed to the manager."""
    spec(ACCOUNT).given(OPENED).when(command).then_refused(ManagerOnly, field)
    told = () if field == "facts.is_test" else (DetailsChanged,)
    spec(ACCOUNT).given(OPENED).when(msgspec.structs.replace(command, is_manager=True)).then_types(AccountChanged, *told)


@pytest.mark.rule("CON-8")
def test_a_customer_changes_what_is_theirs() -> None:
    """Language, purchase order, cycle; and nothing is recorded where nothing changed."""
    spec(ACCOUNT).given(OPENED).when(change(is_manager=False, language="en", purchase_order="PO 7", cycle="quarter")).then_types(
        AccountChanged, DetailsChanged
    )
    spec(ACCOUNT).given(OPENED).when(change()).then_nothing()
    spec(ACCOUNT).when(change()).then_refused(NotFound)


@pytest.mark.rule("CON-8", "INV-6")
@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"subscription_term_days": 90}, "facts.term_over_60_agreed_on"),
        ({"other_term_days": 0}, "facts.other_term_days"),
        ({"vat_number": "NL000000000B00"}, "facts.vat_number"),
        ({"vat_number": "DE136695976", "vat_country": "NL"}, "facts.vat_number"),
    ],
)
def test_facts_that_contradict_themselves_are_refused(facts: dict[str, Any], field: str) -> None:
    """A term over 60 days needs a recorded agreement; a VAT number has the form of its country."""
    spec(ACCOUNT).when(open_account(facts=AccountFacts(**facts))).then_refused(InvalidInput, field)


@pytest.mark.rule("CAT-27")
def test_consumers_are_refused_where_the_provider_serves_companies_only() -> None:
    """By policy, on by default."""
    consumer = AccountFacts(debtor_kind="consumer")
    spec(ACCOUNT).when(open_account(facts=consumer)).then_refused(ConsumersNotServed, "facts.debtor_kind")
    spec(ACCOUNT).when(open_account(facts=consumer, serves_companies_only=False)).then_types(AccountOpened)
