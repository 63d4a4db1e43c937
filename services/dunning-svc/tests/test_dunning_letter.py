"""The text of letters."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning.handover import Statement
from termijn.dunning.letter import WIDTH, LetterFacts, render, subject
from termijn.dunning.letter_words import LANGUAGES
from termijn.dunning.letters import Apart
from termijn.dunning.policy import Letterhead
from termijn.events.dunning import LetterItem
from termijn.events.invoice import OpenCredit
from termijn.kernel.ids import CaseId, InvoiceId
from termijn.kernel.words import Language

HEAD = Letterhead(name="Belco B.V.", iban="NL91ABNA0417164300", email="debiteuren@belco.example", phone="020 123 45 67")


def item(number: str, step: Any, amount: str = "1234.50", **changes: Any) -> LetterItem:
    """An invoice of 1 January under this step."""
    fields: dict[str, Any] = {
        "case_id": CaseId(f"case-{number}"),
        "invoice_id": InvoiceId(number),
        "number": number,
        "step": step,
        "open_amount": Decimal(amount),
        "issued_on": date(2026, 1, 1),
        "due_on": date(2026, 1, 31),
        "last_payment_on": date(2026, 3, 1),
    }
    return LetterItem(**fields | changes)


def letter(*items: LetterItem, language: Language = "nl", **changes: Any) -> str:
    """The text of a letter with these items."""
    fields: dict[str, Any] = {
        "language": language,
        "name": "Jansen Techniek B.V.",
        "customer_number": "1001",
        "on": date(2026, 2, 22),
        "items": items,
        "apart": (),
        "letterhead": HEAD,
        "statements": {},
    }
    return render(LetterFacts(**fields | changes))


@pytest.mark.rule("DUN-3")
@pytest.mark.parametrize(("language", "never"), [("nl", "eerste"), ("en", "first")])
def test_a_reminder_is_never_called_the_first(language: Language, never: str) -> None:
    """In no title and in no sentence of any letter."""
    words = LANGUAGES[language]
    every = [*words.titles.values(), *words.bodies.values(), letter(item("A", "reminder"), language=language)]
    assert not [text for text in every if never in text.lower()]


@pytest.mark.rule("DUN-1")
def test_each_invoice_under_its_own_step_with_its_own_date() -> None:
    """The gravest first; one sum; what has no step today apart and outside it."""
    apart = (
        Apart(number="C", open_amount="50.00", standing="held"),
        Apart(number="D", open_amount="60.00", standing="running", day=date(2026, 3, 4)),
    )
    text = letter(item("A", "reminder"), item("B", "formal_notice", "100.00", last_payment_on=date(2026, 2, 28)), apart=apart)
    assert text.index("AANMANING") < text.index("Factuur B") < text.index("BETALINGSHERINNERING") < text.index("Factuur A")
    assert "Factuur A van 1 januari 2026, vervallen op 31 januari 2026: € 1.234,50" in text
    assert "uiterlijk op 28 februari 2026" in text
    assert "Samen: € 1.334,50" in text
    assert "Factuur C: € 50,00, aangehouden" in text
    assert "Factuur D: € 60,00, eveneens vervallen, te betalen uiterlijk op 4 maart 2026" in text
    assert text.index("Samen:") < text.index("Factuur C")


@pytest.mark.rule("DUN-1")
def test_an_invoice_that_is_warned_over_too_is_owed_once() -> None:
    """Under its step and under the warning; in the sum once."""
    text = letter(item("A", "reminder", "30.00"), item("A", "suspension_warning", "30.00"), language="en")
    assert "Together: EUR 30.00" in text
    assert "Emergency and" in text


@pytest.mark.rule("DUN-3")
@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("nl", ["op 2 maart 2026 over aan de deurwaarder", "€ 185,18 incassokosten en wettelijke handelsrente", "€ 10,30"]),
        ("en", ["to the bailiff on 2 March 2026", "EUR 185.18 collection costs and statutory commercial interest", "EUR 10.30"]),
    ],
)
def test_the_final_demand_names_the_handover_day_and_what_it_will_add(language: Language, sentences: list[str]) -> None:
    """Costs and interest up to that day; a consumer is told of interest alone."""
    demand = item("A", "final_demand", handover_on=date(2026, 3, 2))
    added = Statement(principal=Decimal("1234.50"), collection_costs=Decimal("185.18"), interest=Decimal("10.30"))
    text = " ".join(letter(demand, language=language, statements={demand.case_id: added}).split())
    assert all(sentence in text for sentence in sentences)
    consumer = Statement(principal=Decimal("1234.50"), collection_costs=Decimal("0.00"), interest=Decimal("10.30"))
    assert "185" not in letter(demand, language=language, statements={demand.case_id: consumer})


@pytest.mark.rule("DUN-1")
def test_the_same_facts_give_the_same_letter() -> None:
    """Plain lines that fit, the account to pay to, and whom to ask."""
    items = [item(number, "reminder") for number in "ABCD"]
    text = letter(*items)
    assert text == letter(*items)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert "NL91ABNA0417164300" in text
    assert "020 123 45 67 / debiteuren@belco.example" in text
    assert (subject(items, "nl"), subject(items[:1], "en")) == ("Betalingsherinnering", "Payment reminder A")


@pytest.mark.rule("DUN-1")
def test_a_letter_without_a_name_or_letterhead_is_still_a_letter() -> None:
    """Personal data that is gone leaves no hole in the text."""
    text = letter(item("A", "second_reminder"), name="", customer_number=None, letterhead=Letterhead())
    assert text.startswith("Aan: de administratie\n")
    assert "None" not in text
    assert "{" not in text


@pytest.mark.rule("DUN-1")
def test_invoices_that_are_not_due_and_credits_stand_apart_and_outside_the_sum() -> None:
    """Until when they are to be paid, or when they are collected; what we owe is said, and not silently taken off."""
    apart = (
        Apart(number="D", open_amount="60.00", standing="not_due", day=date(2026, 3, 9)),
        Apart(number="E", open_amount="70.00", standing="to_collect", day=date(2026, 3, 4)),
    )
    credits = (
        OpenCredit(source="credit_note", amount=Decimal("24.93"), arisen_on=date(2026, 2, 4), number="C2026000003"),
        OpenCredit(source="overpayment", amount=Decimal("9.00"), arisen_on=date(2026, 2, 3)),
    )
    text = letter(item("A", "reminder", "100.00"), apart=apart, credits=credits)
    assert "Samen: € 100,00" in text
    assert "- Factuur D: € 60,00, nog niet vervallen, te betalen uiterlijk op 9 maart 2026" in text
    said = " ".join(text.split())
    assert "- Factuur E: € 70,00, wordt op 4 maart 2026 automatisch van uw rekening afgeschreven" in said
    assert "- Creditnota C2026000003 van 4 februari 2026: € 24,93" in text
    assert "- Te veel betaald, door ons geboekt op 3 februari 2026: € 9,00" in text
    assert "nog niet van het bedrag hierboven afgetrokken" in said
    assert text.index("Samen:") < text.index("Factuur D") < text.index("Creditnota") < text.index("Heeft u intussen betaald?")
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    english = letter(item("A", "reminder", "100.00"), apart=apart, credits=credits, language="en")
    assert "- Credit note C2026000003 of 4 February 2026: EUR 24.93" in english


@pytest.mark.rule("DUN-9")
@pytest.mark.parametrize(
    ("language", "sentence", "while_suspended"),
    [
        ("nl", "dan beperken wij ook uw diensten, met ingang van 2 maart 2026", "blijven noodoproepen en inkomende gesprekken mogelijk"),
        ("en", "we shall also restrict your services, from 2 March 2026 on", "emergency and incoming calls remain possible"),
    ],
)
def test_a_final_demand_that_warns_of_a_suspension_says_when_and_of_what(language: Language, sentence: str, while_suspended: str) -> None:
    """The day, what stays possible, and how to end it; a demand that announces none says nothing of it."""
    day = date(2026, 3, 2)
    text = " ".join(letter(item("A", "final_demand", handover_on=day, suspension_on=day), language=language).split())
    assert sentence in text
    assert while_suspended in text
    without = " ".join(letter(item("A", "final_demand", handover_on=day), language=language).split())
    assert while_suspended not in without
