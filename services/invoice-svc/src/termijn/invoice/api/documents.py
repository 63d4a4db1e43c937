"""Routes of invoices and credit notes: list, one, its text; and what an account owes and is owed."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from termijn.events.base import Blob
from termijn.events.invoice import VatAmount
from termijn.invoice.api import shown
from termijn.invoice.api.bodies import InvoicePath
from termijn.invoice.booking import account_of, draft_account
from termijn.invoice.draft import DRAFT, ReleaseDraft
from termijn.invoice.errors import NoSuchInvoice
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import RequestRedelivery
from termijn.kernel.ids import InvoiceId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, answers_file, paging
from termijn.runtime.http.fields import ACCOUNT_ID, AccountPath
from termijn.runtime.sql import Row, load

SQL = load("termijn.invoice", "api.sql")
AccountQuery = Annotated[str | None, Query(pattern=ACCOUNT_ID)]
StateQuery = Annotated[str | None, Query(pattern="^(open|missed|settled|credit_note)$")]


def routes(access: Access) -> APIRouter:
    """Customers see their own."""
    router = APIRouter(tags=["invoices"])
    _reading(router, access)
    _files(router, access)
    _balance(router, access)
    _repairing(router, access)
    return router


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/invoices", **answers(shown.DOCUMENTS))
    async def list_invoices(
        account: AccountQuery = None,
        state: StateQuery = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Invoices and credit notes, newest first. ``missed`` is open and overdue."""
        whose = reader.account_filter(account)
        rows = await reader.fetch(SQL["documents"], reader.principal.provider, whose, state, *page.after(2), page.rows_to_fetch)
        return answer(shown.in_cents(page.page(rows, key=["issued_on", "invoice_id"])))

    @router.get("/invoices/{invoice_id}", **answers(shown.WholeDocument | shown.Draft))
    async def show_invoice(
        invoice_id: InvoicePath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER, Role.OPS))
    ) -> Response:
        """One document with its payments and debits; a draft is shown to the provider only."""
        rows = await _document(reader, invoice_id)
        if not rows:
            return answer(await _draft(reader, invoice_id))
        reader.must_own(rows[0]["account"])
        document = {
            name: value for name, value in rows[0].items() if name not in ("provider", "document", "vat", "version", "standing_misses")
        }
        document["vat"] = [msgspec.structs.asdict(part) for part in msgspec.json.decode(rows[0]["vat"], type=tuple[VatAmount, ...])]
        provider = reader.principal.provider
        document["payments"] = [dict(row) for row in await reader.fetch(SQL["payments"], provider, invoice_id)]
        document["direct_debits"] = [dict(row) for row in await reader.fetch(SQL["debits"], provider, invoice_id)]
        return answer(shown.in_cents(document), etag=rows[0]["version"])


def _files(router: APIRouter, access: Access) -> None:
    @router.get("/invoices/{invoice_id}/document", **answers_file("text/plain"))
    async def show_document(invoice_id: InvoicePath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """The document as it was issued, as plain text."""
        rows = await _document(reader, invoice_id)
        if not rows:
            raise NoSuchInvoice(invoice_id=invoice_id)
        reader.must_own(rows[0]["account"])
        blob = msgspec.json.decode(rows[0]["document"], type=Blob)
        content = await reader.blobs.get(reader.principal.provider, blob)
        name = f'inline; filename="{rows[0]["number"]}.txt"'
        return Response(content, media_type="text/plain; charset=utf-8", headers={"Content-Disposition": name})


async def _document(reader: Reader, invoice_id: str) -> list[Row]:
    provider = reader.principal.provider
    return list(await reader.fetch(SQL["document"], provider, invoice_id, INVOICE.stream(provider, invoice_id)))


async def _draft(reader: Reader, invoice_id: str) -> dict[str, Any]:
    rows = await reader.fetch(SQL["draft"], reader.principal.provider, invoice_id)
    if not rows or reader.principal.role is Role.CUSTOMER:
        raise NoSuchInvoice(invoice_id=invoice_id)
    return {**rows[0], "state": "draft" if rows[0]["held"] is None else "held"}


def _balance(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/balance", **answers(shown.Balance))
    async def show_balance(account: AccountPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """What the account owes (gross), what it is owed, and what waits for a document (net)."""
        provider = reader.principal.provider
        rows = await reader.fetch(SQL["balance"], provider, account)
        credits = await reader.fetch(SQL["credits"], provider, account)
        return answer(shown.in_cents({"account": account, **rows[0], "credits": [dict(row) for row in credits]}))


def _repairing(router: APIRouter, access: Access) -> None:
    @router.post("/invoices/{invoice_id}/release", **answers(shown.Released))
    async def release_draft(invoice_id: InvoicePath, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """The reason why the draft is held is gone: number it (INV-15)."""
        key = InvoiceId(invoice_id)

        async def do(work: Work) -> Answer:
            account = await draft_account(work, key)
            await work.execute(DRAFT, key, ReleaseDraft(now=work.now, invoice_id=key), account=account)
            return Answer(body={"invoice_id": invoice_id, "state": "draft"})

        return await call.run(do)

    @router.post("/invoices/{invoice_id}/redelivery", **answers(shown.Redelivered, status=202))
    async def redeliver(invoice_id: InvoicePath, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))) -> Response:
        """Send a document again that could not be delivered (INV-10)."""
        key = InvoiceId(invoice_id)

        async def do(work: Work) -> Answer:
            account = await account_of(work, key)
            await work.execute(INVOICE, key, RequestRedelivery(now=work.now, invoice_id=key), account=account)
            return Answer(status=202, body={"invoice_id": invoice_id})

        return await call.run(do)
