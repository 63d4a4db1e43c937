"""Every field of an account: what it must look like, and who may change it (CON-8, SEC-2)."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_check import changeable_fields
from termijn.contracts.account_command import AdmitOrder, ChangeAccount, GiveLongTermConsent, NoteResumed, NoteSuspended, OpenNewAccount
from termijn.contracts.account_details import NOT_TOLD
from termijn.contracts.account_state import (
    AccountResumed,
    AccountSuspended,
    DetailsChanged,
    LongTermConsentGiven,
    OpenAccount,
    OrderAdmitted,
)
from termijn.contracts.confirmation import addresses_of
from termijn.contracts.errors import ManagerOnly, SuspendedForDefault, TerminatedForDefault
from termijn.contracts.legal_document import LEGAL_DOCUMENT, LegalDocumentPublished, PublishLegalDocument
from termijn.events.base import Blob
from termijn.events.contracts import (
    AccountChanged,
    AccountFacts,
    AccountOpened,
    DebitExemptionGranted,
    MandateGiven,
    Party,
    Recipient,
    TermsAcceptance,
)
from termijn.kernel.calendar import at
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.ids import AccountId, MandateId, ModuleId
from termijn.testing.spec import spec

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
CHANGED = (AccountChanged, DetailsChanged)
TODAY = date(2026, 3, 10)
ACME = AccountId("acme")
PARTNER = Party(name="Acme B.V.", email="office@acme.example")
TERMS = TermsAcceptance(version="2025-07", accepted_on=date(2025, 8, 1))
FACTS = AccountFacts(terms=TERMS)
OPENED = AccountOpened(contract_partner=PARTNER, facts=FACTS)
LEGAL = {"terms": ("2025-07", "2026-01"), "data-protection": ("3",)}


def change(*, is_manager: bool = True, recipients: Any = None, partner: Party = PARTNER, **facts: Any) -> ChangeAccount:
    return ChangeAccount(
        now=NOW,
        account=ACME,
        is_manager=is_manager,
        contract_partner=partner,
        invoice_address=None,
        facts=msgspec.structs.replace(FACTS, **facts),
        serves_companies_only=False,
        recipients=recipients,
        legal_versions=LEGAL,
    )


CUSTOMERS = {
    "language": "en",
    "purchase_order": "PO-17",
    "vat_number": "NL004495445B01",
    "chamber_of_commerce": "12345678",
    "cycle": "quarter",
    "splits_by_revenue_group": True,
    "terms": TermsAcceptance(version="2026-01", accepted_on=TODAY),
    "data_protection": TermsAcceptance(version="3", accepted_on=TODAY),
}
MANAGERS = {
    "debtor_kind": "consumer",
    "customer_number": "K-1",
    "account_manager": "Marieke",
    "subscription_term_days": 14,
    "support_term_days": 14,
    "project_term_days": 14,
    "hardware_term_days": 14,
    "other_term_days": 14,
    "term_over_60_agreed_on": TODAY,
    "vat_country": "BE",
    "is_taxable": False,
    "is_test": True,
}


@pytest.mark.rule("CON-8", "SEC-2")
@pytest.mark.parametrize("field", [*CUSTOMERS, *MANAGERS])
def test_each_fact_is_the_customers_or_the_managers_to_change(field: str) -> None:
    """What is refused names its field; a manager changes everything."""
    told = () if f"facts.{field}" in NOT_TOLD else (DetailsChanged,)
    value = {**CUSTOMERS, **MANAGERS}[field]
    spec(ACCOUNT).given(OPENED).when(change(**{field: value})).then_types(AccountChanged, *told)
    by_customer = spec(ACCOUNT).given(OPENED).when(change(is_manager=False, **{field: value}))
    if field in CUSTOMERS:
        by_customer.then_types(AccountChanged, *told)
    else:
        by_customer.then_refused(ManagerOnly, f"facts.{field}")


@pytest.mark.rule("CON-8", "SEC-2")
def test_every_fact_is_one_or_the_other() -> None:
    """A new one cannot be forgotten here. A reseller needs a number beside it, so it has a test of its own."""
    assert {*CUSTOMERS, *MANAGERS, "is_telecom_reseller"} == set(AccountFacts.__struct_fields__)
    shown = {field.removeprefix("facts.") for field in changeable_fields(is_manager=False)}
    assert shown == {*CUSTOMERS, "invoice_address", "recipients"}
    assert set(changeable_fields(is_manager=True)) - set(changeable_fields(is_manager=False)) >= {"contract_partner", "facts.is_test"}
    spec(ACCOUNT).given(OPENED).when(change(is_manager=False, is_telecom_reseller=True)).then_refused(
        ManagerOnly, "facts.is_telecom_reseller"
    )
    spec(ACCOUNT).given(OPENED).when(change(is_manager=False, cycle="year")).then_refused(ManagerOnly, "facts.cycle")
    spec(ACCOUNT).given(OPENED).when(change(is_manager=False, partner=Party(name="Other"))).then_refused(ManagerOnly, "contract_partner")


@pytest.mark.rule("CON-8")
@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"is_telecom_reseller": True}, "facts.vat_number"),
        ({"is_telecom_reseller": True, "vat_number": "NL004495445B01", "debtor_kind": "consumer"}, "facts.is_telecom_reseller"),
        ({"chamber_of_commerce": "1234567"}, "facts.chamber_of_commerce"),
        ({"vat_number": "NL004495446B01"}, "facts.vat_number"),
        ({"hardware_term_days": 90}, "facts.term_over_60_agreed_on"),
        ({"project_term_days": 0}, "facts.project_term_days"),
    ],
)
def test_facts_that_contradict_themselves_are_refused(facts: dict[str, Any], field: str) -> None:
    """With the field named; a foreign chamber of commerce has numbers of its own form."""
    spec(ACCOUNT).given(OPENED).when(change(**facts)).then_refused(InvalidInput, field)
    spec(ACCOUNT).given(OPENED).when(change(vat_country="BE", chamber_of_commerce="0403170701")).then_types(*CHANGED)
    spec(ACCOUNT).given(OPENED).when(change(is_telecom_reseller=True, vat_number="NL004495445B01")).then_types(
        AccountChanged, DetailsChanged
    )


@pytest.mark.rule("CON-8", "SEC-2")
def test_terms_are_accepted_as_published_by_now() -> None:
    """A customer today, and for good; a manager records what was signed before."""
    old = TermsAcceptance(version="2026-01", accepted_on=date(2026, 2, 1))
    spec(ACCOUNT).given(OPENED).when(change(terms=old)).then_types(*CHANGED)
    spec(ACCOUNT).given(OPENED).when(change(is_manager=False, terms=old)).then_refused(ManagerOnly, "facts.terms.accepted_on")
    spec(ACCOUNT).given(OPENED).when(change(is_manager=False, terms=None)).then_refused(ManagerOnly, "facts.terms")
    unknown = TermsAcceptance(version="2027-01", accepted_on=TODAY)
    spec(ACCOUNT).given(OPENED).when(change(terms=unknown)).then_refused(InvalidInput, "facts.terms.version")
    later = TermsAcceptance(version="3", accepted_on=date(2026, 3, 11))
    spec(ACCOUNT).given(OPENED).when(change(data_protection=later)).then_refused(InvalidInput, "facts.data_protection.accepted_on")
    spec(ACCOUNT).given(OPENED).when(msgspec.structs.replace(change(terms=unknown), legal_versions={})).then_types(
        AccountChanged, DetailsChanged
    )


@pytest.mark.rule("CON-8")
def test_several_recipients_get_their_documents_each_in_its_way() -> None:
    """Confirmations go to those who get them, else to the contract partner; a customer chooses."""
    both = (
        Recipient(email="books@acme.example", delivery="attachment", documents=("invoices", "letters")),
        Recipient(email="it@acme.example", delivery="link", documents=("specifications", "confirmations")),
    )
    done = spec(ACCOUNT).given(OPENED).when(change(is_manager=False, recipients=both)).then_types(*CHANGED)
    assert isinstance(done.state, OpenAccount) and done.state.recipients == both
    assert addresses_of(done.state) == ["it@acme.example"]
    assert addresses_of(spec(ACCOUNT).given(OPENED).state) == ["office@acme.example"]
    twice = (both[0], msgspec.structs.replace(both[0], email="Books@acme.example"))
    spec(ACCOUNT).given(OPENED).when(change(recipients=twice)).then_refused(InvalidInput, "recipients.1.email")
    nothing = (msgspec.structs.replace(both[0], documents=()),)
    spec(ACCOUNT).given(OPENED).when(change(recipients=nothing)).then_refused(InvalidInput, "recipients.0.documents")
    many = tuple(Recipient(email=f"r{n}@acme.example") for n in range(21))
    spec(ACCOUNT).given(OPENED).when(change(recipients=many)).then_refused(InvalidInput, "recipients")


@pytest.mark.rule("CON-8", "PAY-1")
def test_a_company_with_a_b2b_mandate_does_not_become_a_consumer() -> None:
    """It is for companies only."""
    b2b = MandateGiven(mandate_id=MandateId("m1"), reference="A-1", scheme="B2B", signed_on=TODAY, iban=None, holder=None)
    spec(ACCOUNT).given(OPENED, b2b).when(change(debtor_kind="consumer")).then_refused(InvalidInput, "facts.debtor_kind")
    core = msgspec.structs.replace(b2b, scheme="CORE")
    spec(ACCOUNT).given(OPENED, core).when(change(debtor_kind="consumer")).then_types(*CHANGED)


@pytest.mark.rule("CON-8")
def test_a_legal_document_never_changes() -> None:
    """The same again is nothing new; another content under the same version is refused."""
    first, other = Blob(sha256="a" * 64, size_bytes=3, address="p/a"), Blob(sha256="b" * 64, size_bytes=3, address="p/b")
    command = PublishLegalDocument(now=NOW, kind="terms", version="2026-01", valid_from=TODAY, media_type="application/pdf", content=first)
    published = LegalDocumentPublished(kind="terms", version="2026-01", valid_from=TODAY, media_type="application/pdf", content=first)
    spec(LEGAL_DOCUMENT).when(command, command).then(published)
    spec(LEGAL_DOCUMENT).given(published).when(msgspec.structs.replace(command, content=other)).then_refused(Conflict, "version")


def consent(**changes: Any) -> GiveLongTermConsent:
    command = GiveLongTermConsent(
        now=NOW,
        account=ACME,
        is_manager=False,
        months_max=36,
        given_on=TODAY,
        document="long-term",
        version="2",
        channel="portal",
    )
    return msgspec.structs.replace(command, **changes)


@pytest.mark.rule("CAT-26")
def test_consent_to_long_terms_is_on_file_with_its_day_and_document() -> None:
    """The longest one counts; a consumer gives none, a customer none of another day."""
    given = LongTermConsentGiven(months_max=36, given_on=TODAY, document="long-term", version="2", channel="portal")
    done = spec(ACCOUNT).given(OPENED).when(consent(), consent(months_max=30)).then_types(LongTermConsentGiven, LongTermConsentGiven)
    assert done.events[0] == given
    assert isinstance(done.state, OpenAccount) and done.state.long_term_months == 36
    earlier = date(2026, 3, 1)
    spec(ACCOUNT).given(OPENED).when(consent(given_on=earlier)).then_refused(ManagerOnly, "given_on")
    spec(ACCOUNT).given(OPENED).when(consent(given_on=earlier, is_manager=True)).then_types(LongTermConsentGiven)
    spec(ACCOUNT).given(OPENED).when(consent(given_on=date(2026, 3, 11), is_manager=True)).then_refused(InvalidInput, "given_on")
    spec(ACCOUNT).given(OPENED).when(consent(months_max=24)).then_refused(InvalidInput, "months_max")
    consumer = AccountOpened(contract_partner=PARTNER, facts=AccountFacts(debtor_kind="consumer"))
    spec(ACCOUNT).given(consumer).when(consent()).then_refused(InvalidInput, "months_max")
    spec(ACCOUNT).when(consent()).then_refused(NotFound)


@pytest.mark.rule("CON-10", "SEC-2")
def test_while_late_payment_suspends_an_account_only_a_manager_orders_for_it() -> None:
    """Once it is paid, the customer orders again."""
    since = at(TODAY, "10:00")
    exempt = DebitExemptionGranted(reason="pays by transfer")
    suspend, resume = NoteSuspended(now=NOW, account=ACME, reason="late", since=since), NoteResumed(now=NOW, account=ACME, since=since)
    admit = AdmitOrder(now=NOW, account=ACME, module_id=ModuleId("t1"), ordered_on=TODAY, is_manager=False)
    suspended = spec(ACCOUNT).given(OPENED, exempt).when(suspend, suspend).then(AccountSuspended(reason="late", since=since)).events
    spec(ACCOUNT).given(OPENED, exempt, *suspended).when(admit).then_refused(SuspendedForDefault)
    spec(ACCOUNT).given(OPENED, exempt, *suspended).when(msgspec.structs.replace(admit, is_manager=True)).then_types(OrderAdmitted)
    resumed = spec(ACCOUNT).given(OPENED, exempt, *suspended).when(resume, resume).then(AccountResumed(since=since)).events
    spec(ACCOUNT).given(OPENED, exempt, *suspended, *resumed).when(admit).then_types(OrderAdmitted)
    spec(ACCOUNT).when(suspend).then_nothing()


@pytest.mark.rule("CON-10", "SEC-2")
def test_after_a_termination_a_managers_order_lets_the_customer_order_again() -> None:
    """Nobody orders anew what was just taken from him; paying all that is overdue would do as well."""
    since = at(TODAY, "10:00")
    before = (OPENED, DebitExemptionGranted(reason="pays by transfer"), AccountSuspended(reason="late", since=since))
    over = NoteResumed(now=NOW, account=ACME, since=since, by_termination=True)
    admit = AdmitOrder(now=NOW, account=ACME, module_id=ModuleId("t1"), ordered_on=TODAY, is_manager=False)
    by_manager = msgspec.structs.replace(admit, is_manager=True)
    ended = spec(ACCOUNT).given(*before).when(over, over).then(AccountResumed(since=since, by_termination=True)).events
    spec(ACCOUNT).given(*before, *ended).when(admit).then_refused(TerminatedForDefault)
    spec(ACCOUNT).given(*before, *ended).when(by_manager, admit).then_types(OrderAdmitted, OrderAdmitted)
    paid = NoteResumed(now=NOW, account=ACME, since=since)
    spec(ACCOUNT).given(*before, *ended).when(paid, admit).then_types(AccountResumed, OrderAdmitted)


@pytest.mark.rule("CON-8")
def test_an_account_opens_with_all_that_it_says_of_itself() -> None:
    """Nothing is lost on the way."""
    recipients = (Recipient(email="books@acme.example"),)
    command = OpenNewAccount(
        now=NOW,
        account=ACME,
        contract_partner=PARTNER,
        invoice_address=None,
        facts=FACTS,
        serves_companies_only=True,
        recipients=recipients,
        legal_versions=LEGAL,
    )
    spec(ACCOUNT).when(command).then(msgspec.structs.replace(OPENED, recipients=recipients))
