"""Routes of money: payments, reversals, rejected debits. Bank files will come the same way (``booking.py``)."""

from typing import Any

from fastapi import APIRouter, Depends, Response

from termijn.invoice import booking
from termijn.invoice.api.bodies import InvoicePath, PaymentBody, PaymentPath, RejectionBody, ReversalBody
from termijn.invoice.api.shown import Booked, in_cents
from termijn.invoice.invoice import INVOICE
from termijn.invoice.receivable import Receivable
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import InvoiceId, PaymentId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Role, answers


def routes(access: Access) -> APIRouter:
    """What managers and ops tell of the bank."""
    router = APIRouter(tags=["payments"])
    _receiving(router, access)
    _taking_back(router, access)
    return router


def _receiving(router: APIRouter, access: Access) -> None:
    @router.post("/invoices/{invoice_id}/payments", **answers(Booked, status=201))
    async def receive_payment(
        invoice_id: InvoicePath, body: PaymentBody, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))
    ) -> Response:
        """Book a payment; the same payment id counts once, and what is too much becomes a credit of the account (PAY-6)."""

        async def do(work: Work) -> Answer:
            await _check_version(work, call, invoice_id)
            state = await booking.receive(
                work,
                invoice_id=InvoiceId(invoice_id),
                payment_id=PaymentId(body.payment_id),
                amount=body.amount,
                method=body.method,
                value_on=body.value_on,
                booked_on=body.booked_on or day_of(work.now),
            )
            return await _answer(work, state, body.payment_id, status=201)

        return await call.run(do)


def _taking_back(router: APIRouter, access: Access) -> None:
    @router.post("/payments/{payment_id}/reversal", **answers(Booked))
    async def reverse_payment(
        payment_id: PaymentPath, body: ReversalBody, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))
    ) -> Response:
        """The bank took a payment back: the invoice is open again (PAY-4)."""

        async def do(work: Work) -> Answer:
            state = await booking.reverse(
                work, payment_id=PaymentId(payment_id), reason_code=body.reason_code, reversed_on=body.reversed_on
            )
            return await _answer(work, state, payment_id)

        return await call.run(do)

    @router.post("/invoices/{invoice_id}/debit-rejection", **answers(Booked))
    async def reject_debit(
        invoice_id: InvoicePath, body: RejectionBody, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))
    ) -> Response:
        """The bank refused a debit that it never booked (PAY-5)."""

        async def do(work: Work) -> Answer:
            await _check_version(work, call, invoice_id)
            state = await booking.reject(work, invoice_id=InvoiceId(invoice_id), reason_code=body.reason_code, rejected_on=body.rejected_on)
            return await _answer(work, state, None)

        return await call.run(do)


async def _check_version(work: Work, call: Call, invoice_id: str) -> None:
    if call.if_match is not None:
        call.check_version(await work.version(INVOICE, invoice_id))


async def _answer(work: Work, state: Receivable, payment_id: str | None, *, status: int = 200) -> Answer:
    invoice_id = state.issued.invoice_id
    body: dict[str, Any] = {"invoice_id": invoice_id, "number": state.issued.number, "open": state.open, "misses": len(state.standing)}
    if payment_id is not None:
        payment = state.payments[payment_id]
        body |= {"payment_id": payment_id, "applied": payment.applied, "surplus": payment.amount - payment.applied}
    if state.debit is not None:
        body["direct_debit"] = {"attempt": state.debit.attempt, "status": state.debit.status, "collect_on": state.debit.collect_on}
    return Answer(status=status, body=in_cents(body), etag=await work.version(INVOICE, invoice_id))
