"""What of a project, an order of goods or a lease its history compares before and after each event (SEC-3, CON-11). Pure."""

from typing import Any

import msgspec

from termijn.contracts.goods_state import GoodsOrder, GoodsState
from termijn.contracts.history import Shown
from termijn.contracts.lease import EndedLease, Lease, NoLease
from termijn.contracts.project import NoProject, ProjectState


def project_shown(state: ProjectState) -> Shown:
    """A project as fields: each milestone by its id with the day on which it was reached."""
    if isinstance(state, NoProject):
        return {}
    plain = msgspec.to_builtins(state)
    found: dict[str, Any] = {name: plain[name] for name in ("title", "remainder", "delivered_on", "over", "over_on")}
    found |= {f"milestones.{key}": {**one, "reached_on": state.reached.get(key)} for key, one in plain["plan"].items()}
    return found


def goods_shown(state: GoodsState) -> Shown:
    """An order as fields: of each line what was delivered, cancelled and placed; what was placed by its id."""
    if not isinstance(state, GoodsOrder):
        return {}
    plain = msgspec.to_builtins(state)
    found: dict[str, Any] = {name: plain[name] for name in ("project_id", "agreed_on", "goes_to_lease_company")}
    for key, line in state.lines.items():
        found[f"lines.{key}"] = {"delivered": line.delivered, "cancelled": line.cancelled, "placed": line.placed, "net": line.net}
    found |= {f"placements.{key}": one for key, one in plain["placements"].items()}
    return found


def lease_shown(state: Lease) -> Shown:
    """A lease as fields."""
    if isinstance(state, NoLease):
        return {}
    if isinstance(state, EndedLease):
        return {"state": "ended", "ended_on": state.ended_on}
    return {"state": "running", "months": state.months, "ends_on": state.ends_on}
