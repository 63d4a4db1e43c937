"""Deleting an account, decision by decision: who is asked, when it is gone, what is kept how long (CON-7)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from termijn.contracts.account_deletion import (
    ACCOUNT_DELETION,
    SERVICES,
    AnswerNoted,
    Ask,
    CheckErased,
    Consider,
    Decide,
    Deletion,
    DeletionCommand,
    DeletionEvent,
    DeletionRoundBegun,
    EndMandateProof,
    KeyDoomed,
    MandateProofKept,
    NoteAnswer,
    NoteErased,
    Request,
    ServiceErased,
    ServicesOverdue,
    Withdraw,
)
from termijn.contracts.errors import NotBeingDeleted, NotDeletable
from termijn.events.erasure import (
    AccountDeleted,
    AccountDeletionEnded,
    AccountDeletionRequested,
    ErasureConsidered,
    ErasureRequested,
    Obstacle,
)
from termijn.kernel.ids import AccountId
from termijn.testing.spec import Spec

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
ACME = AccountId("acme")
OPEN = Obstacle(kind="open", subject="F1")
RUNS = Obstacle(kind="module_runs", subject="m-1")
UNTIL = date(2027, 7, 4)


def spec() -> Spec[Deletion, DeletionCommand, DeletionEvent]:
    """One of its own for each sentence."""
    return Spec(ACCOUNT_DELETION)


def asked(attempt: int = 1, at: datetime = NOW) -> list[DeletionEvent]:
    """The account is being deleted, and all are asked."""
    first = [AccountDeletionRequested(question="acme/1")] if attempt == 1 else []
    begun = DeletionRoundBegun(question="acme/1", attempt=attempt, asked_at=at)
    return [*first, begun, ErasureRequested(question="acme/1", attempt=attempt)]


def said(service: str, *obstacles: Obstacle, attempt: int = 1, until: date | None = None) -> AnswerNoted:
    return AnswerNoted(
        service=service,  # type: ignore[arg-type]  # one of the three
        question="acme/1",
        attempt=attempt,
        obstacles=obstacles,
        mandate_needed_until=until,
    )


READY = [said("dunning"), said("rating"), said("invoice", until=UNTIL)]


@pytest.mark.rule("CON-7")
def test_asking_closes_access_and_asks_all() -> None:
    """Access ends with the request, before anybody has answered."""
    spec().given().when(Request(now=NOW, account=ACME, obstacles=())).then(*asked())


@pytest.mark.rule("CON-7")
def test_a_running_module_or_a_known_reason_of_another_service_refuses() -> None:
    """With every reason, and nothing changes."""
    refusal = spec().given(said("invoice", OPEN)).when(Request(now=NOW, account=ACME, obstacles=(RUNS,))).then_refused(NotDeletable).refusal
    assert refusal is not None
    assert [one["field"] for one in refusal.errors] == ["contracts", "invoice"]
    spec().given(said("invoice", OPEN), said("invoice")).when(Request(now=NOW, account=ACME, obstacles=())).then(*asked())


@pytest.mark.rule("CON-7")
def test_it_is_gone_when_all_are_ready_and_the_proof_of_the_mandate_is_kept() -> None:
    """The key of the account goes at once, that of its mandates when no debit can come back any more (PAY-1)."""
    spec().given(*asked(), *READY).when(Decide(now=NOW, obstacles=())).then(
        AccountDeleted(question="acme/1", deleted_at=NOW), KeyDoomed(purpose="account"), MandateProofKept(until=UNTIL)
    )
    never_collected = [said(service) for service in SERVICES]
    spec().given(*asked(), *never_collected).when(Decide(now=NOW, obstacles=())).then(
        AccountDeleted(question="acme/1", deleted_at=NOW), KeyDoomed(purpose="account"), KeyDoomed(purpose="mandate")
    )


@pytest.mark.rule("CON-7")
@pytest.mark.parametrize("service", SERVICES)
def test_one_that_is_held_or_has_not_answered_this_attempt_keeps_the_account(service: str) -> None:
    """An answer to an earlier attempt may be of before something that happened since."""
    others = [answer for answer in READY if answer.service != service]
    spec().given(*asked(), *others).when(Decide(now=NOW, obstacles=())).then()
    spec().given(*asked(), *READY, said(service, OPEN)).when(Decide(now=NOW, obstacles=())).then()
    spec().given(*asked(), *READY, *asked(attempt=2)).when(Decide(now=NOW, obstacles=())).then()


@pytest.mark.rule("CON-7")
def test_an_order_of_the_same_moment_ends_the_deletion() -> None:
    """Nothing half: the account stays, and so does what was ordered."""
    ended = AccountDeletionEnded(question="acme/1", reason="changed_meanwhile")
    spec().given(*asked(), *READY).when(Decide(now=NOW, obstacles=(RUNS,))).then(ended)


@pytest.mark.rule("CON-7", "TIM-1")
def test_each_day_all_are_asked_again_until_the_thirtieth() -> None:
    """Who does not answer is named to ops."""
    again = Ask(now=NOW + timedelta(days=1), question="acme/1", attempt=1)
    late = ServicesOverdue(services=("invoice", "rating"))
    spec().given(*asked(), said("dunning")).when(again).then(late, *asked(2, NOW + timedelta(days=1)))
    spec().given(*asked(), *READY[:2], said("invoice", OPEN)).when(again).then(*asked(2, NOW + timedelta(days=1)))
    last = Ask(now=NOW + timedelta(days=30), question="acme/1", attempt=1)
    given_up = AccountDeletionEnded(question="acme/1", reason="took_too_long")
    spec().given(*asked(), *READY[:2], said("invoice", OPEN)).when(last).then(given_up)
    spec().given(*asked(), *asked(2)).when(again).then()


@pytest.mark.rule("CON-7")
def test_a_deleted_account_is_never_anything_else_again() -> None:
    gone = [*asked(), *READY, AccountDeleted(question="acme/1", deleted_at=NOW), KeyDoomed(purpose="account")]
    spec().given(*gone).when(Request(now=NOW, account=ACME, obstacles=())).then()
    spec().given(*gone).when(Consider(now=NOW, account=ACME)).then()
    spec().given(*gone).when(NoteAnswer(now=NOW, service="rating", question="acme/1", attempt=1, obstacles=(OPEN,))).then()
    spec().given(*gone).when(Withdraw(now=NOW, account=ACME)).then_refused(NotBeingDeleted)


@pytest.mark.rule("CON-7", "PAY-1")
def test_the_proof_of_the_mandate_goes_once_when_its_time_is_over() -> None:
    kept = [*asked(), *READY, AccountDeleted(question="acme/1", deleted_at=NOW), MandateProofKept(until=UNTIL)]
    spec().given(*kept).when(EndMandateProof(now=NOW)).then(KeyDoomed(purpose="mandate"))
    spec().given(*kept, KeyDoomed(purpose="mandate")).when(EndMandateProof(now=NOW)).then()


@pytest.mark.rule("CON-7")
def test_who_has_not_erased_in_a_day_is_named() -> None:
    gone = [*asked(), *READY, AccountDeleted(question="acme/1", deleted_at=NOW)]
    done = [ServiceErased(service="contracts"), ServiceErased(service="invoice"), ServiceErased(service="rating")]
    spec().given(*gone, *done).when(CheckErased(now=NOW)).then(ServicesOverdue(services=("dunning",)))
    spec().given(*gone, *done).when(NoteErased(now=NOW, service="dunning")).then(ServiceErased(service="dunning"))
    spec().given(*gone, *done, ServiceErased(service="dunning")).when(CheckErased(now=NOW)).then()


def test_an_account_is_considered_once() -> None:
    spec().given().when(Consider(now=NOW, account=ACME)).then(ErasureConsidered(question="acme/0"))
    spec().given(ErasureConsidered(question="acme/0")).when(Consider(now=NOW, account=ACME)).then()
