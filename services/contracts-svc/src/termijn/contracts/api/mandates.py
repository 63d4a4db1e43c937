"""Routes of mandates: given, amended, their signed form, revoked (PAY-1)."""

from fastapi import APIRouter, Depends, Request, Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import AmendMandate, FileMandateForm, GiveMandate, RevokeMandate
from termijn.contracts.api.account_body import AmendMandateBody, MandateBody
from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.reading import EXTENSIONS, content_of, done
from termijn.contracts.api.shown_account import ChangedMandate
from termijn.contracts.errors import AlreadyThere
from termijn.contracts.ordering import QUERIES
from termijn.events.base import Blob
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId, MandateId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Reader, Role, answers, answers_file, takes_file
from termijn.runtime.http.fields import AccountPath
from termijn.runtime.http.files import media_type_of
from termijn.runtime.key_purpose import MANDATE_PURPOSE

MANDATE_PATH = "/accounts/{account}/mandates/{mandate_id}"


def routes(access: Access) -> APIRouter:
    """Customers give, amend and revoke their own; managers any."""
    router = APIRouter(tags=["mandates"])
    _giving(router, access)
    _amending(router, access)
    _forms(router, access)
    return router


async def _check_reference(work: Work, account: str, mandate_id: str, reference: str | None) -> None:
    """Raise ``AlreadyThere`` where any other mandate has it, the account's own ones of before included (PAY-1)."""
    for taken in await work.fetch(QUERIES["mandate_of"], work.provider, reference):
        if (taken["account"], taken["mandate_id"]) != (account, mandate_id):
            raise AlreadyThere(field="reference", what="mandate with reference", id=str(reference))


def _giving(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/mandates", **answers(ChangedMandate, status=201))
    async def give_mandate(
        account: AccountPath, body: MandateBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """A signed direct debit mandate (PAY-1)."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            await _check_reference(work, account, body.mandate_id, body.reference)
            is_manager = call.principal.role is Role.MANAGER
            command = GiveMandate(now=work.now, account=AccountId(account), is_manager=is_manager, **body.model_dump())
            return await done(work, AccountId(account), command, status=201, mandate_id=body.mandate_id)

        return await call.run(do)

    @router.delete(MANDATE_PATH, **answers(ChangedMandate))
    async def revoke_mandate(
        account: AccountPath, mandate_id: ThingPath, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Take a mandate back; it may not be used any more."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            command = RevokeMandate(now=work.now, account=AccountId(account), mandate_id=MandateId(mandate_id))
            return await done(work, AccountId(account), command, mandate_id=mandate_id)

        return await call.run(do)


def _amending(router: APIRouter, access: Access) -> None:
    @router.post(f"{MANDATE_PATH}/amendment", **answers(ChangedMandate))
    async def amend_mandate(
        account: AccountPath,
        mandate_id: ThingPath,
        body: AmendMandateBody,
        call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Another bank account, holder or reference under the same signature (PAY-1)."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            await _check_reference(work, account, mandate_id, body.reference)
            command = AmendMandate(now=work.now, account=AccountId(account), mandate_id=MandateId(mandate_id), **body.model_dump())
            return await done(work, AccountId(account), command, mandate_id=mandate_id)

        return await call.run(do)


def _forms(router: APIRouter, access: Access) -> None:
    @router.put(f"{MANDATE_PATH}/form", **answers(ChangedMandate), **takes_file(*EXTENSIONS, description="The signed form."))
    async def file_form(
        account: AccountPath, mandate_id: ThingPath, request: Request, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Keep the signed form: PDF, PNG or JPEG (PAY-1)."""
        media_type, content = media_type_of(request, *EXTENSIONS), await request.body()

        async def do(work: Work) -> Answer:
            form = await work.blobs.put_personal(work.provider, content, account=AccountId(account), purpose=MANDATE_PURPOSE)
            command = FileMandateForm(
                now=work.now, account=AccountId(account), mandate_id=MandateId(mandate_id), form=form, media_type=media_type
            )
            return await done(work, AccountId(account), command, mandate_id=mandate_id)

        return await call.run(do)

    @router.get(f"{MANDATE_PATH}/form", **answers_file(*EXTENSIONS))
    async def show_form(
        account: AccountPath, mandate_id: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """The signed form, as it was filed."""
        rows = await reader.fetch(QUERIES["mandate_form"], reader.principal.provider, account, mandate_id)
        if not rows or rows[0]["form_sha256"] is None:
            raise NotFound(what="form of mandate", id=mandate_id)
        row = rows[0]
        form = Blob(sha256=row["form_sha256"], size_bytes=row["form_size_bytes"], address=row["form_address"])
        return await content_of(reader, form, media_type=row["form_media_type"], name=f"mandate-{mandate_id}")
