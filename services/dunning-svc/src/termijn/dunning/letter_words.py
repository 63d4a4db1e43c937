"""What letters say, in Dutch and in English. Placeholders in braces are filled by ``letter``."""

import msgspec

from termijn.dunning.letters import Standing
from termijn.events.dunning import Letter
from termijn.kernel.words import Language


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language. Per step a title, what is said of it, and the line of an invoice."""

    to: str
    date: str
    customer_number: str
    subject: str
    greeting: str
    nameless: str
    titles: dict[Letter, str]
    bodies: dict[Letter, str]
    item: str
    due_now: str
    handover: str
    costs: str
    interest: str
    suspension: str
    while_suspended: str
    total: str
    pay: str
    pay_anywhere: str
    apart: str
    apart_item: str
    standings: dict[Standing, str]
    dated: dict[Standing, str]
    credits: str
    credit_note: str
    overpayment: str
    credits_ask: str
    crossed: str
    contact: str
    closing: str


DUTCH = Words(
    to="Aan: {name}",
    date="Datum: {date}",
    customer_number="Klantnummer: {number}",
    subject="Betreft: {title}",
    greeting="Geachte heer of mevrouw,",
    nameless="Aan: de administratie",
    titles={
        "reminder": "Betalingsherinnering",
        "second_reminder": "Herhaalde betalingsherinnering",
        "formal_notice": "Aanmaning",
        "final_demand": "Sommatie",
        "suspension_warning": "Waarschuwing voor opschorting van diensten",
        "reversal_notice": "Uw betaling is teruggeboekt",
    },
    bodies={
        "reminder": "Volgens onze administratie hebben wij het volgende nog niet van u ontvangen. Wellicht is het aan uw aandacht "
        "ontsnapt. Wij verzoeken u vriendelijk te betalen uiterlijk op de genoemde dag.",
        "second_reminder": "Ook na onze herinnering staat het volgende nog open. Wij verzoeken u te betalen uiterlijk op de genoemde dag. "
        "Kunt u niet in één keer betalen, of klopt er iets niet? Neem dan contact met ons op.",
        "formal_notice": "Ondanks onze herinneringen hebben wij het volgende niet van u ontvangen. Wij manen u aan te betalen uiterlijk "
        "op de genoemde dag.",
        "final_demand": "Wij hebben u meermaals gevraagd het volgende te betalen. Wij sommeren u dit alsnog te doen, uiterlijk op de "
        "genoemde dag. Daarmee voorkomt u verdere kosten.",
        "suspension_warning": "In de afgelopen twaalf maanden zijn facturen van u op meerdere vervaldagen niet op tijd betaald, en ook nu "
        "is een deel vervallen. Is niet alles wat vervallen is betaald uiterlijk op de genoemde dag, dan beperken wij daarna uw diensten. "
        "Noodoproepen en inkomende gesprekken blijven mogelijk; domeinen en opgeslagen gegevens blijven ongemoeid. Zodra alles wat "
        "vervallen is betaald is, herstellen wij uw diensten meteen.",
        "reversal_notice": "Uw betaling van het volgende is door de bank teruggeboekt, zodat het opnieuw openstaat. Wij verzoeken u te "
        "betalen uiterlijk op de genoemde dag.",
    },
    item="- Factuur {number} van {issued}, vervallen op {due}: {amount}",
    due_now="  Te betalen uiterlijk op {last}.",
    handover="  Is dit bedrag dan niet ontvangen, dan dragen wij de vordering op {handover} over aan de deurwaarder.",
    costs="  Daar komt dan bij: {costs} incassokosten en wettelijke handelsrente, tot die dag {interest}.",
    interest="  Daar komt dan bij: wettelijke rente, tot die dag {interest}.",
    suspension="  Betaalt u niet op tijd, dan beperken wij ook uw diensten, met ingang van {suspension}.",
    while_suspended="Zijn uw diensten beperkt, dan blijven noodoproepen en inkomende gesprekken mogelijk, en blijven domeinen en "
    "opgeslagen gegevens ongemoeid. Zodra alles wat vervallen is betaald is, herstellen wij uw diensten meteen.",
    total="Samen: {total}",
    pay="U kunt betalen op rekening {iban} ten name van {name}, onder vermelding van {numbers}.",
    pay_anywhere="Vermeld bij uw betaling {numbers}.",
    apart="Niet in dit bedrag begrepen:",
    apart_item="- Factuur {number}: {amount}, {standing}",
    standings={
        "running": "eveneens vervallen",
        "collecting": "wordt opnieuw van uw rekening afgeschreven",
        "held": "aangehouden",
        "waiting": "bij ons in behandeling",
        "bailiff": "overgedragen aan de deurwaarder",
        "not_due": "nog niet vervallen",
        "to_collect": "wordt automatisch van uw rekening afgeschreven",
    },
    dated={
        "running": "eveneens vervallen, te betalen uiterlijk op {day}",
        "not_due": "nog niet vervallen, te betalen uiterlijk op {day}",
        "to_collect": "wordt op {day} automatisch van uw rekening afgeschreven",
    },
    credits="U heeft van ons nog tegoed:",
    credit_note="- Creditnota {number} van {day}: {amount}",
    overpayment="- Te veel betaald, door ons geboekt op {day}: {amount}",
    credits_ask="Dit tegoed is nog niet van het bedrag hierboven afgetrokken. Wilt u het daarmee verrekenen of liever terugontvangen? "
    "Laat het ons weten.",
    crossed="Heeft u intussen betaald? Dan danken wij u, en kunt u dit bericht als niet verzonden beschouwen.",
    contact="Vragen? U bereikt ons via {ways}.",
    closing="Met vriendelijke groet,",
)

ENGLISH = Words(
    to="To: {name}",
    date="Date: {date}",
    customer_number="Customer number: {number}",
    subject="Subject: {title}",
    greeting="Dear Sir or Madam,",
    nameless="To: the accounts department",
    titles={
        "reminder": "Payment reminder",
        "second_reminder": "Repeated payment reminder",
        "formal_notice": "Formal notice",
        "final_demand": "Final demand",
        "suspension_warning": "Warning of suspension of services",
        "reversal_notice": "Your payment was returned",
    },
    bodies={
        "reminder": "According to our records we have not yet received the following. It may have escaped your attention. We kindly ask "
        "you to pay by the date named.",
        "second_reminder": "After our reminder the following is still open. We ask you to pay by the date named. If you cannot pay at "
        "once, or if something is not right, please contact us.",
        "formal_notice": "Despite our reminders we have not received the following. We give you formal notice to pay by the date named.",
        "final_demand": "We have asked you several times to pay the following. We demand that you do so by the date named. That "
        "prevents further costs.",
        "suspension_warning": "In the past twelve months invoices of yours were not paid in time on several due days, and again a part is "
        "overdue. Unless all that is overdue is paid by the date named, we shall restrict your services after it. Emergency and "
        "incoming calls remain possible; domains and stored data are not touched. As soon as all that is overdue is paid, we restore "
        "your services at once.",
        "reversal_notice": "Your payment of the following was returned by the bank, so that it is open again. We ask you to pay by the "
        "date named.",
    },
    item="- Invoice {number} of {issued}, due on {due}: {amount}",
    due_now="  To be paid by {last} at the latest.",
    handover="  If we have not received it by then, we shall hand the claim over to the bailiff on {handover}.",
    costs="  It will then be increased by {costs} collection costs and statutory commercial interest, up to that day {interest}.",
    interest="  It will then be increased by statutory interest, up to that day {interest}.",
    suspension="  If you do not pay in time, we shall also restrict your services, from {suspension} on.",
    while_suspended="While services are restricted, emergency and incoming calls remain possible, and domains and stored data are not "
    "touched. As soon as all that is overdue is paid, we restore your services at once.",
    total="Together: {total}",
    pay="You can pay to account {iban} in the name of {name}, quoting {numbers}.",
    pay_anywhere="Please quote {numbers} with your payment.",
    apart="Not included in this amount:",
    apart_item="- Invoice {number}: {amount}, {standing}",
    standings={
        "running": "overdue as well",
        "collecting": "will be collected from your account again",
        "held": "on hold",
        "waiting": "being looked into by us",
        "bailiff": "handed over to the bailiff",
        "not_due": "not due yet",
        "to_collect": "will be collected from your account automatically",
    },
    dated={
        "running": "overdue as well, to be paid by {day}",
        "not_due": "not due yet, to be paid by {day}",
        "to_collect": "will be collected from your account automatically on {day}",
    },
    credits="We still owe you:",
    credit_note="- Credit note {number} of {day}: {amount}",
    overpayment="- Paid too much, booked by us on {day}: {amount}",
    credits_ask="This credit has not been taken off the amount above yet. Would you like us to set it off, or rather to pay it back? "
    "Please let us know.",
    crossed="Have you paid in the meantime? Then we thank you, and you may regard this message as not sent.",
    contact="Questions? You can reach us by {ways}.",
    closing="Yours sincerely,",
)

LANGUAGES: dict[Language, Words] = {"nl": DUTCH, "en": ENGLISH}
