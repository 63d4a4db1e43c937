"""The contract page: how long it runs, each module with its state, and the dates that notice would give, explained (CON-13)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_check import contract_start
from termijn.contracts.account_command import AdmitOrder
from termijn.contracts.account_state import ContractStartCorrected, OpenAccount
from termijn.contracts.api.module_pages import known_module
from termijn.contracts.api.points import last_of, state_at, state_now, version_before
from termijn.contracts.as_of import end_of, module_on
from termijn.contracts.catalogue_views import SQL
from termijn.contracts.end_date import Notice
from termijn.contracts.module import MODULE
from termijn.contracts.module_state import AwaitingDelivery, Running, TariffFrom
from termijn.contracts.ordering import QUERIES
from termijn.kernel.calendar import at, day_of
from termijn.kernel.errors import NotFound, Refusal
from termijn.kernel.ids import AccountId, ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.http import Reader, Role
from termijn.runtime.sql import Row


async def contract_of(reader: Reader, account: Row, *, today: date) -> dict[str, Any]:
    """Everything about the account's contract on that day."""
    key = (reader.principal.provider, account["account"])
    modules = await reader.fetch(QUERIES["modules"], *key, today)
    parts = {
        "options": await _options(reader, key, today),
        "subjects": _by_module(await reader.fetch(QUERIES["subjects"], *key, at(today, "00:00"))),
        "changes": _by_module(await reader.fetch(QUERIES["pending"], *key, today)),
        "price_changes": _by_module(await reader.fetch(SQL["announced"], *key)),
    }
    planned = await _new_terms(reader, key, today)
    spans = [(row["starts_on"], row["ends_on"]) for row in modules]
    said_on = await _corrected_on(reader, account["account"]) if account["contract_start"] is not None else None
    is_consumer = msgspec.json.decode(account["facts"])["debtor_kind"] == "consumer"
    return {
        "account": account["account"],
        "on": today,
        "contract_since": contract_start(spans, today=today, corrected=account["contract_start"], said_on=said_on),
        "modules": [
            {
                **_module(row, today, is_consumer=is_consumer, planned=planned.get(row["module_id"], ())),
                **{name: of.get(row["module_id"], []) for name, of in parts.items()},
            }
            for row in modules
        ],
    }


async def _new_terms(reader: Reader, key: tuple[str, str], today: date) -> dict[str, list[TariffFrom]]:
    """New terms by module that are to start later, which notice today meets where it would end the module no earlier (CAT-25)."""
    found: dict[str, list[TariffFrom]] = {}
    for row in await reader.fetch(QUERIES["new_terms"], *key, today):
        tariff = msgspec.json.decode(row["tariff"], type=Tariff)
        term = TariffFrom(from_on=row["from_on"], tariff=tariff, counts_from=row["counts_from"])
        found.setdefault(row["module_id"], []).append(term)
    return found


async def _options(reader: Reader, key: tuple[str, str], today: date) -> dict[str, list[dict[str, Any]]]:
    """Options by module as they were said last; where that is still to come, also what there is until then."""
    found = _by_module(await reader.fetch(QUERIES["options"], *key))
    for module_id, options in found.items():
        if all(option["from_on"] <= today for option in options):
            continue
        state, _ = await state_now(reader, MODULE, module_id)
        present = state.terms.options if isinstance(state, AwaitingDelivery | Running) else {}
        there = [(one, span) for one, option in present.items() if option.from_on > today and (span := option.on(today)) is not None]
        planned = [one for one in options if one.get("ends_on", date.max) >= one["from_on"]]
        found[module_id] = [*({"article_id": one, **msgspec.structs.asdict(span)} for one, span in there), *planned]
    return found


async def ordering_of(reader: Reader, account: str, *, today: date) -> dict[str, Any]:
    """Whether the caller could order for the account now, or why not: the account's own decision is asked (CON-2, CON-10)."""
    is_manager = reader.principal.role is not Role.CUSTOMER
    admit = AdmitOrder(now=reader.now, account=AccountId(account), module_id=ModuleId("asked"), ordered_on=today, is_manager=is_manager)
    try:
        ACCOUNT.decide(admit, (await state_now(reader, ACCOUNT, account))[0])
    except Refusal as refusal:
        return {"is_allowed": False, "code": refusal.code, "why_not": refusal.message}
    return {"is_allowed": True, "code": None, "why_not": None}


async def contract_as_of(reader: Reader, account: str, day: date) -> dict[str, Any]:
    """What was in force on that day: dated changes by their day, what was said as it stood when the day ended."""
    rows = await reader.fetch(QUERIES["module_ids"], reader.principal.provider, account)
    modules = []
    for row in rows:
        found = module_on(day, await known_module(reader, row["module_id"], day))
        if found is not None:
            modules.append({"module_id": row["module_id"], **found})
    version = await version_before(reader, ACCOUNT, account, end_of(day))
    state = await state_at(reader, ACCOUNT, account, version)
    if not isinstance(state, OpenAccount):
        raise NotFound(what=f"account on {day}", id=account)
    spans = [(module["starts_on"], module["ends_on"]) for module in modules]
    said_on = await _corrected_on(reader, account, until=version) if state.contract_start is not None else None
    since = contract_start(spans, today=day, corrected=state.contract_start, said_on=said_on)
    return {"account": account, "as_of": day, "contract_since": since, "modules": modules}


async def _corrected_on(reader: Reader, account: str, *, until: int | None = None) -> date | None:
    """The day on which a manager last said since when the contract runs (CON-1)."""
    said = await last_of(reader, ACCOUNT, account, (ContractStartCorrected.__name__,), until=until)
    return day_of(said.occurred_at) if said is not None else None


def _module(row: Row, today: date, *, is_consumer: bool, planned: Sequence[TariffFrom]) -> dict[str, Any]:
    tariff = msgspec.json.decode(row["tariff"], type=Tariff)
    return {
        "module_id": row["module_id"],
        "version": row["version"],
        "kind": row["kind"],
        "state": _state(row),
        "tariff": {"tariff_id": tariff.tariff_id, "version": tariff.version, "title": tariff.title, "notice": tariff.notice.name},
        "quantity": row["quantity"],
        "ordered_on": row["ordered_on"],
        "starts_on": row["starts_on"],
        "ends_on": row["ends_on"],
        "explanation": row["explanation"],
        "suspension": _suspension(row),
        "over_reason": row["over_reason"],
        "notice_today": _notice_today(row, tariff, today, is_consumer=is_consumer, planned=planned),
    }


def _state(row: Row) -> str:
    """As the portal says it: awaiting delivery, running, cancelled to a date, ended, terminated."""
    return "cancelled" if row["state"] == "running" and row["ends_on"] is not None else str(row["state"])


def _suspension(row: Row) -> dict[str, Any] | None:
    """That it is suspended, why, and what still works (CON-10)."""
    if row["suspended_at"] is None:
        return None
    return {"since": row["suspended_at"], "reason": row["suspension_reason"], "still_works": row["still_works"]}


def _notice_today(row: Row, tariff: Tariff, today: date, *, is_consumer: bool, planned: Sequence[TariffFrom]) -> dict[str, Any] | None:
    """What notice given today would do, with the steps (CON-13); None where there is no notice to give."""
    if row["state"] != "running" or row["ends_on"] is not None:
        return None
    notice = Notice(
        rule=tariff.notice,
        counts_from=row["counts_from"],
        given=today,
        is_telecom=tariff.is_telecom,
        is_consumer=is_consumer,
        fixed_until=row["leased_until"],
        planned=planned,
    )
    end = notice.earliest()
    return {"ends_on": end.ends_on, "last_notice_day": end.last_notice_day, "renews_on": end.renews_on, "steps": end.steps}


def _by_module(rows: Any) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        plain = {name: value for name, value in row.items() if name != "module_id" and value is not None}
        found.setdefault(row["module_id"], []).append(plain)
    return found
