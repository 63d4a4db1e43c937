"""An account is deleted: only when nothing is left of it, everywhere, and nothing half (CON-7)."""

import asyncio
import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from termijn.embedded.installation import open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.keeping.backup import backup
from termijn.keeping.place import Place
from termijn.keeping.recovery import examine, release
from termijn.keeping.restore import restore_service
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime import erasure
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Work
from termijn.testing.story import OPENS_AT, MadeCall, Story

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(300)]

ACME = "/contracts/accounts/acme"
DELETION = f"{ACME}/deletion"


async def ended(story: Story) -> None:
    """An account that had a module for two months; nothing of it runs on, and nothing is paid."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "workplace")
    await story.installation.settle()
    await story.call("POST", f"{ACME}/modules/acme-workplace/cancellation", {"ends_on": "2026-01-31"})
    await story.until(date(2026, 2, 2))


async def why(story: Story) -> list[str]:
    """What the portal shows beside the greyed button."""
    told = await story.call("GET", DELETION)
    assert told["may_be_deleted"] == (told["state"] == "open" and not told["reasons"])
    return sorted({f"{one['service']}: {one['kind']}" for one in told["reasons"]})


async def state(story: Story) -> str:
    return str((await story.call("GET", DELETION))["state"])


async def pay_all(story: Story) -> None:
    for invoice in await story.invoices("acme"):
        if Decimal(invoice["open"]):
            await story.pay(invoice)
    await story.installation.settle()


@pytest.mark.rule("CON-7")
async def test_every_reason_is_told_while_there_is_one_and_asking_is_refused_with_them(story: Story) -> None:
    """Module, unbilled, open, in dunning, with the bailiff; each goes when its cause goes."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "workplace")
    await story.installation.settle()
    assert await why(story) == ["contracts: module_runs"]
    refused = await story.ask("POST", DELETION, role="customer", account="acme")
    assert (refused.status_code, refused.json()["code"]) == (409, "NotDeletable")
    assert refused.json()["errors"] == [{"field": "contracts", "detail": "module_runs acme-workplace"}]
    await story.call("POST", f"{ACME}/modules/acme-workplace/cancellation", {"ends_on": "2026-01-31"})
    await story.installation.settle()
    assert await why(story) == ["contracts: module_runs", "rating: unbilled"]
    await story.until(date(2026, 2, 2))
    assert await why(story) == ["invoice: open"]
    await story.until(date(2026, 2, 11))
    assert await why(story) == ["dunning: in_dunning", "invoice: open"]
    await story.until(date(2026, 4, 20))
    assert await why(story) == ["dunning: with_bailiff", "invoice: open"]
    assert (await story.ask("POST", DELETION)).status_code == 409
    await pay_all(story)
    assert await why(story) == []
    await story.pay((await story.invoices("acme"))[0], "5.00")
    assert await why(story) == ["invoice: in_credit"]
    assert await state(story) == "open"


@pytest.mark.rule("CON-7", "SEC-1")
async def test_who_asks_is_let_in_nowhere_any_more_and_a_manager_sees_that_it_is_gone(story: Story) -> None:
    await ended(story)
    await pay_all(story)
    assert (await story.ask("POST", DELETION, role="customer", account="other")).status_code == 403
    asked = await story.ask("POST", DELETION, role="customer", account="acme")
    assert asked.status_code == 202
    for path in (ACME, f"{ACME}/contract", DELETION):
        refused = await story.ask("GET", path, role="customer", account="acme")
        assert (refused.status_code, refused.json()["code"]) == (403, "AccountBeingDeleted"), "at once, before any service has answered"
    order = {"module_id": "m-2", "tariff_id": "workplace", "quantity": 1}
    for role, account in (("customer", "acme"), ("manager", None)):
        assert (await story.ask("POST", f"{ACME}/modules", order, role=role, account=account)).status_code == 403
    await story.installation.settle()
    assert await state(story) == "deleted"
    for path in (ACME, "/invoice/invoices", "/rating/accounts/acme/use?period=2026-01", "/dunning/cases?account=acme"):
        refused = await story.ask("GET", path, role="customer", account="acme")
        assert (refused.status_code, refused.json()["code"]) == (410, "AccountGone"), path
    assert (await story.ask("POST", f"{ACME}/modules", order)).status_code == 410
    told = await story.call("GET", ACME)
    assert (told["contract_partner"], told["exemption"]) == (None, None)
    assert (await story.ask("POST", DELETION)).status_code == 202, "asked twice is asked once"
    assert len(await story.invoices("acme")) == 1, "the document is kept"


@pytest.mark.rule("CON-7")
@pytest.mark.parametrize("order_first", [True, False])
async def test_an_order_that_races_with_the_deletion_is_refused_or_ends_it(story: Story, order_first: bool) -> None:
    """Whoever comes first, the account has either a module or no future."""
    await ended(story)
    await pay_all(story)
    order = story.ask("POST", f"{ACME}/modules", {"module_id": "m-2", "tariff_id": "workplace", "quantity": 1})
    deletion = story.ask("POST", DELETION)
    answers = await asyncio.gather(*((order, deletion) if order_first else (deletion, order)))
    ordered, asked = answers if order_first else answers[::-1]
    await story.installation.settle()
    if ordered.status_code == 201:
        assert await state(story) == "open"
        assert asked.status_code == 409 or (await story.call("GET", DELETION))["ended_because"] == "changed_meanwhile"
    else:
        assert (ordered.status_code in (403, 410), await state(story)) == (True, "deleted")


@pytest.mark.rule("CON-7")
async def test_use_that_comes_in_between_holds_the_deletion_until_it_is_billed_and_paid(story: Story) -> None:
    """A service that was ready answers anew; access stays closed meanwhile, and a manager may call it off."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls", subject="100")
    await story.call("POST", f"{ACME}/modules/acme-calls/cancellation", {"ends_on": "2026-01-31"})
    await story.until(date(2026, 2, 2))
    await pay_all(story)
    assert await why(story) == []
    # A record of before, late: rating has it before it hears that it is asked.
    await story.calls(MadeCall(call_id="late", on=date(2026, 1, 20), seconds=600))
    await story.call("POST", DELETION)
    await story.installation.settle()
    assert await state(story) == "waiting"
    assert await why(story) == ["rating: unbilled"]
    (one,) = await story.items("/contracts/deletions")
    assert (one["account"], one["state"]) == ("acme", "waiting")
    assert (await story.ask("GET", ACME, role="customer", account="acme")).status_code == 403
    await story.call("DELETE", DELETION)
    assert (await story.ask("GET", ACME, role="customer", account="acme")).status_code == 200
    assert (await story.ask("DELETE", DELETION)).status_code == 409
    await story.until(date(2026, 3, 2))
    await pay_all(story)
    await story.until(date(2026, 4, 2))
    await pay_all(story)
    assert await why(story) == []
    await story.call("POST", DELETION)
    await story.installation.settle()
    assert await state(story) == "deleted"


@pytest.mark.rule("CON-7", "TIM-1")
async def test_a_service_that_does_not_answer_is_named_to_ops_and_asked_again(story: Story) -> None:
    """After thirty days the account stays, and is open again."""
    await ended(story)
    await pay_all(story)
    away = story.installation.service("dunning")
    others = [service for service in story.installation.services if service is not away]
    story.installation.services = others
    await story.call("POST", DELETION)
    await story.until(story.today + timedelta(days=2))
    (one,) = await story.items("/contracts/deletions")
    assert (one["overdue"], one["attempt"]) == (["dunning"], 3)
    story.installation.services = [*others, away]
    await story.installation.settle()
    assert await state(story) == "deleted"
    assert await story.items("/contracts/deletions") == []


@pytest.mark.rule("CON-7")
async def test_a_deletion_that_cannot_end_gives_the_account_back_after_thirty_days(story: Story) -> None:
    await ended(story)
    await pay_all(story)
    away = story.installation.service("dunning")
    others = [service for service in story.installation.services if service is not away]
    story.installation.services = others
    await story.call("POST", DELETION)
    await story.until(story.today + timedelta(days=31))
    told = await story.call("GET", DELETION)
    assert (told["state"], told["ended_because"]) == ("open", "took_too_long")
    assert (await story.ask("GET", ACME, role="customer", account="acme")).status_code == 200
    story.installation.services = [*others, away]
    await story.installation.settle()


@pytest.mark.rule("CON-7", "PAY-3")
async def test_money_of_the_account_that_matches_nothing_stands_in_the_way_until_somebody_says_what_it_is(story: Story) -> None:
    """The provider has it, and knows the payer by name; set aside, whoever paid it is forgotten with the account."""
    await ended(story)
    await pay_all(story)
    assert await why(story) == []
    money = {"money_id": "u-1", "amount": "5.00", "value_on": story.today.isoformat(), "name": "ACME BV", "reference": "voor u"}
    other = {**money, "money_id": "u-2", "name": "somebody else"}
    body = {"statement_id": "s-1", "booked_through": story.today.isoformat(), "unmatched": [money, other]}
    await story.call("POST", "/invoice/statements", body)
    await story.call("POST", DELETION)
    await story.installation.settle()
    assert (await state(story), await why(story)) == ("waiting", ["invoice: in_credit"])
    await story.call("POST", "/invoice/unmatched-money/u-1/setting-aside", {"reason": "a gift"})
    await story.installation.settle()
    assert (await state(story), await why(story)) == ("deleted", [])
    gone = (await story.items("/invoice/unmatched-money", state="set_aside"))[0]
    assert (gone["iban"], gone["name"], gone["reference"], gone["amount"]) == (None, None, None, "5.00")
    assert [one["name"] for one in await story.items("/invoice/unmatched-money")] == ["somebody else"]


@pytest.mark.rule("CON-7")
async def test_no_key_goes_before_it_is_committed_that_it_is_to_go(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Destroying cannot be taken back: with the decision in one transaction, a conflict at its commit left an account without a key."""
    await ended(story)
    await pay_all(story)
    contracts, keys = story.installation.service("contracts"), story.installation.services[0].keys
    known: list[tuple[str, str, bool]] = []
    destroy = keys.destroy
    decided = "select exists (select from event where account = $1 and type = 'AccountDeleted') as is_decided"

    async def watched(provider: ProviderId, account: str, *, purpose: str) -> bool:
        rows = await contracts.database.short(EVERY_PROVIDER, decided, account)
        known.append((account, purpose, rows[0]["is_decided"]))
        return await destroy(provider, account, purpose=purpose)

    monkeypatch.setattr(keys, "destroy", watched)
    await story.call("POST", DELETION)
    await story.installation.settle()
    assert await state(story) == "deleted"
    assert set(known) == {("acme", "account", True), ("acme", "mandate", True)}


@pytest.mark.rule("CON-7")
async def test_an_account_that_cannot_be_erased_now_stops_no_other(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown, and erased when what was in the way is gone."""
    await ended(story)
    await pay_all(story)
    await story.customer("zeta")
    await story.order("zeta", "workplace")
    await story.installation.settle()
    await story.call("POST", "/contracts/accounts/zeta/modules/zeta-workplace/cancellation", {"ends_on": story.today.isoformat()})
    await story.until(date(2026, 4, 2))
    for invoice in await story.invoices("zeta"):
        if Decimal(invoice["open"]):
            await story.pay(invoice)
    await story.installation.settle()
    forget = erasure.forget_account

    async def fails_for_acme(work: Work, account: AccountId, *more: Any) -> None:
        if account == "acme":
            raise OSError("the disk of its letters does not answer")
        await forget(work, account, *more)

    monkeypatch.setattr(erasure, "forget_account", fails_for_acme)
    for account in ("acme", "zeta"):
        await story.call("POST", f"/contracts/accounts/{account}/deletion")
    await story.installation.settle()
    for account, erased_by in (("acme", {"contracts"}), ("zeta", {"contracts", "dunning", "invoice", "rating"})):
        told = await story.call("GET", f"/contracts/accounts/{account}/deletion")
        by_others = {one["service"] for one in told["answers"] if one["erased_at"]}
        assert (told["state"], by_others) == ("deleted", erased_by - {"contracts"})
    monkeypatch.setattr(erasure, "forget_account", forget)
    await story.installation.settle()
    told = await story.call("GET", DELETION)
    assert all(one["erased_at"] for one in told["answers"])


BREACHES = (
    ("contracts", "account", "update account set contract_partner = '{}'", "names, addresses or numbers are left"),
    ("contracts", "forgotten_account", "delete from forgotten_account", "no process was told to forget it"),
    ("contracts", "timer", "update timer set fired_at = null, cancelled_at = null where wake_up = 'AskAgain'", "a date is ahead"),
    ("contracts", "account_deletion", "update account_deletion set overdue = '{rating}'", "not erased in time by rating"),
    ("contracts", "account_deletion", "update account_deletion set state = 'waiting'", "waits for no date"),
    ("contracts", "confirmation", "update confirmation set state = 'due'", "is about to be sent"),
    ("rating", "usage", "update usage set subject = '+31612345678'", "says who called whom"),
    ("rating", "usage_id", "update usage_id set content = gen_random_uuid()", "can be found from its hash"),
    ("invoice", "delivery", "update delivery set status = 'due'", "is about to be mailed"),
    (
        "dunning",
        "dunning_hold",
        "insert into dunning_hold values ('belco', 'h', 'acme', null, 'Jan', now(), now(), 'ended', now())",
        "has a reason",
    ),
    ("keys", "personal_key", "update personal_key set key = '1', destroyed_at = null where purpose = 'account'", "account: it is there"),
    ("keys", "personal_key", "update personal_key set key = '1', destroyed_at = null where purpose = 'mandate'", "mandate: it is there"),
)


async def broken_by(story: Story, service: str, table: str, statement: str) -> list[str]:
    """What is told while that is so; then the table is as it was."""
    await story.tamper(service, f"create table kept_aside as select * from {table}", statement)
    broken = await story.installation.verify()
    put_back = f"insert into {table} overriding system value select * from kept_aside"
    await story.tamper(service, f"delete from {table}", put_back, "drop table kept_aside")
    return list(broken)


@pytest.mark.rule("CON-7")
async def test_verify_tells_of_a_deleted_account_that_has_something_left_and_of_a_deletion_that_stands(story: Story) -> None:
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls", subject="100")
    await story.calls(MadeCall(call_id="c-1", on=date(2026, 1, 10), seconds=600))
    await story.call("POST", f"{ACME}/modules/acme-calls/cancellation", {"ends_on": "2026-01-31"})
    await story.until(date(2026, 2, 2))
    await pay_all(story)
    await story.call("POST", DELETION)
    await story.installation.settle()
    assert (await state(story), await story.installation.verify()) == ("deleted", [])
    for service, table, statement, told in BREACHES:
        broken = await broken_by(story, service, table, statement)
        assert any(told in one for one in broken), (statement, broken)
    await story.verify()


@pytest.mark.rule("CON-7", "PAY-4")
async def test_a_reversal_after_the_deletion_opens_the_invoice_and_asks_a_person(story: Story) -> None:
    """Late money still has its place: nothing is lost, and no letter goes to nobody."""
    await story.open_shop()
    await story.customer("acme", debit=True)
    await story.order("acme", "workplace")
    await story.installation.settle()
    await story.call("POST", f"{ACME}/modules/acme-workplace/cancellation", {"ends_on": "2026-01-31"})
    await story.until(date(2026, 2, 9), "12:00")
    payment = await story.pay((await story.invoices("acme"))[0], method="direct_debit")
    await story.call("POST", DELETION)
    await story.installation.settle()
    assert await state(story) == "deleted"
    await story.call("POST", f"/invoice/payments/{payment}/reversal", {"reason_code": "MD06", "reversed_on": story.today.isoformat()})
    await story.until(date(2026, 3, 1))
    assert Decimal((await story.invoices("acme"))[0]["open"]) == Decimal("121.00")
    assert await story.steps("acme") == []
    assert "no_address" in {task["kind"] for task in await story.items("/dunning/tasks")}


@pytest.mark.rule("CON-7")
@pytest.mark.parametrize("has_journal", [True, False])
async def test_what_was_erased_after_the_backup_is_erased_again_when_it_is_restored(
    postgres_server: EmbeddedPostgres, tmp_path: Path, has_journal: bool
) -> None:
    """The log of erasures is kept apart: neither a service nor the keys come back with what was deleted since."""
    prefix = f"erased{os.getpid()}{int(has_journal)}"
    place = Place(folder=tmp_path / "here", server=postgres_server, prefix=prefix)
    async with open_installation(place.folder, server=postgres_server, prefix=prefix, sandbox_start=OPENS_AT) as installation:
        story = Story(installation=installation, server=postgres_server, prefix=prefix)
        await ended(story)
        await pay_all(story)
        await backup(place, tmp_path / "kept")
        await story.call("POST", DELETION)
        await installation.settle()
        assert await state(story) == "deleted"
    if not has_journal:
        for segment in (place.journal / "contracts").iterdir():
            segment.unlink()
    await restore_service(place, tmp_path / "kept", "contracts")
    # The keys come back from before, too: the account's key is alive in them.
    async with place.superuser(place.name("keys")) as connection:
        await connection.execute("update personal_key set key = sha256('of before'), destroyed_at = null where destroyed_at is not null")
    async with open_installation(place.folder, server=postgres_server, prefix=prefix) as installation:
        contracts = installation.service("contracts")
        assert (ProviderId("belco"), "acme") in await contracts.keys.erased(), "destroyed again when the store was opened"
        finding = await examine(contracts, installation.services)
        assert finding.erased == 1
        rows = await contracts.database.short(EVERY_PROVIDER, "select contract_partner, customer_number, exemption from account")
        assert [tuple(row) for row in rows] == [(None, None, None)]
        rows = await contracts.database.short(EVERY_PROVIDER, "select access from account_erasure where account = 'acme'")
        assert [row["access"] for row in rows] == ["erased"]
        if has_journal:
            await release(contracts, finding)
            await installation.settle()
            assert await installation.verify() == []
