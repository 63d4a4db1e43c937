"""Facts looked up for what projects, orders of goods and leases decide, and what follows in other streams. No rule is decided here."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_state import OpenAccount
from termijn.contracts.goods_command import AgreeDelivery, CancelGoods, Deliver, ExtendWarranty, GoodsCommand, OrderGoods, Pieces, Place
from termijn.contracts.goods_errors import ProjectIsOver
from termijn.contracts.goods_order import GOODS_ORDER
from termijn.contracts.goods_state import DeliveryAwaited, GoodsOrder
from termijn.contracts.lease import (
    EXTENSION_CHANNEL,
    LEASE,
    TERM_CHANNEL,
    EndLease,
    EndLeaseEarly,
    ExtendLease,
    LeaseEndDue,
    LeaseEndNears,
    RunningLease,
    StartLease,
    last_day,
)
from termijn.contracts.manager_task import MANAGER_TASK, FinishTask, RaiseTask
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Activate, Cancel
from termijn.contracts.module_state import AwaitingDelivery, ModuleEvent, Over, Running
from termijn.contracts.ordering import order, policy_of, tariff_for
from termijn.contracts.project import PROJECT, NoProject, Project
from termijn.events.contracts import ModuleEnded, ModuleTerminated
from termijn.events.goods import GoodsLine, LeaseCompany, LeaseId, OrderId, ProjectId
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import AccountId, ModuleId, TariffId
from termijn.runtime.handling import Fired, Handled, NoEffect, Outcome, WakeUpHandler, Work
from termijn.runtime.sql import load

SQL = load("termijn.contracts", "goods_queries.sql")


async def must_be_account(work: Work, account: AccountId) -> None:
    """Raise ``NotFound`` unless the account is open."""
    state = await work.load(ACCOUNT, account)
    if not isinstance(state, OpenAccount):
        raise NotFound(what="account", id=account)


async def must_own(work: Work, query: str, account: AccountId, key: str, *, what: str) -> None:
    """Raise ``NotFound`` unless the project, order or lease is this account's (SEC-1)."""
    if not await work.fetch(SQL[query], work.provider, account, key):
        raise NotFound(what=what, id=key)


# -- Goods -----------------------------------------------------------------------------------------------------------


async def order_goods(
    work: Work,
    account: AccountId,
    *,
    order_id: OrderId,
    project_id: ProjectId | None,
    lines: tuple[GoodsLine, ...],
    ordered_on: date | None,
    agreed_on: date,
    bill_to: LeaseCompany | None,
    channel: str,
) -> None:
    """Order goods, perhaps within a project of the account that is not over (CON-11)."""
    await must_be_account(work, account)
    if project_id is not None:
        await must_own(work, "project", account, project_id, what="project")
        project = await work.load(PROJECT, project_id)
        if isinstance(project, Project) and project.over is not None:
            raise ProjectIsOver(field="project_id", over=project.over, over_on=project.over_on)
    command = OrderGoods(
        now=work.now,
        order_id=order_id,
        project_id=project_id,
        lines=lines,
        ordered_on=ordered_on or day_of(work.now),
        agreed_on=agreed_on,
        bill_to=bill_to,
        vat_rates=(await policy_of(work)).vat_rates,
        channel=channel,
    )
    await work.execute(GOODS_ORDER, order_id, command, account=account)


async def deliver(work: Work, account: AccountId, *, order_id: OrderId, delivery_id: str, delivered_on: date, pieces: Pieces) -> None:
    """Note a delivery; what belongs to a project says so, and whether a milestone of it is still to come (INV-5)."""
    state = await work.load(GOODS_ORDER, order_id)
    project_id = state.project_id if isinstance(state, GoodsOrder) else None
    project = await work.load(PROJECT, project_id) if project_id is not None else NoProject()
    command = Deliver(
        now=work.now,
        order_id=order_id,
        delivery_id=delivery_id,
        delivered_on=delivered_on,
        pieces=pieces,
        project_title=project.title if isinstance(project, Project) else None,
        project_is_over=isinstance(project, Project) and project.over is not None,
    )
    await _on_order(work, account, command)


async def cancel_goods(work: Work, account: AccountId, *, order_id: OrderId, pieces: Pieces, reason: str, channel: str) -> None:
    """Note that pieces need not come any more."""
    command = CancelGoods(now=work.now, order_id=order_id, pieces=pieces, reason=reason, channel=channel)
    await _on_order(work, account, command)


async def agree_delivery(work: Work, account: AccountId, *, order_id: OrderId, agreed_on: date, channel: str) -> None:
    """Note another delivery day; a task about the earlier one is done with."""
    if await work.execute(
        GOODS_ORDER, order_id, AgreeDelivery(now=work.now, order_id=order_id, agreed_on=agreed_on, channel=channel), account=account
    ):
        await _finish_late(work, account, order_id, f"{agreed_on} was agreed instead")


async def place(
    work: Work,
    account: AccountId,
    *,
    order_id: OrderId,
    placement_id: str,
    line_id: str,
    quantity: int,
    serial_number: str | None,
    placed_on: date,
) -> None:
    """Note that pieces were put into use; their warranty runs from then (CON-12)."""
    command = Place(
        now=work.now,
        order_id=order_id,
        placement_id=placement_id,
        line_id=line_id,
        quantity=quantity,
        serial_number=serial_number,
        placed_on=placed_on,
        own_months=(await policy_of(work)).hardware_warranty_months,
    )
    await work.execute(GOODS_ORDER, order_id, command, account=account)


async def extend_warranty(
    work: Work, account: AccountId, *, order_id: OrderId, placement_id: str, months: int, net: Decimal, vat_rate: Decimal, channel: str
) -> None:
    """Sell more months of warranty (CON-12)."""
    command = ExtendWarranty(
        now=work.now,
        order_id=order_id,
        placement_id=placement_id,
        months=months,
        net=net,
        vat_rate=vat_rate,
        vat_rates=(await policy_of(work)).vat_rates,
        channel=channel,
    )
    await work.execute(GOODS_ORDER, order_id, command, account=account)


async def _on_order(work: Work, account: AccountId, command: GoodsCommand) -> None:
    """Carry out; with nothing left to deliver, the task about its lateness is done."""
    await work.execute(GOODS_ORDER, command.order_id, command, account=account)
    state = await work.load(GOODS_ORDER, command.order_id)
    if isinstance(state, GoodsOrder) and not state.is_outstanding:
        await _finish_late(work, account, command.order_id, "everything was delivered or cancelled")


def late_task(order_id: str, agreed_on: date) -> str:
    """The id of the task about a delivery that was agreed for that day."""
    return f"late~{order_id}~{agreed_on}"


async def _finish_late(work: Work, account: AccountId, order_id: OrderId, outcome: str) -> None:
    for row in await work.fetch(SQL["open_late_tasks"], work.provider, order_id):
        await work.execute(MANAGER_TASK, row["task_id"], FinishTask(now=work.now, task_id=row["task_id"], outcome=outcome), account=account)


async def on_delivery_awaited(work: Work, fired: Fired[DeliveryAwaited]) -> Outcome:
    """The agreed day is ending and not everything is there: a manager gets a task (CON-11)."""
    state = await work.load(GOODS_ORDER, fired.key)
    agreed_on = fired.wake_up.agreed_on
    if not isinstance(state, GoodsOrder) or not state.is_outstanding or state.agreed_on != agreed_on:
        return NoEffect("everything was delivered or cancelled, or another day was agreed")
    missing = ", ".join(f"{one.outstanding} x {one.line.article}" for one in state.lines.values() if one.outstanding)
    task_id = late_task(fired.key, agreed_on)
    command = RaiseTask(
        now=work.now,
        task_id=task_id,
        kind="delivery_late",
        subject_id=fired.key,
        reason=f"agreed for {agreed_on}, not delivered: {missing}",
        raised_on=day_of(work.now),
    )
    await work.execute(MANAGER_TASK, task_id, command, account=fired.account)
    return Handled()


# -- Leases ----------------------------------------------------------------------------------------------------------


async def start_lease(
    work: Work,
    account: AccountId,
    *,
    lease_id: LeaseId,
    module_id: ModuleId,
    tariff_id: TariffId,
    order_id: OrderId | None,
    quantity: int,
    months: int,
    starts_on: date,
    channel: str,
) -> None:
    """Lease: order the module, give it its last day at once, and watch the term (CON-11). All of it or nothing."""
    if order_id is not None:
        await must_own(work, "order", account, order_id, what="order")
    ordered_on = min(day_of(work.now), starts_on)
    tariff = await tariff_for(work, tariff_id, on=ordered_on)
    command = StartLease(
        now=work.now,
        lease_id=lease_id,
        module_id=module_id,
        order_id=order_id,
        tariff=tariff,
        months=months,
        starts_on=starts_on,
        warning_days=(await policy_of(work)).lease_warning_days,
    )
    await work.execute(LEASE, lease_id, command, account=account)
    await _order_module(work, account, command, quantity=quantity, ordered_on=ordered_on, channel=channel)


async def _order_module(work: Work, account: AccountId, lease: StartLease, *, quantity: int, ordered_on: date, channel: str) -> None:
    """The module that bills the lease, from its first day to its last."""
    tariff = lease.tariff
    await order(
        work,
        account,
        module_id=lease.module_id,
        tariff_id=tariff.tariff_id,
        quantity=quantity,
        ordered_on=ordered_on,
        starts_on=lease.starts_on if tariff.notice.starts == "start" else None,
        options=(),
        is_manager=True,
        channel=channel,
    )
    await _start_module_on(work, account, lease.module_id, lease.starts_on)
    await _end_module_on(work, account, lease.module_id, last_day(lease.starts_on, lease.months))


async def _start_module_on(work: Work, account: AccountId, module_id: ModuleId, starts_on: date) -> None:
    """What is leased starts with its lease; where a delivery decides, that is it. Raises ``InvalidInput`` naming ``starts_on``."""
    module = await work.load(MODULE, module_id)
    if isinstance(module, AwaitingDelivery):
        delivered = Activate(now=work.now, module_id=module_id, active_from=starts_on, is_manager=True)
        await work.execute(MODULE, module_id, delivered, account=account)
        module = await work.load(MODULE, module_id)
    if not isinstance(module, Running) or module.starts_on != starts_on:
        raise InvalidInput(field="starts_on", reason="modules of this tariff do not start on a day of choice")


async def extend_lease(work: Work, account: AccountId, *, lease_id: LeaseId, months: int) -> None:
    """Prolong: the lease and its module have another last day; the task about the earlier one is done with."""
    warning_days = (await policy_of(work)).lease_warning_days
    await work.execute(
        LEASE, lease_id, ExtendLease(now=work.now, lease_id=lease_id, months=months, warning_days=warning_days), account=account
    )
    lease = await work.load(LEASE, lease_id)
    assert isinstance(lease, RunningLease), "it was just prolonged"
    await _end_module_on(work, account, lease.module_id, lease.ends_on, channel=EXTENSION_CHANNEL)
    for row in await work.fetch(SQL["open_lease_tasks"], work.provider, lease_id):
        done = FinishTask(now=work.now, task_id=row["task_id"], outcome=f"prolonged to {lease.ends_on}")
        await work.execute(MANAGER_TASK, row["task_id"], done, account=account)


async def _end_module_on(work: Work, account: AccountId, module_id: ModuleId, ends_on: date, *, channel: str = TERM_CHANNEL) -> None:
    """Rating bills the module until that day, and credits what was billed beyond it."""
    command = Cancel(now=work.now, module_id=module_id, notice_on=day_of(work.now), ends_on=ends_on, is_manager=True, channel=channel)
    await work.execute(MODULE, module_id, command, account=account)


async def end_lease_with(work: Work, account: AccountId, decided: Sequence[ModuleEvent]) -> None:
    """Where a module that was leased is over before the lease's last day, so is the lease (CON-11)."""
    for event in decided:
        if isinstance(event, ModuleEnded | ModuleTerminated):
            ended_on = event.ended_on if isinstance(event, ModuleEnded) else event.terminated_on
            for row in await work.fetch(SQL["running_lease"], work.provider, event.module_id):
                over = EndLeaseEarly(now=work.now, lease_id=LeaseId(row["lease_id"]), ended_on=ended_on)
                await work.execute(LEASE, over.lease_id, over, account=account)


async def on_lease_end_nears(work: Work, fired: Fired[LeaseEndNears]) -> Outcome:
    """Some days before the end a manager gets a task: prolong, take back, or sell (CON-11)."""
    lease, ends_on = await work.load(LEASE, fired.key), fired.wake_up.ends_on
    if not isinstance(lease, RunningLease) or lease.ends_on != ends_on:
        return NoEffect("the lease was prolonged, or is over")
    module = await work.load(MODULE, lease.module_id)
    if isinstance(module, Over):
        over = EndLeaseEarly(now=work.now, lease_id=LeaseId(fired.key), ended_on=module.ended_on)
        await work.execute(LEASE, fired.key, over, account=fired.account)
        return Handled()
    task_id = f"lease~{fired.key}~{ends_on}"
    command = RaiseTask(
        now=work.now,
        task_id=task_id,
        kind="lease_ends",
        subject_id=fired.key,
        reason=f"{lease.title}: leased for {lease.months} months, the last day is {ends_on}",
        raised_on=day_of(work.now),
    )
    await work.execute(MANAGER_TASK, task_id, command, account=fired.account)
    return Handled()


async def on_lease_end_due(work: Work, fired: Fired[LeaseEndDue]) -> Outcome:
    """The last day is over. A module whose end was withdrawn or moved meanwhile ends with its lease all the same (CON-11)."""
    command = EndLease(now=work.now, lease_id=LeaseId(fired.key), ends_on=fired.wake_up.ends_on)
    ended = await work.execute(LEASE, fired.key, command, account=fired.account)
    if not ended:
        return NoEffect("the lease was prolonged, or is over")
    (event,) = ended
    module = await work.load(MODULE, event.module_id)
    if isinstance(module, Running) and (module.ending is None or module.ending.ends_on > fired.wake_up.ends_on):
        await _end_module_on(work, fired.account, event.module_id, fired.wake_up.ends_on)
    return Handled()


async def finish_task(work: Work, *, task_id: str, outcome: str) -> None:
    """Somebody looked."""
    rows = await work.fetch(SQL["task_account"], work.provider, task_id)
    if not rows:
        raise NotFound(what="task", id=task_id)
    account = AccountId(rows[0]["account"])
    await work.execute(MANAGER_TASK, task_id, FinishTask(now=work.now, task_id=task_id, outcome=outcome), account=account)


GOODS_WAKE_UPS: tuple[WakeUpHandler[DeliveryAwaited] | WakeUpHandler[LeaseEndNears] | WakeUpHandler[LeaseEndDue], ...] = (
    WakeUpHandler(wake_up=DeliveryAwaited, handle=on_delivery_awaited, streams=lambda fired: [(GOODS_ORDER, fired.key)]),
    WakeUpHandler(wake_up=LeaseEndNears, handle=on_lease_end_nears, streams=lambda fired: [(LEASE, fired.key)]),
    WakeUpHandler(wake_up=LeaseEndDue, handle=on_lease_end_due, streams=lambda fired: [(LEASE, fired.key)]),
)
