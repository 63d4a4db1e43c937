"""Which of this service's facts the others hear of: the only place that talks. Pure, so that publishing again gives the same."""

from collections.abc import Sequence

from termijn.events import invoice as public
from termijn.events.base import Event
from termijn.invoice.policy import ProfileSet
from termijn.invoice.receivable import PaymentBooked
from termijn.runtime.handling import Recorded


def publish(recorded: Recorded) -> Sequence[Event]:
    """The public events of one private event. Most are told as they are recorded.

    Only what an invoice took of a payment is told; a surplus is between this service and the account's credit.
    """
    event = recorded.event
    if isinstance(event, ProfileSet):
        return [_profile(event)]
    if isinstance(event, PaymentBooked):
        return [_received(event)] if event.applied else []
    if isinstance(event, public.PaymentReversed):
        return [event] if event.amount else []
    return [event] if isinstance(event, public.PUBLIC) else []


def _profile(event: ProfileSet) -> public.ProviderProfileChanged:
    profile = event.profile
    return public.ProviderProfileChanged(
        name=profile.name,
        street=profile.street,
        postcode=profile.postcode,
        city=profile.city,
        country=profile.country,
        iban=profile.iban,
        email=profile.email,
        phone=profile.phone,
    )


def _received(event: PaymentBooked) -> public.PaymentReceived:
    return public.PaymentReceived(
        payment_id=event.payment_id,
        invoice_id=event.invoice_id,
        amount=event.applied,
        method=event.method,
        value_on=event.value_on,
        booked_on=event.booked_on,
        open_after=event.open_after,
    )
