"""Routes of accounts: open, change, mandates, exemption, the contract as a whole, confirmations."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from termijn.contracts.account import (
    ACCOUNT,
    AccountCommand,
    ChangeAccount,
    CorrectContractStart,
    ExemptFromDebit,
    GiveMandate,
    OpenAccount,
    OpenNewAccount,
    RevokeMandate,
)
from termijn.contracts.api.bodies import (
    AccountPath,
    ContractStartBody,
    MandateBody,
    OpenAccountBody,
    PatchAccountBody,
    PutAccountBody,
    ReasonBody,
    ThingPath,
)
from termijn.contracts.api.contract import contract_of
from termijn.contracts.api.reading import opened
from termijn.contracts.ordering import QUERIES, must_be_free, policy_of
from termijn.events.contracts import AccountFacts
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId, MandateId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, paging


def routes(access: Access) -> APIRouter:
    """Customers see and change their own account, managers all."""
    router = APIRouter(tags=["accounts"])
    _opening(router, access)
    _changing(router, access)
    _mandates(router, access)
    _decided_by_managers(router, access)
    _reading(router, access)
    return router


async def _done(work: Work, account: AccountId, command: AccountCommand, **told: Any) -> Answer:
    await work.execute(ACCOUNT, account, command, account=account)
    version = await work.version(ACCOUNT, account)
    return Answer(body={"account_id": account, **told, "version": version}, etag=version)


async def _check_number(work: Work, account: AccountId, facts: AccountFacts) -> None:
    await must_be_free(
        work, "customer_number_of", facts.customer_number, account=account, field="facts.customer_number", what="customer number"
    )


def _opening(router: APIRouter, access: Access) -> None:
    @router.post("/accounts", status_code=201)
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
            )
            done = await _done(work, account, command)
            return Answer(status=201, body=done.body, etag=done.etag)

        return await call.run(do)


def _changing(router: APIRouter, access: Access) -> None:
    async def change(call: Call, account: AccountId, body: PutAccountBody | PatchAccountBody) -> Response:
        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            present = await work.load(ACCOUNT, account)
            if not isinstance(present, OpenAccount):
                raise NotFound(what="account", id=account)
            if isinstance(body, PatchAccountBody):
                facts = body.facts.over(present.facts)
                partner = body.contract_partner.party() if body.contract_partner is not None else present.contract_partner
                keeps_address = "invoice_address" not in body.model_fields_set
            else:
                facts, partner, keeps_address = body.facts.facts(), body.contract_partner.party(), False
            address = body.invoice_address.party() if body.invoice_address is not None else None
            await _check_number(work, account, facts)
            command = ChangeAccount(
                now=work.now,
                account=account,
                is_manager=call.principal.role is Role.MANAGER,
                contract_partner=partner,
                invoice_address=present.invoice_address if keeps_address else address,
                facts=facts,
                serves_companies_only=(await policy_of(work)).serves_companies_only,
            )
            return await _done(work, account, command)

        return await call.run(do)

    @router.put("/accounts/{account}")
    async def put_account(
        account: AccountPath, body: PutAccountBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """The whole account as it is to be; some fields are a manager's (CON-8)."""
        return await change(call, AccountId(account), body)

    @router.patch("/accounts/{account}")
    async def patch_account(
        account: AccountPath, body: PatchAccountBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Only what is sent changes; some fields are a manager's (CON-8)."""
        return await change(call, AccountId(account), body)


def _mandates(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/mandates", status_code=201)
    async def give_mandate(
        account: AccountPath, body: MandateBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """A signed direct debit mandate (PAY-1)."""

        async def do(work: Work) -> Answer:
            await must_be_free(
                work, "mandate_of", body.reference, account=AccountId(account), field="reference", what="mandate with reference"
            )
            command = GiveMandate(now=work.now, account=AccountId(account), **body.model_dump())
            done = await _done(work, AccountId(account), command, mandate_id=body.mandate_id)
            return Answer(status=201, body=done.body, etag=done.etag)

        return await call.run(do)

    @router.delete("/accounts/{account}/mandates/{mandate_id}")
    async def revoke_mandate(
        account: AccountPath, mandate_id: ThingPath, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Take a mandate back; it may not be used any more."""

        async def do(work: Work) -> Answer:
            command = RevokeMandate(now=work.now, account=AccountId(account), mandate_id=MandateId(mandate_id))
            return await _done(work, AccountId(account), command, mandate_id=mandate_id)

        return await call.run(do)


def _decided_by_managers(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/debit-exemption")
    async def exempt(account: AccountPath, body: ReasonBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Let the account order without a mandate, with a reason (CON-2)."""

        async def do(work: Work) -> Answer:
            command = ExemptFromDebit(now=work.now, account=AccountId(account), is_manager=True, reason=body.reason)
            return await _done(work, AccountId(account), command)

        return await call.run(do)

    @router.put("/accounts/{account}/contract-start")
    async def correct_start(account: AccountPath, body: ContractStartBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Correct since when the contract runs (CON-1)."""

        async def do(work: Work) -> Answer:
            command = CorrectContractStart(
                now=work.now, account=AccountId(account), is_manager=True, starts_on=body.starts_on, reason=body.reason
            )
            return await _done(work, AccountId(account), command)

        return await call.run(do)


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/accounts")
    async def list_accounts(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """Accounts by id."""
        rows = await reader.fetch(QUERIES["accounts"], reader.principal.provider, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["account"]))

    @router.get("/accounts/{account}")
    async def show_account(account: AccountPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """The account with its mandates."""
        row, mandates = await _account(reader, account)
        return answer({**opened(row, "contract_partner", "invoice_address", "facts"), "mandates": mandates}, etag=row["version"])

    @router.get("/accounts/{account}/contract")
    async def show_contract(account: AccountPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """Contract duration and modules, with the dates that notice today would give, explained (CON-1, CON-13)."""
        row, _ = await _account(reader, account)
        return answer(await contract_of(reader, row, today=day_of(reader.now)))

    @router.get("/confirmations")
    async def list_confirmations(
        state: Annotated[str, Query(pattern="^(due|sent|not_sent)$")] = "not_sent",
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS)),
    ) -> Response:
        """Confirmations in a state: those that could not be sent, where not said (CON-6)."""
        rows = await reader.fetch(QUERIES["confirmations"], reader.principal.provider, state, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["confirmation_id"]))


async def _account(reader: Reader, account: str) -> tuple[Any, list[dict[str, Any]]]:
    provider = reader.principal.provider
    rows = await reader.fetch(QUERIES["account"], provider, account)
    if not rows:
        raise NotFound(what="account", id=account)
    return rows[0], [dict(row) for row in await reader.fetch(QUERIES["mandates"], provider, account)]
