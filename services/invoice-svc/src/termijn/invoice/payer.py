"""How an account can be collected from: its mandates, and whether a manager knows that it has none."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, assert_never

import msgspec
from msgspec.structs import replace

from termijn.events.base import Event
from termijn.events.invoice import MandateBlocked
from termijn.kernel.ids import MandateId
from termijn.runtime.aggregate import Aggregate, Command

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class MandateNoted(Event, frozen=True, kw_only=True):
    """A mandate may be collected with. IBAN and holder are kept for the bank file."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"iban", "holder"})
    PERSONAL_PURPOSE: ClassVar[str] = "mandate"
    mandate_id: MandateId
    reference: str
    scheme: str
    signed_on: date
    iban: str | None
    holder: str | None


class MandateAmendmentNoted(Event, frozen=True, kw_only=True):
    """The mandate is collected with under another reference or from another account of the debtor from now on (PAY-1)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"iban", "holder"})
    PERSONAL_PURPOSE: ClassVar[str] = "mandate"
    mandate_id: MandateId
    reference: str
    iban: str | None
    holder: str | None


class MandateWithdrawn(Event, frozen=True, kw_only=True):
    """The mandate was revoked."""

    mandate_id: MandateId


class ExemptionNoted(Event, frozen=True, kw_only=True):
    """A manager lets the account do without a mandate (CON-2), so a transfer invoice is no news to anybody."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    reason: str | None


PayerEvent = MandateNoted | MandateAmendmentNoted | MandateWithdrawn | MandateBlocked | ExemptionNoted

# ---- State ------------------------------------------------------------------------------------------------------------


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A signed mandate; usable until it is revoked or the bank refuses it. ``iban`` is personal."""

    mandate_id: MandateId
    reference: str
    signed_on: date
    is_usable: bool = True
    iban: str | None = None
    former_ibans: tuple[str, ...] = ()


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """The mandates by id."""

    mandates: dict[str, Mandate] = {}
    is_exempt: bool = False

    @property
    def usable_mandate(self) -> Mandate | None:
        """The mandate signed last of those that may be used."""
        usable = [mandate for mandate in self.mandates.values() if mandate.is_usable]
        return max(usable, key=lambda mandate: (mandate.signed_on, mandate.mandate_id), default=None)

    @property
    def ibans(self) -> list[str]:
        """Every account that a mandate was ever given for, also one that is revoked, or that an amendment left."""
        return sorted({iban for mandate in self.mandates.values() for iban in (mandate.iban, *mandate.former_ibans) if iban})

    def may_collect_with(self, mandate_id: str) -> bool:
        """Whether that mandate may be used."""
        mandate = self.mandates.get(mandate_id)
        return mandate is not None and mandate.is_usable


# ---- Decisions --------------------------------------------------------------------------------------------------------


class NoteMandate(Command, frozen=True, kw_only=True):
    """A mandate was signed."""

    mandate_id: MandateId
    reference: str
    scheme: str
    signed_on: date
    iban: str | None
    holder: str | None


class AmendMandate(Command, frozen=True, kw_only=True):
    """The whole of a mandate as it is from now on."""

    mandate_id: MandateId
    reference: str
    iban: str | None
    holder: str | None


class WithdrawMandate(Command, frozen=True, kw_only=True):
    """The mandate was revoked."""

    mandate_id: MandateId


class BlockMandate(Command, frozen=True, kw_only=True):
    """The bank's reason says that the mandate is no good (PAY-4)."""

    mandate_id: MandateId
    reason_code: str


class NoteExemption(Command, frozen=True, kw_only=True):
    """A manager knows that there is no mandate."""

    reason: str | None


PayerCommand = NoteMandate | AmendMandate | WithdrawMandate | BlockMandate | NoteExemption


def decide(command: PayerCommand, state: Payer) -> Sequence[PayerEvent]:
    """Notes what is new; a mandate that cannot be used any more is not taken away twice (PAY-4)."""
    match command:
        case NoteMandate():
            return [] if command.mandate_id in state.mandates else [_noted(command)]
        case AmendMandate():
            return _amended(command, state)
        case WithdrawMandate():
            return [MandateWithdrawn(mandate_id=command.mandate_id)] if state.may_collect_with(command.mandate_id) else []
        case BlockMandate():
            blocked = MandateBlocked(mandate_id=command.mandate_id, reason_code=command.reason_code)
            return [blocked] if state.may_collect_with(command.mandate_id) else []
        case NoteExemption():
            return [] if state.is_exempt else [ExemptionNoted(reason=command.reason)]
        case _:
            assert_never(command)


def _amended(command: AmendMandate, state: Payer) -> Sequence[PayerEvent]:
    """Later debits carry what the mandate is now; those that are with the bank are not touched (PAY-1)."""
    if not state.may_collect_with(command.mandate_id):
        return []
    return [MandateAmendmentNoted(mandate_id=command.mandate_id, reference=command.reference, iban=command.iban, holder=command.holder)]


def _noted(command: NoteMandate) -> MandateNoted:
    return MandateNoted(
        mandate_id=command.mandate_id,
        reference=command.reference,
        scheme=command.scheme,
        signed_on=command.signed_on,
        iban=command.iban,
        holder=command.holder,
    )


def evolve(state: Payer, event: PayerEvent) -> Payer:
    match event:
        case MandateNoted():
            mandate = Mandate(mandate_id=event.mandate_id, reference=event.reference, signed_on=event.signed_on, iban=event.iban)
            return replace(state, mandates={**state.mandates, event.mandate_id: mandate})
        case MandateAmendmentNoted():
            before = state.mandates[event.mandate_id]
            former = (*before.former_ibans, before.iban) if before.iban and before.iban != event.iban else before.former_ibans
            amended = replace(before, reference=event.reference, iban=event.iban, former_ibans=former)
            return replace(state, mandates={**state.mandates, event.mandate_id: amended})
        case MandateWithdrawn() | MandateBlocked():
            unusable = replace(state.mandates[event.mandate_id], is_usable=False)
            return replace(state, mandates={**state.mandates, event.mandate_id: unusable})
        case ExemptionNoted():
            return replace(state, is_exempt=True)
        case _:
            assert_never(event)


PAYER: Aggregate[Payer, PayerCommand, PayerEvent] = Aggregate(
    name="payer",
    initial=Payer(),
    decide=decide,
    evolve=evolve,
    state_type=Payer,
    events=(MandateNoted, MandateAmendmentNoted, MandateWithdrawn, MandateBlocked, ExemptionNoted),
)
