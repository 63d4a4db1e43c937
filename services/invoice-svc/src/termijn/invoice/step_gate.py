"""Dunning's steps before their answer: which facts of the account count, and the worker that lets go on what waited (TIM-3)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec

from termijn.events.invoice import OpenCredit, OpenInvoice
from termijn.invoice.billing_account import BILLING_ACCOUNT, Known
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import AnswerStep
from termijn.invoice.payer import PAYER
from termijn.invoice.payer_name import name_key
from termijn.invoice.policy import POLICY
from termijn.invoice.receivable import InvoiceEvent, Receivable
from termijn.kernel.ids import AccountId, CaseId, InvoiceId
from termijn.runtime.handling import Work, Worker
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import Row, load

SQL = load("termijn.invoice", "queries.sql")

PAGE_STEPS = 50
"""Steps that are answered in one transaction once their statements are there."""
BESIDE_MAX = 100
"""Other open invoices, and credits, that an answer names: more would be no letter any more."""
_MEMO = "step_facts"


async def know_steps(work: Work, accounts: Iterable[AccountId]) -> None:
    """Look up with one query what the answers to steps of these accounts need."""
    rows = await work.fetch(SQL["step_facts"], work.provider, sorted(set(accounts)), BESIDE_MAX)
    work.memo.setdefault(_MEMO, {}).update({row["account"]: row for row in rows})


async def answer_step(
    work: Work, *, account: AccountId, case_id: CaseId, invoice_id: InvoiceId, proposal: str, planned_on: date
) -> Sequence[InvoiceEvent]:
    """Answer dunning, by what is booked now: cleared, stopped, or waiting for statements (DUN-14, TIM-3)."""
    facts = work.memo[_MEMO][account]
    policy = (await work.load(POLICY, CURRENT)).value
    command = AnswerStep(
        now=work.now,
        case_id=case_id,
        invoice_id=invoice_id,
        proposal=proposal,
        planned_on=planned_on,
        loads_statements=policy.loads_statements,
        booked_through=facts["booked_through"],
        unmatched=await _suspected(work, account) if facts["has_unmatched"] else (),
        beside=await _beside(work, facts["beside"], but=invoice_id),
        credits=msgspec.json.decode(facts["credits"], type=tuple[OpenCredit, ...]),
    )
    return await work.execute(INVOICE, invoice_id, command, account=account)


async def marks_of(work: Work, account: AccountId) -> tuple[Sequence[str], Sequence[str]]:
    """By what money is known to be from an account: the IBANs that it gave mandates for, and its names, as ``name_key`` has them."""
    payer, billed = await work.load(PAYER, account), await work.load(BILLING_ACCOUNT, account)
    parties = (billed.contract_partner, billed.invoice_address) if isinstance(billed, Known) else ()
    return payer.ibans, sorted({key for party in parties if party is not None and (key := name_key(party.name))})


async def _suspected(work: Work, account: AccountId) -> tuple[str, ...]:
    """Unmatched money from an IBAN that the account gave a mandate for, or from its name (TIM-3)."""
    rows = await work.fetch(SQL["suspected_money"], work.provider, *await marks_of(work, account))
    return tuple(row["money_id"] for row in rows)


async def _beside(work: Work, invoice_ids: Sequence[str], *, but: InvoiceId) -> tuple[OpenInvoice, ...]:
    """The account's other open invoices, as their streams have them."""
    others = []
    for invoice_id in invoice_ids:
        state = await work.load(INVOICE, invoice_id)
        if invoice_id == but or not isinstance(state, Receivable) or state.open == 0 or state.standing:
            continue
        others.append(
            OpenInvoice(
                invoice_id=state.issued.invoice_id,
                number=state.issued.number,
                issued_on=state.issued.issued_on,
                due_on=state.issued.due_on,
                open_amount=state.open,
                collect_on=state.debit.collect_on if state.debit is not None and state.is_awaiting_debit else None,
            )
        )
    return tuple(others)


async def release_steps(work: Work) -> int:
    """One page of steps whose statements are there by now, or whose provider loads none any more."""
    rows: Sequence[Row] = await work.fetch(SQL["steps_to_release"], work.provider, PAGE_STEPS)
    if rows:
        await know_steps(work, [AccountId(row["account"]) for row in rows])
    for row in rows:
        step: dict[str, Any] = {name: row[name] for name in ("account", "case_id", "invoice_id", "proposal", "planned_on")}
        await answer_step(work, **step)
    return len(rows)


STEP_GATE = Worker(name="step_gate", waiting_providers=SQL["releasing_providers"], step=release_steps)
