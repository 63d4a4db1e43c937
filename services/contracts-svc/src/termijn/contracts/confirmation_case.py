"""What the letter about a confirmation is written from, looked up: the module as it was when that was decided, the customer, the sender.

As it was, not as it is: a mail that is tried again must say the same (one Message-ID, one text).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from termijn.contracts.account_state import OpenAccount
from termijn.contracts.confirmation_letter import Lease, Told
from termijn.contracts.letterhead import letterhead_of
from termijn.contracts.module import MODULE
from termijn.contracts.module_state import TariffFrom
from termijn.contracts.tariff import TARIFF
from termijn.kernel.ids import TariffId
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Work
from termijn.runtime.sql import Row, load

QUERIES = load("termijn.contracts", "queries.sql")


class ModuleThen(msgspec.Struct, frozen=True, kw_only=True):
    """A module after a version of its stream, on a day: which tariff version, how many, and the day that its terms count from;
    ``planned`` are the days and tariff versions of new terms that are to start later.
    """

    tariff_id: TariffId
    tariff_version: int
    quantity: int
    counts_from: date | None
    planned: tuple[tuple[date, TariffId, int], ...] = ()


async def told_of(work: Work, row: Row, personal: Mapping[str, Any], account: OpenAccount) -> Told:
    """All that the letter of this row of ``confirmations_due`` is written from."""
    facts: dict[str, Any] = msgspec.json.decode(row["facts"])
    told = Told(
        kind=row["kind"],
        facts=facts,
        personal=personal,
        reference=row["module_id"],
        decided_on=row["decided_on"],
        actor=row["actor"],
        customer=account.facts,
        letterhead=await letterhead_of(work),
    )
    return told if "about" in facts else await _with_module(work, row, told)


async def _with_module(work: Work, row: Row, told: Told) -> Told:
    module_id, version = row["module_id"], int(row["confirmation_id"].rpartition("/")[2])
    stream = MODULE.stream(work.provider, module_id)
    day = date.fromisoformat(told.facts["day"]) if told.facts.get("day") and told.kind not in _BY_DAY_OF_DECISION else told.decided_on
    then = module_then(await work.fetch(QUERIES["module_until"], work.provider, stream, version), day)
    # A new start is the suspension's of the same moment, not of later ones (CON-10).
    suspended = await work.fetch(QUERIES["suspended_with"], work.provider, stream, version + 1, row["decided_at"])
    leased = await work.fetch(QUERIES["lease_of_module"], work.provider, module_id) if told.kind == "ModuleOrdered" else ()
    numbers = await work.fetch(QUERIES["numbers_at"], work.provider, module_id, version)
    return msgspec.structs.replace(
        told,
        tariff=await _tariff(work, then.tariff_id, then.tariff_version),
        quantity=then.quantity,
        counts_from=then.counts_from,
        planned=tuple(
            [
                TariffFrom(from_on=from_on, tariff=await _tariff(work, tariff_id, version), counts_from=from_on)
                for from_on, tariff_id, version in then.planned
            ]
        ),
        numbers=tuple(one["subject"] for one in numbers),
        still_works=tuple(suspended[0]["still_works"]) if suspended else None,
        lease=Lease(**leased[0]) if leased else None,
    )


_BY_DAY_OF_DECISION = frozenset({"ModuleCancelled", "OptionRemoved", "LeaseTermAgreed", "PriceChangeAnnounced"})
"""Kinds whose letter speaks of the contract as it was when they were decided; the others of how it is from their day on."""


def module_then(rows: Sequence[Row], day: date) -> ModuleThen:
    """The module on the day, by the rows of ``module_until``, the first of which is its order.

    Before the first day of a timeline, its first (as ``Terms`` has it).
    """
    order = rows[0]
    starts_on = next(
        (row["from_on"] for row in rows if row["from_on"] is not None and row["type"] in ("ModuleOrdered", "ModuleActivated")), None
    )
    tariff, quantity, new_term = order, order, None
    later: dict[date, Row] = {}
    for row in sorted(rows[1:], key=_by_day):
        if row["from_on"] is None or row["from_on"] > day:
            if row["from_on"] is not None and row["type"] == "TariffChanged":
                later[row["from_on"]] = row
            continue
        if row["type"] == "ModuleScaled":
            quantity = row
        elif row["type"] == "TariffChanged":
            tariff, new_term = row, row["from_on"] if row["starts_new_term"] else new_term
    return ModuleThen(
        tariff_id=TariffId(tariff["tariff_id"]),
        tariff_version=tariff["tariff_version"],
        quantity=quantity["quantity"],
        counts_from=new_term or starts_on,
        planned=tuple(
            (from_on, TariffId(row["tariff_id"]), row["tariff_version"]) for from_on, row in later.items() if row["starts_new_term"]
        ),
    )


def _by_day(row: Row) -> tuple[date, int]:
    """Of one day the one that was decided last counts."""
    return row["from_on"] or date.min, row["version"]


async def _tariff(work: Work, tariff_id: TariffId, version: int) -> Tariff:
    found = (await work.load(TARIFF, tariff_id)).version(version)
    assert found is not None, f"a module runs on {tariff_id}, version {version}, which was never published"
    return found
