"""PAY-1: an amended mandate is collected with as it is now; one that is no good is not touched."""

from datetime import UTC, date, datetime

import pytest

from termijn.invoice.payer import (
    PAYER,
    AmendMandate,
    BlockMandate,
    MandateAmendmentNoted,
    MandateNoted,
    MandateWithdrawn,
    Payer,
)
from termijn.kernel.ids import MandateId
from termijn.testing.spec import spec

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
M1 = MandateId("m1")
NOTED = MandateNoted(
    mandate_id=M1, reference="A-1", scheme="CORE", signed_on=date(2026, 1, 1), iban="NL91ABNA0417164300", holder="Acme B.V."
)
AMEND = AmendMandate(now=NOW, mandate_id=M1, reference="A-2", iban="BE71096123456769", holder="Acme B.V.")
AMENDED = MandateAmendmentNoted(mandate_id=M1, reference="A-2", iban="BE71096123456769", holder="Acme B.V.")


def mandate_of(state: Payer) -> tuple[str, str | None, date]:
    """Reference, account and signature of the mandate that is collected with."""
    found = state.usable_mandate
    assert found is not None
    return found.reference, found.iban, found.signed_on


@pytest.mark.rule("PAY-1")
def test_the_next_debit_carries_the_new_reference_and_account() -> None:
    """The signature stays what it was; the old account is still known as the payer's."""
    done = spec(PAYER).given(NOTED).when(AMEND).then(AMENDED)
    assert mandate_of(done.state) == ("A-2", "BE71096123456769", date(2026, 1, 1))
    assert done.state.ibans == ["BE71096123456769", "NL91ABNA0417164300"]


@pytest.mark.rule("PAY-1", "PAY-4")
def test_a_mandate_that_is_no_good_stays_no_good() -> None:
    """Withdrawn, blocked or unknown: an amendment revives nothing."""
    spec(PAYER).when(AMEND).then_nothing()
    spec(PAYER).given(NOTED, MandateWithdrawn(mandate_id=M1)).when(AMEND).then_nothing()
    blocked = spec(PAYER).given(NOTED).when(BlockMandate(now=NOW, mandate_id=M1, reason_code="AC04")).events
    spec(PAYER).given(NOTED, *blocked).when(AMEND).then_nothing()
