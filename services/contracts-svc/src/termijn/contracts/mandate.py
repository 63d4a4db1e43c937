"""Mandates of an account: given, amended, filed, revoked, blocked, dead after 36 months without use (PAY-1)."""

from collections.abc import Sequence

from termijn.contracts.account_check import check_iban
from termijn.contracts.account_command import (
    AmendMandate,
    ExpireMandate,
    FileMandateForm,
    GiveMandate,
    MandateCommand,
    NoteMandateBlocked,
    RevokeMandate,
)
from termijn.contracts.account_state import (
    UNUSED_MONTHS_MAX,
    Mandate,
    MandateEvent,
    MandateFormFiled,
    MandateFoundBlocked,
    MandateKept,
    OpenAccount,
)
from termijn.contracts.errors import AlreadyThere, ManagerOnly, MandateNotUsable
from termijn.events.contracts import MandateAmended, MandateGiven, MandateRevoked
from termijn.kernel.calendar import add_months, day_of
from termijn.kernel.errors import InvalidInput, NotFound

MANDATES_MAX = 50
"""Mandates that an account can collect over its life, revoked ones included."""


def decide_mandate(command: MandateCommand, state: OpenAccount) -> Sequence[MandateEvent]:
    """What becomes of a mandate (PAY-1); what timers and the owner of the money ask of one that is unknown changes nothing."""
    if isinstance(command, GiveMandate):
        return _give(command, state)
    mandate = state.mandate(command.mandate_id)
    if isinstance(command, NoteMandateBlocked):
        is_usable = mandate is not None and mandate.state == "usable"
        return [MandateFoundBlocked(mandate_id=command.mandate_id, reason_code=command.reason_code)] if is_usable else []
    if isinstance(command, ExpireMandate):
        return _expire(command, mandate)
    if mandate is None:
        raise NotFound(what="mandate", id=command.mandate_id)
    match command:
        case AmendMandate():
            return _amend(command, mandate)
        case FileMandateForm():
            filed = MandateFormFiled(mandate_id=command.mandate_id, form=command.form, media_type=command.media_type)
            return [filed] if mandate.form != command.form else []
        case RevokeMandate():
            return _revoke(command, mandate)


def _give(command: GiveMandate, state: OpenAccount) -> Sequence[MandateEvent]:
    """B2B is for companies only; the IBAN is one of a SEPA country; it was signed by now, and not so long ago that it is dead (PAY-1)."""
    if state.mandate(command.mandate_id) is not None:
        raise AlreadyThere(field="mandate_id", what="mandate", id=command.mandate_id)
    if len(state.mandates) >= MANDATES_MAX:
        raise InvalidInput(field="mandate_id", reason=f"an account has at most {MANDATES_MAX} mandates")
    if command.scheme == "B2B" and state.is_consumer:
        raise InvalidInput(field="scheme", reason="B2B is for companies only")
    if command.signed_on > day_of(command.now):
        raise InvalidInput(field="signed_on", reason="lies in the future")
    _check_alive(command)
    return [
        MandateGiven(
            mandate_id=command.mandate_id,
            reference=command.reference,
            scheme=command.scheme,
            signed_on=command.signed_on,
            iban=check_iban(command.iban),
            holder=command.holder,
            last_used_on=command.last_used_on,
        )
    ]


def _check_alive(command: GiveMandate) -> None:
    """One that was signed long ago, and used elsewhere, says when; else it would be dead on arrival (PAY-1)."""
    used_on, today = command.last_used_on, day_of(command.now)
    if used_on is not None and not command.is_manager:
        raise ManagerOnly(field="last_used_on", reason="say when a mandate was used elsewhere")
    if used_on is not None and not command.signed_on <= used_on <= today:
        raise InvalidInput(field="last_used_on", reason="is between the signature and today")
    if add_months(used_on or command.signed_on, UNUSED_MONTHS_MAX) <= today:
        field = "signed_on" if used_on is None else "last_used_on"
        raise InvalidInput(field=field, reason=f"is {UNUSED_MONTHS_MAX} months ago: unused since, it is dead")


def _amend(command: AmendMandate, mandate: Mandate) -> Sequence[MandateEvent]:
    """Another IBAN, holder or reference without a new signature; the bank hears of it with the next debit (PAY-1)."""
    if mandate.state != "usable":
        raise MandateNotUsable(field="mandate_id", state=mandate.state)
    reference = command.reference or mandate.reference
    iban = check_iban(command.iban) if command.iban is not None else mandate.iban
    holder = command.holder or mandate.holder
    if (reference, iban, holder) == (mandate.reference, mandate.iban, mandate.holder):
        return []
    return [
        MandateAmended(
            mandate_id=command.mandate_id,
            reference=reference,
            old_reference=mandate.reference if reference != mandate.reference else None,
            iban=iban,
            holder=holder,
            amended_on=day_of(command.now),
        )
    ]


def _revoke(command: RevokeMandate, mandate: Mandate) -> Sequence[MandateEvent]:
    """Revoking twice changes nothing; revoking a blocked one is still told, for it will never be unblocked then."""
    if mandate.state in ("revoked", "expired"):
        return []
    return [MandateRevoked(mandate_id=command.mandate_id, revoked_on=day_of(command.now))]


def _expire(command: ExpireMandate, mandate: Mandate | None) -> Sequence[MandateEvent]:
    """Dead after 36 months without use, counted from the last one, or from the signature (PAY-1); else it is asked again later."""
    if mandate is None or mandate.state in ("revoked", "expired"):
        return []
    last_used_on = command.last_used_on or mandate.last_used_on or mandate.signed_on
    assert last_used_on is not None, "a mandate has a day of signature"
    today = day_of(command.now)
    if add_months(last_used_on, UNUSED_MONTHS_MAX) <= today:
        return [MandateRevoked(mandate_id=command.mandate_id, revoked_on=today, is_expired=True)]
    return [MandateKept(mandate_id=command.mandate_id, last_used_on=last_used_on)]
