"""The words of confirmations about modules, and of who recorded what through which channel (CON-6)."""

from collections.abc import Mapping

from termijn.contracts.letter_frame import Both

SUBJECTS: Mapping[str, Both] = {
    "ModuleOrdered": Both("Bevestiging van uw bestelling", "Confirmation of your order"),
    "ModuleActivated": Both("Uw dienst is opgeleverd", "Your service was delivered"),
    "ModuleScaled": Both("Bevestiging van uw wijziging", "Confirmation of your change"),
    "TariffChanged": Both("Bevestiging van uw tariefwijziging", "Confirmation of your change of tariff"),
    "OptionAdded": Both("Bevestiging van uw optie", "Confirmation of your option"),
    "OptionRemoved": Both("Bevestiging van de opzegging van uw optie", "Confirmation that your option ends"),
    "ModuleCancelled": Both("Bevestiging van uw opzegging", "Confirmation of your cancellation"),
    "CancellationWithdrawn": Both("Uw opzegging is ingetrokken", "Your cancellation was withdrawn"),
    "PricesChanged": Both("Uw nieuwe prijzen", "Your new prices"),
    "SubjectAssigned": Both("Nummer toegevoegd", "Number added"),
    "NumbersAdded": Both("Nummers toegevoegd", "Numbers added"),
    "NumberPortedOut": Both("Bevestiging van uw nummeroverdracht", "Confirmation that your number was ported"),
}
OPENINGS: Mapping[str, Both] = {
    "ModuleOrdered": Both(
        "Hartelijk dank voor uw bestelling. Hieronder leest u wat u heeft besteld, wat het kost en hoe lang u eraan vastzit. Bewaar dit"
        " bericht bij uw administratie.",
        "Thank you for your order. Below you read what you ordered, what it costs and how long it binds you. Please keep this message.",
    ),
    "ModuleActivated": Both(
        "Uw dienst is opgeleverd en werkt vanaf {day}. Vanaf die dag lopen de looptijd en de facturering.",
        "Your service was delivered and works from {day}. Term and invoicing run from that day.",
    ),
    "ModuleScaled": Both(
        "Wij bevestigen dat het aantal {quantity} wordt, met ingang van {day}.",
        "We confirm that the quantity becomes {quantity}, as of {day}.",
    ),
    "TariffChanged": Both(
        "Wij bevestigen dat u overgaat naar het tarief {title}, met ingang van {day}.",
        "We confirm that you change to the tariff {title}, as of {day}.",
    ),
    "PricesChanged": Both(
        "Zoals wij u hebben aangekondigd, gelden vanaf {day} de nieuwe prijzen voor {title}.",
        "As we announced to you, the new prices of {title} are in force from {day}.",
    ),
    "NumbersAdded": Both("Wij bevestigen dat deze nummers bij deze dienst horen:", "We confirm that these numbers belong to this service:"),
    "OptionAdded": Both(
        "Wij bevestigen uw bestelling van de optie {article} (aantal: {quantity}), met ingang van {day}.",
        "We confirm your order of the option {article} (quantity: {quantity}), as of {day}.",
    ),
    "OptionRemoved": Both(
        "Wij bevestigen dat de optie {article} eindigt. De laatste dag is {day}. De dienst zelf loopt door.",
        "We confirm that the option {article} ends. Its last day is {day}. The service itself goes on.",
    ),
    "ModuleCancelled": Both(
        "Wij hebben uw opzegging van {notice} verwerkt. De laatste dag van uw overeenkomst is {day}.",
        "We have dealt with your notice of {notice}. The last day of your contract is {day}.",
    ),
    "CancellationWithdrawn": Both(
        "Wij bevestigen dat uw opzegging is ingetrokken. Uw overeenkomst loopt door, onder dezelfde voorwaarden en tegen dezelfde prijzen.",
        "We confirm that your notice was withdrawn. Your contract goes on, under the same terms and at the same prices.",
    ),
    "SubjectAssigned": Both(
        "Wij bevestigen dat {number} vanaf {day} bij deze dienst hoort.", "We confirm that {number} belongs to this service from {day}."
    ),
    "NumberPortedOut": Both(
        "Wij bevestigen dat {number} op {day} is overgedragen aan een andere aanbieder.",
        "We confirm that {number} was ported to another provider on {day}.",
    ),
}
SENTENCES: Mapping[str, Both] = {
    "fee": Both(
        "De afsluitkosten van {fee} (exclusief btw) staan op uw laatste factuur.",
        "The disconnect fee of {fee} (excluding VAT) is on your last invoice.",
    ),
    "no_fee": Both("De afsluitkosten van {fee} hoeft u niet te betalen.", "You need not pay the disconnect fee of {fee}."),
    "returns": Both(
        "Wat u vooruit heeft betaald voor de dagen daarna, krijgt u terug.", "What you paid ahead for later days comes back to you."
    ),
    "numbers": Both(
        "Wilt u uw nummer meenemen naar een andere aanbieder? Regel dat dan voor de laatste dag.",
        "Do you want to take your number to another provider? Then arrange it before the last day.",
    ),
    "withdraw": Both("Tot en met {day} kunt u uw opzegging nog intrekken.", "Until {day} you can withdraw your notice."),
}
"""What comes of an end."""
STARTS: Mapping[str, Both] = {
    "order": Both(
        "De looptijd en de facturering beginnen op de dag van uw bestelling.", "Term and invoicing begin on the day of your order."
    ),
    "start": Both("De ingangsdatum is de dag van uw bestelling.", "It starts on the day of your order."),
    "chosen": Both("De ingangsdatum is bij de bestelling gekozen.", "The day on which it starts was chosen with the order."),
    "delivery": Both(
        "De looptijd en de facturering beginnen op de dag van oplevering; die dag bevestigen wij u apart.",
        "Term and invoicing begin on the day of delivery; that day we confirm by itself.",
    ),
}
"""Why a module starts on its day, by the rule of its tariff (CAT-25, CON-13)."""
LABELS: Mapping[str, Both] = {
    "service": Both("Dienst", "Service"),
    "numbers": Both("Nummers", "Numbers"),
    "quantity": Both("Aantal", "Quantity"),
    "start": Both("Ingangsdatum", "Starts on"),
    "reference": Both("Kenmerk", "Reference"),
}
ROLES: Mapping[str, Both] = {
    "customer": Both("uzelf", "yourself"),
    "manager": Both("een medewerker van ons", "a member of our staff"),
    "ops": Both("een medewerker van ons", "a member of our staff"),
}
OURS = Both("ons systeem", "our system")
CHANNELS: Mapping[str, Both] = {
    "api": Both("langs elektronische weg", "electronically"),
    "email": Both("per e-mail", "by e-mail"),
    "indexation": Both("bij de indexatie van onze prijzen", "at the indexation of our prices"),
    "migration": Both("bij een nieuwe versie van uw tarief", "with a new version of your tariff"),
    "e-mail": Both("per e-mail", "by e-mail"),
    "letter": Both("per brief", "by letter"),
    "phone": Both("telefonisch", "by telephone"),
    "portal": Both("via uw klantomgeving", "through your customer pages"),
    "porting": Both("bij de nummeroverdracht", "with the porting of the number"),
    "telefoon": Both("telefonisch", "by telephone"),
    "web": Both("via onze website", "through our website"),
}
CHANNEL = Both('via het kanaal "{channel}"', 'through the channel "{channel}"')
RECORDED = Both("Dit is op {when} {channel} vastgelegd door {who}.", "This was recorded on {when} {channel} by {who}.")
KNOWN_AS: Mapping[str, Both] = {
    "account": Both("Ons kenmerk: account {reference}.", "Our reference: account {reference}."),
    "project": Both("Ons kenmerk: project {reference}.", "Our reference: project {reference}."),
    "order": Both("Ons kenmerk: bestelling {reference}.", "Our reference: order {reference}."),
    "lease": Both("Ons kenmerk: lease {reference}.", "Our reference: lease {reference}."),
}
DELIVERY = Both("de dag van oplevering", "the day of delivery")
EXPLAINED = Both("Zo komen wij aan die datum: {why}.", "This is how we arrive at that date: {why}.")
ANNOUNCED = frozenset({"indexation", "migration"})
"""Channels of changes that were announced before."""
NUMBER_FROM = Both("- {number}, vanaf {day}", "- {number}, from {day}")
NUMBERS_MORE = Both("een nummer", "a number")
NEW_TERM = Both("Met dit tarief begint een nieuwe minimale looptijd.", "A new minimum term begins with this tariff.")
KEEPS_TERM = Both("Uw looptijd blijft tellen vanaf de eerste start.", "Your term goes on counting from its first start.")
LEASED = Both(
    "Dit is een lease met een vaste looptijd van {months}: van {first} tot en met {last}. U hoeft niet op te zeggen.",
    "This is a lease with a fixed term of {months}: from {first} to {last}. No notice is needed.",
)
SUSPENDED = Both(
    "Let op: vanwege een betalingsachterstand begint deze dienst met beperkte functies. Wel werken: {works}. Zodra alles is betaald wat"
    " over de vervaldatum is, werkt de dienst vanzelf volledig.",
    "Please note: because of late payment this service starts with reduced functionality. What works: {works}. As soon as all that is"
    " overdue is paid, the service works in full by itself.",
)
WORKS: Mapping[str, Both] = {
    "emergency calls": Both("bellen naar 112", "emergency calls"),
    "incoming calls": Both("gebeld worden", "incoming calls"),
    "stored data": Both("uw opgeslagen gegevens", "your stored data"),
}
