"""The mail that announces a second collection (PAY-4), in Dutch or English. The same facts give the same text, byte for byte."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from termijn.kernel.words import Language, euros, long_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """All that is said. ``amount`` is gross, what is open now."""

    debtor: str
    number: str
    issued_on: date
    amount: Decimal
    collect_on: date
    creditor_id: str
    mandate_reference: str
    sender: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    subject: str
    body: str


_DUTCH = _Words(
    subject="Aankondiging: incasso van factuur {number} op {day} - {sender}",
    body="""\
{debtor}

Geachte heer of mevrouw,

De automatische incasso van factuur {number} van {issued} is niet gelukt. Daarom
schrijven wij het bedrag op {day} opnieuw af van uw rekening.

Bedrag:                 {amount}
Dag van afschrijving:   {day}
Factuur:                {number}
Incassant-ID:           {creditor_id}
Machtigingskenmerk:     {mandate}

Wilt u ervoor zorgen dat er die dag voldoende op uw rekening staat?

U mag ook zelf betalen. Is alles bij ons binnen voordat wij de incasso aan de bank geven, een
bankdag voor de afschrijving, dan gaat zij niet door. Van een deelbetaling schrijven wij de rest af.

Vragen, of niet akkoord? {contact}.

Met vriendelijke groet,

{sender}
""",
)

_ENGLISH = _Words(
    subject="Announcement: direct debit of invoice {number} on {day} - {sender}",
    body="""\
{debtor}

Dear Sir or Madam,

The direct debit of invoice {number} of {issued} did not succeed. We will therefore
collect the amount from your account again on {day}.

Amount:                 {amount}
Day of collection:      {day}
Invoice:                {number}
Creditor id:            {creditor_id}
Mandate reference:      {mandate}

Would you please make sure that there is enough in your account on that day?

You may also pay it yourself. If we have received all of it before we hand the direct debit to the
bank, one bank day before collection, it is not made. After a part payment we collect the rest.

Questions, or do you disagree? {contact}.

Yours faithfully,

{sender}
""",
)


def announcement_mail(said: Announcement, language: Language) -> tuple[str, str]:
    """Subject and text of the mail (PAY-4): amount, day, invoice, creditor id and mandate reference."""
    words = _DUTCH if language == "nl" else _ENGLISH
    day = long_day(said.collect_on, language)
    text = words.body.format(
        debtor=said.debtor,
        number=said.number,
        issued=long_day(said.issued_on, language),
        day=day,
        amount=euros(said.amount, language),
        creditor_id=said.creditor_id,
        mandate=said.mandate_reference,
        contact=said.contact,
        sender=said.sender,
    )
    return words.subject.format(number=said.number, day=day, sender=said.sender), text
