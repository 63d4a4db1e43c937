"""Five o'clock: the claim goes to the bailiff, or to a manager where it is too small."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from termijn.dunning import costs
from termijn.dunning.account_command import HandOver
from termijn.dunning.account_event import LadderRested
from termijn.dunning.account_state import DunningAccount, OpenCase
from termijn.dunning.decided import Decided, earliest_day
from termijn.dunning.dunning_case import lacking_proof, plan_again
from termijn.dunning.policy import HANDOVER_DAYS_MIN, Policy
from termijn.events.dunning import BailiffHandover, ManagerTaskCreated
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import CaseId
from termijn.kernel.money import ZERO


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is claimed at a handover, in cents (DUN-10)."""

    principal: Decimal
    collection_costs: Decimal
    interest: Decimal

    @property
    def total(self) -> Decimal:
        """Everything together."""
        return self.principal + self.collection_costs + self.interest


def statement(case: OpenCase, *, on: date, debtor: costs.DebtorKind) -> Statement:
    """Principal, costs and interest of a claim on the day of its handover (DUN-10).

    Interest counts from the day after the ladder's due date (after a reversal the reversal day) on what was open on each day.
    A consumer owes costs only after a fourteen-day letter (BW 6:96 lid 6); none is sent here, so none are claimed.
    """
    due = case.ladder_due_on
    parts = [(part.amount, part.on) for part in case.parts] + [(case.open_amount, on)]
    interest = costs.interest_on_parts(parts, due=due, debtor=debtor)
    claimed = ZERO if debtor == "consumer" else costs.collection_costs(case.open_amount, due=due, paid=on)
    return Statement(principal=case.open_amount, collection_costs=claimed, interest=interest)


def ready(state: DunningAccount, case_id: CaseId, timer: str, *, today: date, policy: Policy) -> OpenCase | None:
    """The case, where its handover was cleared today and nothing stands in its way (DUN-5, DUN-14); else None."""
    case = state.cases.get(case_id)
    if case is None or case.timer != timer or case.rests or case.proposal is None:
        return None
    is_cleared = case.proposal.is_cleared and case.proposal.on == today and case.proposal.step == "bailiff"
    is_large = case.open_amount >= policy.handover_min
    is_old = today >= case.issued_on + timedelta(days=HANDOVER_DAYS_MIN)
    return case if is_cleared and is_large and is_old and not lacking_proof(state, case) else None


def hand_over(command: HandOver, decided: Decided) -> None:
    """The claim leaves for the bailiff with its case file (DUN-5); a total under 25.00 is put before a manager instead."""
    today = day_of(command.now)
    case = decided.state.cases.get(command.case_id)
    if case is None or case.timer != command.timer or case.rests or case.proposal is None:
        return
    is_cleared = case.proposal.is_cleared and case.proposal.on == today
    if ready(decided.state, command.case_id, command.timer, today=today, policy=command.policy):
        assert command.dossier is not None, "a handover needs its case file"
        decided.add(
            BailiffHandover(
                case_id=case.case_id,
                invoice_id=case.invoice_id,
                number=case.number,
                invoice_date=case.issued_on,
                handover_on=today,
                principal=case.open_amount,
                collection_costs=command.collection_costs,
                interest=command.interest,
                dossier=command.dossier,
            )
        )
    elif is_cleared and case.open_amount < command.policy.handover_min:
        reason = f"{case.number}: {case.open_amount} is too little for the bailiff"
        decided.add(
            LadderRested(case_id=case.case_id, kind="small_claim", since=today),
            ManagerTaskCreated(case_id=case.case_id, kind="small_claim", reason=reason, due_on=today),
        )
    else:
        plan_again(command, decided, case.case_id, reason="not cleared in time", not_before=earliest_day(command.now, command.policy))
