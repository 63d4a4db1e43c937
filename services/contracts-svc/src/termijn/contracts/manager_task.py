"""Tasks for managers: a delivery that is late, a lease that ends (CON-11). One stream per task.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Literal, TypeAlias, assert_never

import msgspec

from termijn.events.base import Event
from termijn.kernel.errors import NotFound
from termijn.runtime.aggregate import Aggregate, Command

ContractTaskKind = Literal["delivery_late", "lease_ends"]
"""What a manager is asked to look at; part of stored events."""

# -- Events ----------------------------------------------------------------------------------------------------------


class ContractTaskRaised(Event, frozen=True, kw_only=True):
    """A manager must look at ``subject``, an order or a lease, for ``reason``."""

    task_id: str
    kind: ContractTaskKind
    subject_id: str
    reason: str
    raised_on: date


class ContractTaskDone(Event, frozen=True, kw_only=True):
    """Somebody looked, or there is nothing to look at any more; ``outcome`` says which."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"outcome"})
    task_id: str
    outcome: str | None


TaskEvent: TypeAlias = ContractTaskRaised | ContractTaskDone

# -- State -----------------------------------------------------------------------------------------------------------


class ManagerTask(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it waits for somebody."""

    is_raised: bool = False
    is_done: bool = False


# -- Commands --------------------------------------------------------------------------------------------------------


class RaiseTask(Command, frozen=True, kw_only=True):
    """Ask a manager to look, once."""

    task_id: str
    kind: ContractTaskKind
    subject_id: str
    reason: str
    raised_on: date


class FinishTask(Command, frozen=True, kw_only=True):
    """It needs nobody's attention any more."""

    task_id: str
    outcome: str


TaskCommand: TypeAlias = RaiseTask | FinishTask

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: TaskCommand, state: ManagerTask) -> Sequence[TaskEvent]:
    """A task is raised once and done once; saying so again changes nothing (CON-11)."""
    match command:
        case RaiseTask():
            raised = ContractTaskRaised(
                task_id=command.task_id,
                kind=command.kind,
                subject_id=command.subject_id,
                reason=command.reason,
                raised_on=command.raised_on,
            )
            return [] if state.is_raised else [raised]
        case FinishTask():
            if not state.is_raised:
                raise NotFound(what="task", id=command.task_id)
            return [] if state.is_done else [ContractTaskDone(task_id=command.task_id, outcome=command.outcome)]
        case _:
            assert_never(command)


def evolve(state: ManagerTask, event: TaskEvent) -> ManagerTask:
    """The task after the event."""
    match event:
        case ContractTaskRaised():
            return ManagerTask(is_raised=True)
        case ContractTaskDone():
            return ManagerTask(is_raised=True, is_done=True)
        case _:
            assert_never(event)


MANAGER_TASK: Aggregate[ManagerTask, TaskCommand, TaskEvent] = Aggregate(
    name="manager_task",
    initial=ManagerTask(),
    decide=decide,
    evolve=evolve,
    state_type=ManagerTask,
    events=(ContractTaskRaised, ContractTaskDone),
)
