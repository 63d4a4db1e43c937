"""Mandates over time: amended, their form on file, revoked, dead after 36 months without use (PAY-1)."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import AmendMandate, ExpireMandate, FileMandateForm, GiveMandate, RevokeMandate
from termijn.contracts.account_state import AskWhetherUsed, MandateFormFiled, MandateFoundBlocked, MandateKept, OpenAccount
from termijn.contracts.errors import ManagerOnly, MandateNotUsable
from termijn.contracts.mandate_use import MANDATE_USE, MandateUsed, NoteUse
from termijn.events.base import Blob
from termijn.events.contracts import AccountFacts, AccountOpened, MandateAmended, MandateGiven, MandateRevoked, Party
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import AccountId, MandateId
from termijn.runtime.aggregate import SetTimer
from termijn.testing.spec import spec

M1 = MandateId("m1")
ACME = AccountId("acme")
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
IBAN, OTHER_IBAN = "NL91ABNA0417164300", "BE71096123456769"
OPENED = AccountOpened(contract_partner=Party(name="Acme B.V."), facts=AccountFacts())
GIVEN = MandateGiven(mandate_id=M1, reference="A-1", signed_on=date(2026, 3, 1), iban=IBAN, holder="Acme B.V.")
REVOKED = MandateRevoked(mandate_id=M1, revoked_on=date(2026, 3, 9))


def amend(**changes: Any) -> AmendMandate:
    return msgspec.structs.replace(AmendMandate(now=NOW, account=ACME, mandate_id=M1, reference=None, iban=None, holder=None), **changes)


@pytest.mark.rule("PAY-1")
def test_a_mandate_is_amended_under_the_same_signature() -> None:
    """The whole of it is told, and which reference it had; the same again is nothing."""
    amended = MandateAmended(mandate_id=M1, reference="A-1", iban=OTHER_IBAN, holder="Acme B.V.", amended_on=date(2026, 3, 10))
    moved = amend(iban="BE71 0961 2345 6769")
    spec(ACCOUNT).given(OPENED, GIVEN).when(moved, moved).then(amended)
    renamed = msgspec.structs.replace(amended, reference="B-1", old_reference="A-1", iban=IBAN)
    spec(ACCOUNT).given(OPENED, GIVEN).when(amend(reference="B-1")).then(renamed)
    spec(ACCOUNT).given(OPENED, GIVEN).when(amend(iban="US64SVBKUS6S3300958879")).then_refused(InvalidInput, "iban")
    spec(ACCOUNT).given(OPENED, GIVEN).when(amend(mandate_id=MandateId("m9"), holder="X")).then_refused(NotFound)


@pytest.mark.rule("PAY-1")
def test_what_is_no_good_any_more_is_not_amended() -> None:
    """Revoked, blocked or expired: a new mandate is needed."""
    blocked = MandateFoundBlocked(mandate_id=M1, reason_code="AC04")
    for gone in (REVOKED, blocked, msgspec.structs.replace(REVOKED, is_expired=True)):
        spec(ACCOUNT).given(OPENED, GIVEN, gone).when(amend(holder="X")).then_refused(MandateNotUsable)


@pytest.mark.rule("PAY-1")
def test_b2b_is_for_companies() -> None:
    """A consumer gives a Core mandate."""
    consumer = AccountOpened(contract_partner=Party(name="Jan"), facts=AccountFacts(debtor_kind="consumer"))
    give = GiveMandate(
        now=NOW, account=ACME, mandate_id=M1, reference="A-1", scheme="B2B", signed_on=date(2026, 3, 1), iban=IBAN, holder="Jan"
    )
    spec(ACCOUNT).given(consumer).when(give).then_refused(InvalidInput, "scheme")
    spec(ACCOUNT).given(OPENED).when(give).then_types(MandateGiven)


@pytest.mark.rule("PAY-1")
def test_the_signed_form_is_kept_with_its_mandate() -> None:
    """Filed twice it is filed once; a newer scan takes its place."""
    form = Blob(sha256="a" * 64, size_bytes=10, address="belco/a")
    file = FileMandateForm(now=NOW, account=ACME, mandate_id=M1, form=form, media_type="application/pdf")
    filed = MandateFormFiled(mandate_id=M1, form=form, media_type="application/pdf")
    done = spec(ACCOUNT).given(OPENED, GIVEN).when(file, file).then(filed)
    assert isinstance(done.state, OpenAccount) and done.state.mandates[0].form == form
    spec(ACCOUNT).given(OPENED).when(file).then_refused(NotFound)


@pytest.mark.rule("PAY-1", "TIM-1")
def test_a_mandate_is_dead_after_36_months_without_use() -> None:
    """Counted from the signature, or from the last collection; a timer asks, and asks again later where there was one."""

    def ask(on: date, last_used_on: date | None) -> ExpireMandate:
        return ExpireMandate(now=at(on, "00:00"), account=ACME, mandate_id=M1, last_used_on=last_used_on)

    def timer(since: str, due: date) -> SetTimer:
        return SetTimer(occasion=f"mandate/m1/unused-since-{since}", due_at=at(due, "00:00"), wake_up=AskWhetherUsed(mandate_id=M1))

    give = GiveMandate(
        now=NOW, account=ACME, mandate_id=M1, reference="A-1", scheme="CORE", signed_on=date(2026, 3, 1), iban=IBAN, holder="Acme B.V."
    )
    spec(ACCOUNT).given(OPENED).when(give).then_timers(timer("2026-03-01", date(2029, 3, 1)))
    dead = MandateRevoked(mandate_id=M1, revoked_on=date(2029, 3, 1), is_expired=True)
    spec(ACCOUNT).given(OPENED, GIVEN).when(ask(date(2029, 3, 1), None)).then(dead)
    kept = MandateKept(mandate_id=M1, last_used_on=date(2028, 12, 9))
    spec(ACCOUNT).given(OPENED, GIVEN).when(ask(date(2029, 3, 1), date(2028, 12, 9))).then(kept).then_timers(
        timer("2028-12-09", date(2031, 12, 9))
    )
    spec(ACCOUNT).given(OPENED, GIVEN, kept).when(ask(date(2031, 12, 9), date(2028, 12, 9))).then_types(MandateRevoked)
    spec(ACCOUNT).given(OPENED, GIVEN, REVOKED).when(ask(date(2029, 3, 1), None)).then_nothing()
    revoke = RevokeMandate(now=NOW, account=ACME, mandate_id=M1)
    expired = spec(ACCOUNT).given(OPENED, GIVEN, dead).when(revoke).then_nothing()
    assert isinstance(expired.state, OpenAccount) and expired.state.usable_mandate is None


@pytest.mark.rule("PAY-1", "TIM-1")
def test_a_mandate_that_was_used_elsewhere_says_when() -> None:
    """Signed in 2019 and never used it is dead; used in 2025 it lives until 2028, whatever was said here meanwhile."""
    give = GiveMandate(
        now=NOW, account=ACME, mandate_id=M1, reference="A-1", scheme="CORE", signed_on=date(2019, 3, 1), iban=IBAN, holder="Acme B.V."
    )
    spec(ACCOUNT).given(OPENED).when(give).then_refused(InvalidInput, "signed_on")
    used = msgspec.structs.replace(give, last_used_on=date(2025, 11, 3))
    spec(ACCOUNT).given(OPENED).when(msgspec.structs.replace(used, is_manager=False)).then_refused(ManagerOnly, "last_used_on")
    done = spec(ACCOUNT).given(OPENED).when(used).then_types(MandateGiven)
    assert [change.due_at for change in done.timers if isinstance(change, SetTimer)] == [at(date(2028, 11, 3), "00:00")]
    for day, field in ((date(2023, 3, 10), "last_used_on"), (date(2018, 1, 1), "last_used_on"), (date(2026, 3, 11), "last_used_on")):
        spec(ACCOUNT).given(OPENED).when(msgspec.structs.replace(give, last_used_on=day)).then_refused(InvalidInput, field)
    ask = ExpireMandate(now=at(date(2028, 11, 3), "00:00"), account=ACME, mandate_id=M1, last_used_on=None)
    spec(ACCOUNT).given(OPENED, *done.events).when(ask).then_types(MandateRevoked)
    early = msgspec.structs.replace(ask, now=at(date(2028, 11, 2), "00:00"))
    spec(ACCOUNT).given(OPENED, *done.events).when(early).then_types(MandateKept)


@pytest.mark.rule("PAY-1")
def test_the_last_day_of_use_counts_whatever_order_debits_come_in() -> None:
    """Several of one day are one use."""

    def note(day: date) -> NoteUse:
        return NoteUse(now=NOW, mandate_id=M1, used_on=day)

    first, later = date(2026, 4, 9), date(2026, 5, 11)
    used = MandateUsed(mandate_id=M1, used_on=later)
    spec(MANDATE_USE).when(note(later), note(first), note(later)).then(used)
