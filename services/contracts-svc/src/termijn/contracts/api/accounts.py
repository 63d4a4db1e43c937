"""Routes of accounts: open, change, exemption, consents, searching, the contract as a whole, confirmations."""

import re
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_check import changeable_fields
from termijn.contracts.account_command import (
    ChangeAccount,
    CorrectContractStart,
    ExemptFromDebit,
    GiveLongTermConsent,
    OpenNewAccount,
)
from termijn.contracts.account_state import OpenAccount
from termijn.contracts.api.account_body import (
    AccountFilter,
    ContractStartBody,
    LongTermConsentBody,
    OpenAccountBody,
    PatchAccountBody,
    PutAccountBody,
    ReasonBody,
    given,
)
from termijn.contracts.api.contract import contract_as_of, contract_of, ordering_of
from termijn.contracts.api.points import state_at, version_before
from termijn.contracts.api.reading import done, opened, version_after
from termijn.contracts.api.shown_account import ACCOUNTS, CONFIRMATIONS, CONSENTS, AccountNow, AccountThen, ChangedAccount, GivenConsent
from termijn.contracts.api.shown_module import ContractNow, ContractThen
from termijn.contracts.as_of import end_of
from termijn.contracts.ordering import QUERIES, legal_versions, must_be_free, policy_of
from termijn.events.contracts import AccountFacts
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath, Day

_LIKE = re.compile(r"[%_\\]")


def routes(access: Access) -> APIRouter:
    """Customers see and change their own account, managers all."""
    router = APIRouter(tags=["accounts"])
    _opening(router, access)
    _changing(router, access)
    _decided_by_managers(router, access)
    _consents(router, access)
    _searching(router, access)
    _reading(router, access)
    return router


async def _check_number(work: Work, account: AccountId, facts: AccountFacts) -> None:
    await must_be_free(
        work, "customer_number_of", facts.customer_number, account=account, field="facts.customer_number", what="customer number"
    )


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _opening(router: APIRouter, access: Access) -> None:
    @router.post("/accounts", **answers(ChangedAccount, status=201))
    async def open_account(body: OpenAccountBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Open an account: free, and it binds to nothing (CON-1)."""
        account = AccountId(body.account_id)

        async def do(work: Work) -> Answer:
            facts = body.facts.facts()
            await _check_number(work, account, facts)
            command = OpenNewAccount(
                now=work.now,
                account=account,
                contract_partner=body.contract_partner.party(),
                invoice_address=body.invoice_address.party() if body.invoice_address is not None else None,
                facts=facts,
                serves_companies_only=(await policy_of(work)).serves_companies_only,
                recipients=given(body.recipients),
                legal_versions=await legal_versions(work),
            )
            return await done(work, account, command, status=201)

        return await call.run(do)


async def _change(call: Call, account: AccountId, body: PutAccountBody | PatchAccountBody) -> Response:
    """The account as the body has it, over what there is where it is a patch."""

    async def do(work: Work) -> Answer:
        call.check_version(await work.version(ACCOUNT, account))
        present = await work.load(ACCOUNT, account)
        if not isinstance(present, OpenAccount):
            raise NotFound(what="account", id=account)
        if isinstance(body, PatchAccountBody):
            facts = body.facts.over(present.facts)
            partner = body.contract_partner.party() if body.contract_partner is not None else present.contract_partner
        else:
            facts, partner = body.facts.facts(), body.contract_partner.party()
        # Null takes these away; a patch that does not name them leaves them.
        keeps = {"invoice_address", "recipients"} - body.model_fields_set if isinstance(body, PatchAccountBody) else frozenset()
        address = body.invoice_address.party() if body.invoice_address is not None else None
        await _check_number(work, account, facts)
        command = ChangeAccount(
            now=work.now,
            account=account,
            is_manager=call.principal.role is Role.MANAGER,
            contract_partner=partner,
            invoice_address=present.invoice_address if "invoice_address" in keeps else address,
            facts=facts,
            serves_companies_only=(await policy_of(work)).serves_companies_only,
            recipients=present.recipients if "recipients" in keeps else given(body.recipients),
            legal_versions=await legal_versions(work),
        )
        return await done(work, account, command)

    return await call.run(do)


def _changing(router: APIRouter, access: Access) -> None:
    @router.put("/accounts/{account}", **answers(ChangedAccount))
    async def put_account(
        account: AccountPath, body: PutAccountBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """The whole account as it is to be; some fields are a manager's (CON-8)."""
        return await _change(call, AccountId(account), body)

    @router.patch("/accounts/{account}", **answers(ChangedAccount))
    async def patch_account(
        account: AccountPath, body: PatchAccountBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Only what is sent changes; some fields are a manager's (CON-8)."""
        return await _change(call, AccountId(account), body)


def _decided_by_managers(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/debit-exemption", **answers(ChangedAccount))
    async def exempt(account: AccountPath, body: ReasonBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Let the account order without a mandate, with a reason (CON-2)."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            command = ExemptFromDebit(now=work.now, account=AccountId(account), is_manager=True, reason=body.reason)
            return await done(work, AccountId(account), command)

        return await call.run(do)

    @router.put("/accounts/{account}/contract-start", **answers(ChangedAccount))
    async def correct_start(account: AccountPath, body: ContractStartBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Correct since when the contract runs (CON-1)."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            command = CorrectContractStart(
                now=work.now, account=AccountId(account), is_manager=True, starts_on=body.starts_on, reason=body.reason
            )
            return await done(work, AccountId(account), command)

        return await call.run(do)


def _consents(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/long-term-consents", **answers(GivenConsent, status=201))
    async def give_consent(
        account: AccountPath, body: LongTermConsentBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Separate consent to first terms of telecommunication over 24 months (CAT-26)."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            command = GiveLongTermConsent(
                now=work.now,
                account=AccountId(account),
                is_manager=call.principal.role is Role.MANAGER,
                months_max=body.months_max,
                given_on=body.given_on or day_of(work.now),
                document=body.document,
                version=body.version,
                channel=body.channel,
            )
            return await done(work, AccountId(account), command, status=201, months_max=body.months_max)

        return await call.run(do)

    @router.get("/accounts/{account}/long-term-consents", **answers(CONSENTS))
    async def list_consents(
        account: AccountPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """What the account agreed to, and when; ``entry`` is where its history says so."""
        after = version_after(page)
        rows = await reader.fetch(QUERIES["long_term_consents"], reader.principal.provider, account, after, page.rows_to_fetch)
        return answer(page.page(rows, key=["entry"]))


def _searching(router: APIRouter, access: Access) -> None:
    @router.get("/accounts", **answers(ACCOUNTS))
    async def list_accounts(
        wanted: Annotated[AccountFilter, Depends()],
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.MANAGER)),
    ) -> Response:
        """Accounts by id; every filter that is given must hold."""
        rows = await reader.fetch(
            QUERIES["accounts"],
            reader.principal.provider,
            *page.after(1),
            page.rows_to_fetch,
            f"%{_LIKE.sub(_escaped, wanted.search)}%" if wanted.search is not None else None,
            wanted.customer_number,
            wanted.debtor_kind,
            wanted.account_manager,
            wanted.is_test,
            wanted.is_suspended,
        )
        return answer(page.page(rows, key=["account"]))


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}", **answers(AccountNow | AccountThen))
    async def show_account(
        account: AccountPath,
        as_of: Annotated[Day | None, Query(description="As it stood when that day ended; now where not said.")] = None,
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """The account with its mandates, now or as it stood when a day ended."""
        if as_of is not None:
            return await _as_it_stood(reader, account, as_of)
        row, mandates = await _account(reader, account)
        told = opened(row, "contract_partner", "invoice_address", "facts", "recipients")
        role = reader.principal.role
        fields = changeable_fields(is_manager=role is Role.MANAGER) if role in (Role.CUSTOMER, Role.MANAGER) else []
        return answer({**told, "mandates": mandates, "may_change": fields}, etag=row["version"])

    @router.get("/accounts/{account}/contract", **answers(ContractNow | ContractThen))
    async def show_contract(
        account: AccountPath,
        as_of: Annotated[Day | None, Query(description="What was in force on that day; today where not said.")] = None,
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Contract duration and modules, with the dates that notice today would give, explained, and whether the caller may order
        (CON-1, CON-2, CON-10, CON-13).
        """
        row, _ = await _account(reader, account)
        if as_of is not None:
            return answer(await contract_as_of(reader, account, as_of))
        today = day_of(reader.now)
        return answer({**await contract_of(reader, row, today=today), "ordering": await ordering_of(reader, account, today=today)})

    @router.get("/confirmations", **answers(CONFIRMATIONS))
    async def list_confirmations(
        state: Annotated[str, Query(pattern="^(due|sent|not_sent)$")] = "not_sent",
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS)),
    ) -> Response:
        """Confirmations in a state: those that could not be sent, where not said (CON-6)."""
        rows = await reader.fetch(QUERIES["confirmations"], reader.principal.provider, state, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["confirmation_id"]))


async def _as_it_stood(reader: Reader, account: str, day: date) -> Response:
    version = await version_before(reader, ACCOUNT, account, end_of(day))
    state = await state_at(reader, ACCOUNT, account, version)
    if not isinstance(state, OpenAccount):
        raise NotFound(what=f"account on {day}", id=account)
    plain = msgspec.to_builtins(state)
    del plain["type"]
    for mandate in plain["mandates"]:
        # The bank account is on the mandate's form; a page about the past is no place to look one up.
        del mandate["iban"], mandate["holder"]
        mandate["has_form"] = mandate.pop("form") is not None
    return answer({"account": account, "as_of": day, "version": version, **plain}, etag=version)


async def _account(reader: Reader, account: str) -> tuple[Any, list[dict[str, Any]]]:
    provider = reader.principal.provider
    rows = await reader.fetch(QUERIES["account"], provider, account)
    if not rows:
        raise NotFound(what="account", id=account)
    return rows[0], [dict(row) for row in await reader.fetch(QUERIES["mandates"], provider, account)]
