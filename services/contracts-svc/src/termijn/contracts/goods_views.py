"""Read models of projects, orders of goods, warranties, leases and managers' tasks (CON-11, CON-12): a row per thing, no totals."""

from collections.abc import Iterable, Iterator

from termijn.contracts.manager_task import ContractTaskDone, ContractTaskRaised
from termijn.events.goods import (
    DeliveryDateAgreed,
    GoodsDelivered,
    GoodsOrderCancelled,
    GoodsOrdered,
    GoodsPlaced,
    LeaseEnded,
    LeaseExtended,
    LeaseStarted,
    Milestone,
    MilestoneReached,
    ProjectCompleted,
    ProjectDelivered,
    ProjectOpened,
    ProjectReplanned,
    ProjectStopped,
    WarrantyExtended,
    WarrantyStarted,
)
from termijn.runtime.handling import Recorded, Statement, View
from termijn.runtime.sql import load

SQL = load("termijn.contracts", "goods_views.sql")


def _do(name: str, *args: object) -> Statement:
    return Statement(SQL[name], args)


def apply_projects(recorded: Recorded) -> Iterable[Statement]:
    """Projects and their milestones."""
    p, version = recorded.provider, recorded.version
    match recorded.event:
        case ProjectOpened() as e:
            money = (e.price, e.remainder, e.remainder_vat_rate)
            yield _do("open_project", p, recorded.account, e.project_id, version, e.title, *money, e.agreed_on, e.quote)
            yield from _milestones(p, e.project_id, e.milestones)
        case ProjectReplanned() as e:
            yield _do("replan_project", p, e.project_id, version, e.price, e.remainder, e.remainder_vat_rate)
            yield _do("drop_milestones", p, e.project_id, [one.milestone_id for one in e.milestones])
            yield from _milestones(p, e.project_id, e.milestones)
        case MilestoneReached() as e:
            yield _do("reach_milestone", p, e.project_id, e.milestone_id, e.reached_on)
            yield _do("touch_project", p, e.project_id, version)
        case ProjectDelivered() as e:
            yield _do("deliver_project", p, e.project_id, version, e.delivered_on)
        case ProjectCompleted() as e:
            yield _do("complete_project", p, e.project_id, version, e.completed_on)
        case ProjectStopped() as e:
            yield _do("stop_project", p, e.project_id, version, e.stopped_on, e.dropped)
        case WarrantyStarted() as e if e.project_id is not None:
            yield _do("touch_project", p, e.project_id, version)
        case _:
            pass


def _milestones(provider: str, project_id: str, milestones: Iterable[Milestone]) -> Iterator[Statement]:
    for place, one in enumerate(milestones, start=1):
        facts = (one.title, one.net, one.vat_rate, one.kind, one.planned_on)
        yield _do("put_milestone", provider, project_id, one.milestone_id, place, *facts)


def apply_goods(recorded: Recorded) -> Iterable[Statement]:
    """Orders, their lines and what became of each piece."""
    p, version = recorded.provider, recorded.version
    match recorded.event:
        case GoodsOrdered() as e:
            days = (e.ordered_on, e.agreed_on, e.bill_to is not None, e.channel)
            yield _do("order_goods", p, recorded.account, e.order_id, version, e.project_id, *days)
            for place, line in enumerate(e.lines, start=1):
                money = (line.quantity, line.unit_price, line.vat_rate, line.kind, line.revenue_group, line.ledger_account)
                yield _do("add_line", p, e.order_id, line.line_id, place, line.article, line.sku, *money, line.supplier_months)
        case DeliveryDateAgreed() as e:
            yield _do("touch_order", p, e.order_id, version, e.agreed_on)
        case GoodsDelivered() as e:
            for part in e.lines:
                facts = (recorded.account, e.delivered_on, part.quantity, part.net)
                yield _do("deliver_line", p, e.order_id, e.delivery_id, part.line_id, *facts)
            yield _do("touch_order", p, e.order_id, version, None)
        case GoodsOrderCancelled() as e:
            for gone in e.lines:
                yield _do("cancel_line", p, e.order_id, gone.line_id, gone.quantity)
            yield _do("touch_order", p, e.order_id, version, None)
        case GoodsPlaced() as e:
            yield _do("place_line", p, e.order_id, e.line_id, e.quantity)
            yield _do("touch_order", p, e.order_id, version, None)
        case WarrantyStarted() | WarrantyExtended() as e if e.order_id is not None:
            yield _do("touch_order", p, e.order_id, version, None)
        case _:
            pass


def apply_warranties(recorded: Recorded) -> Iterable[Statement]:
    """Covers and what was bought on top of them (CON-12)."""
    p = recorded.provider
    match recorded.event:
        case WarrantyStarted() as e:
            what = (e.covers, e.order_id, e.line_id, e.project_id, e.article, e.serial_number, e.quantity, e.from_on, e.until_on)
            terms = (e.own_months, e.supplier_months, e.settings_days)
            yield _do("start_warranty", p, recorded.account, e.warranty_id, *what, *terms)
        case WarrantyExtended() as e:
            facts = (e.until_on, e.extension, recorded.account, e.months, e.net, e.extended_on)
            yield _do("extend_warranty", p, e.warranty_id, *facts)
        case _:
            pass


def apply_leases(recorded: Recorded) -> Iterable[Statement]:
    """Leases and their ends."""
    p, version = recorded.provider, recorded.version
    match recorded.event:
        case LeaseStarted() as e:
            days = (e.months, e.starts_on, e.ends_on, e.warn_on)
            yield _do("start_lease", p, recorded.account, e.lease_id, version, e.module_id, e.order_id, e.title, *days)
        case LeaseExtended() as e:
            yield _do("extend_lease", p, e.lease_id, version, e.months, e.ends_on, e.warn_on)
        case LeaseEnded() as e:
            yield _do("end_lease", p, e.lease_id, version, e.ended_on)
        case _:
            pass


def apply_tasks(recorded: Recorded) -> Iterable[Statement]:
    """What managers are asked to look at."""
    match recorded.event:
        case ContractTaskRaised() as e:
            facts = (e.kind, e.subject_id, e.reason, e.raised_on, recorded.occurred_at)
            yield _do("raise_task", recorded.provider, recorded.account, e.task_id, *facts)
        case ContractTaskDone() as e:
            yield _do("finish_task", recorded.provider, e.task_id, recorded.occurred_at, e.outcome)
        case _:
            pass


GOODS_VIEWS: tuple[View, ...] = (
    View(name="projects", tables=("project", "project_milestone"), apply=apply_projects, is_synchronous=True),
    View(name="goods", tables=("goods_order", "goods_line", "goods_delivery"), apply=apply_goods, is_synchronous=True),
    View(name="warranties", tables=("warranty", "warranty_extension"), apply=apply_warranties, is_synchronous=True),
    View(name="leases", tables=("lease",), apply=apply_leases, is_synchronous=True),
    View(name="manager_tasks", tables=("manager_task",), apply=apply_tasks, is_synchronous=True),
)
