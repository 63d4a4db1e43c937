"""What happens when a date comes: the timers of ``account_wake``, as a table."""

from collections.abc import Sequence
from typing import Any

from termijn.dunning.account_command import (
    AccountCommand,
    AskForTermination,
    EndHold,
    EndWait,
    HandOver,
    ProposeLateness,
    ProposeStep,
    TakeSteps,
)
from termijn.dunning.account_state import DunningAccount, OpenCase
from termijn.dunning.account_wake import CollectionOverdue, HandoverHour, HoldOver, LatenessDay, StepDay, TenOClock, TerminationDay
from termijn.dunning.dossier import CaseFile, Entry, SentLetter, archive
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.handover import Statement, ready, statement
from termijn.dunning.letter import LetterFacts, render
from termijn.dunning.letters import Draft, draft, is_hour_of_letters
from termijn.dunning.policy import POLICY, Policy
from termijn.dunning.provider import letterhead
from termijn.events.base import Blob
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId, CaseId
from termijn.kernel.money import ZERO
from termijn.runtime.handling import Fired, Handled, NoEffect, Outcome, WakeUpHandler, Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

QUERIES = load("termijn.dunning", "queries.sql")


async def on_step_day(work: Work, fired: Fired[StepDay]) -> Outcome:
    """``proposals_at``: the next step is proposed (DUN-1, DUN-14)."""
    wake = fired.wake_up
    return await _carry_out(work, fired, ProposeStep(now=work.now, **await _policy(work), case_id=wake.case_id, timer=wake.timer))


async def on_lateness_day(work: Work, fired: Fired[LatenessDay]) -> Outcome:
    """``proposals_at``: a warning or suspension is proposed (DUN-9)."""
    return await _carry_out(work, fired, ProposeLateness(now=work.now, **await _policy(work), attempt=fired.wake_up.attempt))


async def on_ten_o_clock(work: Work, fired: Fired[TenOClock]) -> Outcome:
    """``letters_at``: the account's one letter is written and decided; suspensions are asked for (DUN-1, DUN-9)."""
    facts = await _policy(work)
    state, today = await work.load(ACCOUNT, fired.key), day_of(work.now)
    said = draft(state, today, facts["policy"]) if is_hour_of_letters(work.now, facts["policy"]) else Draft()
    text = await _text(work, state, said, fired.account, facts["policy"]) if said.items else None
    command = TakeSteps(now=work.now, **facts, account=fired.account, on=fired.wake_up.on, text=text)
    return await _carry_out(work, fired, command)


async def on_handover_hour(work: Work, fired: Fired[HandoverHour]) -> Outcome:
    """``handovers_at``: the case goes to the bailiff with its file (DUN-5)."""
    wake, facts, today = fired.wake_up, await _policy(work), day_of(work.now)
    state = await work.load(ACCOUNT, fired.key)
    case = ready(state, wake.case_id, wake.timer, today=today, policy=facts["policy"])
    claim, dossier = Statement(principal=ZERO, collection_costs=ZERO, interest=ZERO), None
    if case is not None:
        assert state.known is not None, "a case is opened for a known account only"
        claim = statement(case, on=today, debtor=state.known.debtor_kind)
        dossier = await _dossier(work, fired, state, case, claim)
    command = HandOver(
        now=work.now,
        **facts,
        case_id=wake.case_id,
        timer=wake.timer,
        collection_costs=claim.collection_costs,
        interest=claim.interest,
        dossier=dossier,
    )
    return await _carry_out(work, fired, command)


async def on_collection_overdue(work: Work, fired: Fired[CollectionOverdue]) -> Outcome:
    """The second collection's result is overdue: the ladder goes on (PAY-4)."""
    wake = fired.wake_up
    command = EndWait(now=work.now, **await _policy(work), case_id=wake.case_id, collect_again_on=wake.collect_again_on)
    return await _carry_out(work, fired, command)


async def on_hold_over(work: Work, fired: Fired[HoldOver]) -> Outcome:
    """A hold's last day has passed (DUN-14)."""
    return await _carry_out(work, fired, EndHold(now=work.now, **await _policy(work), hold_id=fired.wake_up.hold_id, is_lifted=False))


async def on_termination_day(work: Work, fired: Fired[TerminationDay]) -> Outcome:
    """Suspended for thirty days: a manager is asked (DUN-9)."""
    return await _carry_out(work, fired, AskForTermination(now=work.now, **await _policy(work), attempt=fired.wake_up.attempt))


async def _carry_out(work: Work, fired: Fired[Any], command: AccountCommand) -> Outcome:
    done = await work.execute(ACCOUNT, fired.key, command, account=fired.account)
    return Handled() if done else NoEffect("it is not waited for any more")


async def _policy(work: Work) -> dict[str, Any]:
    current = await work.load(POLICY, CURRENT)
    return {"policy": current.value, "policy_version": current.version}


async def _text(work: Work, state: DunningAccount, said: Draft, account: AccountId, policy: Policy) -> Blob:
    """The letter of the draft as a blob, sealed for the account: it goes with it (CON-7)."""
    known = state.known
    assert known is not None, "a letter goes to a known account only"
    handed = {item.case_id: item.handover_on for item in said.items if item.handover_on is not None}
    facts = LetterFacts(
        language=known.language,
        name=known.debtor.name if known.debtor else "",
        customer_number=known.customer_number,
        on=day_of(work.now),
        items=said.items,
        apart=said.apart,
        credits=said.credits,
        letterhead=await letterhead(work, policy),
        statements={case_id: statement(state.cases[case_id], on=on, debtor=known.debtor_kind) for case_id, on in handed.items()},
    )
    return await work.blobs.put_personal(work.provider, render(facts).encode(), account=account)


async def _dossier(work: Work, fired: Fired[HandoverHour], state: DunningAccount, case: OpenCase, claim: Statement) -> Blob:
    """The case file: read what was sent and booked, and put it into one archive."""
    assert state.known is not None
    file = CaseFile(
        provider=work.provider,
        account=fired.account,
        known=state.known,
        case=case,
        statement=claim,
        stated_on=day_of(work.now),
        invoice=await work.blobs.get(work.provider, case.document),
        letters=await _letters(work, case.case_id),
        entries=await _entries(work, case.case_id),
    )
    return await work.blobs.put_personal(work.provider, archive(file), account=fired.account)


async def _letters(work: Work, case_id: CaseId) -> tuple[SentLetter, ...]:
    letters = []
    for row in await work.fetch(QUERIES["letters_of_case"], work.provider, case_id):
        blob = Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"])
        letters.append(
            SentLetter(
                letter_id=row["letter_id"],
                step=row["step"],
                sent_on=row["sent_on"],
                message_id=row["message_id"],
                last_payment_on=row["last_payment_on"],
                text=await work.blobs.get(work.provider, blob),
            )
        )
    return tuple(letters)


async def _entries(work: Work, case_id: CaseId) -> tuple[Entry, ...]:
    rows = await work.fetch(QUERIES["entries_of_case"], work.provider, case_id)
    return tuple(
        Entry(day=row["day"], kind=row["kind"], amount=row["amount"], open_after=row["open_after"], detail=row["detail"]) for row in rows
    )


def _streams(fired: Fired[Any]) -> Sequence[tuple[Any, str]]:
    return [(ACCOUNT, fired.key), (POLICY, CURRENT)]


WAKE_UPS: tuple[WakeUpHandler[Any], ...] = (
    WakeUpHandler(wake_up=StepDay, handle=on_step_day, streams=_streams),
    WakeUpHandler(wake_up=LatenessDay, handle=on_lateness_day, streams=_streams),
    WakeUpHandler(wake_up=TenOClock, handle=on_ten_o_clock, streams=_streams),
    WakeUpHandler(wake_up=HandoverHour, handle=on_handover_hour, streams=_streams),
    WakeUpHandler(wake_up=CollectionOverdue, handle=on_collection_overdue, streams=_streams),
    WakeUpHandler(wake_up=HoldOver, handle=on_hold_over, streams=_streams),
    WakeUpHandler(wake_up=TerminationDay, handle=on_termination_day, streams=_streams),
)
