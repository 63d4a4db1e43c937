-- name: note_module
-- A module as it is known now.
insert into billed_module (provider, module_id, account, known_on, starts_on, ended_on) values ($1, $2, $3, $4, $5, $6)
on conflict (provider, module_id) do update set known_on = excluded.known_on, starts_on = excluded.starts_on, ended_on = excluded.ended_on;

-- name: note_period
-- Rating closed the period; a repeat changes nothing.
insert into account_period (provider, account, period, closing, run_on, closed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (provider, account, period, closing) do nothing;

-- name: add_lines
-- New lines wait; a line that is there already breaks the key, and the command is tried again with what is there.
insert into charge_line (provider, line_id, account, module_id, article, stream, period, period_from, net, place, source)
select $1, line_id, $2, $3, article, stream, $4, period_from, net, 'waiting', $10
from unnest($5::text[], $6::text[], $7::text[], $8::date[], $9::numeric[]) as l (line_id, article, stream, period_from, net);

-- name: bill_stream
-- All that waits of the stream goes on the draft.
with done as (
  update charge_line set place = 'draft', invoice_id = $5
  where provider = $1 and account = $2 and stream = $3 and period <= $4 and place in ('waiting', 'carried') returning 1
) select expect_rows(count(*)) from done;

-- name: bill_lines
-- These lines go on the draft, outside of any run.
with done as (
  update charge_line set place = 'draft', invoice_id = $2
  where provider = $1 and line_id = any($3::text[]) and place in ('waiting', 'carried') returning 1
) select expect_rows(count(*)) from done;

-- name: carry_stream
-- All that waits of the stream stays, carried over.
with done as (
  update charge_line set place = 'carried'
  where provider = $1 and account = $2 and stream = $3 and period <= $4 and place in ('waiting', 'carried') returning 1
) select expect_rows(count(*)) from done;

-- name: open_draft
-- A document that waits for its number.
insert into draft (provider, invoice_id, account, stream, run_on, is_credit_note, line_count, drafted_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: hold_draft
-- With a reason: the numberer passes it by. Without: it is taken again.
with done as (update draft set held = $3 where provider = $1 and invoice_id = $2 and number is null returning 1)
select expect_rows(count(*)) from done;

-- name: number_draft
-- The draft became a document.
with done as (update draft set number = $3 where provider = $1 and invoice_id = $2 and number is null returning 1)
select expect_rows(count(*)) from done;

-- name: issue_lines
-- The draft's lines are on an issued document.
with done as (
  update charge_line set place = 'document' where provider = $1 and invoice_id = $2 and place = 'draft' returning 1
) select expect_rows(count(*)) from done;

-- name: give_numbers
-- The numbers of one page, in the order of its documents.
insert into number_given (provider, series, year, number, invoice_id, issued_on)
select $1, $2, $3, $4 + place::integer - 1, invoice_id, $5 from unnest($6::text[]) with ordinality as n (invoice_id, place);

-- name: add_invoice
-- An issued invoice: all of it is open.
insert into document (provider, invoice_id, account, kind, number, series, stream, issued_on, due_on, collection, net, vat, gross, open, is_test, document,
  is_billed_elsewhere)
values ($1, $2, $3, 'invoice', $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, $12, $13, $14::jsonb, $15);

-- name: add_credit_note
-- An issued credit note: nothing is open.
insert into document (provider, invoice_id, account, kind, number, series, stream, issued_on, net, vat, gross, open, is_test, document)
values ($1, $2, $3, 'credit_note', $4, $5, $6, $7, $8, $9::jsonb, $10, 0, $11, $12::jsonb);

-- name: book_payment
-- Money came in for the invoice.
with done as (
  update document set paid = paid + $3, open = $4 where provider = $1 and invoice_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: take_payment_back
-- Money was taken back. Where it had been a surplus alone, nothing is open and the invoice stays settled.
with done as (
  update document set paid = paid - $3, open = $4, settled_on = case when $4::numeric = 0 then settled_on end
  where provider = $1 and invoice_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: write_off
-- A remainder is not asked for.
with done as (
  update document set written_off = written_off + $3, open = open - $3 where provider = $1 and invoice_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: settle
-- Nothing is open any more.
with done as (update document set settled_on = $3 where provider = $1 and invoice_id = $2 returning 1)
select expect_rows(count(*)) from done;

-- name: count_misses
-- A miss more, or one withdrawn.
with done as (
  update document set standing_misses = standing_misses + $3 where provider = $1 and invoice_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: deliver
-- The document was delivered.
with done as (update document set delivered_at = $3 where provider = $1 and invoice_id = $2 returning 1)
select expect_rows(count(*)) from done;

-- name: queue_delivery
-- The document is to be sent; the message id names the event that says so.
insert into delivery (provider, invoice_id, account, message_id, status) values ($1, $2, $3, $4, 'due')
on conflict (provider, invoice_id) do update set message_id = excluded.message_id, status = 'due';

-- name: end_delivery
-- It was delivered, or cannot be.
with done as (update delivery set status = $3 where provider = $1 and invoice_id = $2 returning 1)
select expect_rows(count(*)) from done;

-- name: queue_announcement
-- A further collection is to be announced; the message id names the event that plans it.
insert into announcement (provider, invoice_id, attempt, account, message_id, status) values ($1, $2, $3, $4, $5, 'due');

-- name: end_announcement
-- It was sent, or cannot be.
with done as (
  update announcement set status = $4 where provider = $1 and invoice_id = $2 and attempt = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: void_announcements
-- The invoice has no planned debit any more: what was not announced by now is not announced.
update announcement set status = 'void' where provider = $1 and invoice_id = $2 and status = 'due';

-- name: add_payment
-- One payment; its id is the provider's.
insert into payment (provider, payment_id, account, invoice_id, amount, applied, surplus, method, value_on, booked_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: reverse_payment
-- The bank took it back.
with done as (
  update payment set reversed_on = $3, reason_code = $4 where provider = $1 and payment_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: add_credit
-- The provider owes this.
insert into credit (provider, credit_id, account, source, amount, arisen_on) values ($1, $2, $3, $4, $5, $6);

-- name: withdraw_credit
-- It does not owe this much of it any more.
with done as (update credit set withdrawn = withdrawn + $3 where provider = $1 and credit_id = $2 returning 1)
select expect_rows(count(*)) from done;

-- name: set_profile
-- The provider has said who it is.
insert into provider_profile (provider, version, profile) values ($1, $2, $3::jsonb)
on conflict (provider) do update set version = excluded.version, profile = excluded.profile;

-- name: set_policy
-- The policy from now on.
insert into provider_policy (provider, version, policy) values ($1, $2, $3::jsonb)
on conflict (provider) do update set version = excluded.version, policy = excluded.policy;

-- name: plan_debit
-- A debit is planned.
insert into direct_debit (provider, invoice_id, attempt, account, mandate_id, mandate_reference, collect_on, submit_on, status)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'planned');

-- name: submit_debit
-- The planned debit went to the bank.
with done as (
  update direct_debit set status = 'submitted', collect_on = $3, amount = $4, end_to_end_id = $5
  where provider = $1 and invoice_id = $2 and status = 'planned' returning 1
) select expect_rows(count(*)) from done;

-- name: end_debit
-- The awaited debit has its result.
update direct_debit set status = $3 where provider = $1 and invoice_id = $2 and status in ('planned', 'submitted');

-- name: raise_task
-- A person is asked to look, perhaps once more.
insert into task (provider, task_id, account, invoice_id, kind, reason, raised_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (provider, task_id) do update set reason = excluded.reason, raised_at = excluded.raised_at, done_at = null;

-- name: finish_task
-- Done.
with done as (update task set done_at = $3 where provider = $1 and task_id = $2 returning 1)
select expect_rows(count(*)) from done;

-- name: plan_run
-- A run is planned.
insert into run (provider, period, run_on, state) values ($1, $2, $3, 'planned');

-- name: open_run
-- The run is open.
with done as (
  update run set state = 'open', opened_at = $3, expected = $4 where provider = $1 and period = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: name_missing
-- Accounts that the run lacks.
insert into run_missing (provider, period, account) select $1, $2, account from unnest($3::text[]) as m (account);

-- name: close_run
-- The deadline has passed.
with done as (update run set state = 'closed', missing = $3 where provider = $1 and period = $2 returning 1)
select expect_rows(count(*)) from done;

-- name: plan_part
-- The account is expected in the run; what the run did already stays.
insert into run_part (provider, stream, run_on, account, state) values ($1, $2, $3, $4, 'planned') on conflict do nothing;

-- name: do_part
-- What the run did with the account.
insert into run_part (provider, stream, run_on, account, state) values ($1, $2, $3, $4, $5)
on conflict (provider, stream, run_on, account) do update set state = excluded.state;

-- name: load_statement
-- A statement was loaded.
insert into bank_statement (provider, statement_id, booked_through, loaded_at) values ($1, $2, $3, $4);

-- name: note_unmatched
-- Money came in that matches nothing.
insert into unmatched_money (provider, money_id, statement_id, amount, value_on, booked_on, iban, name, name_key, reference, state, noted_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11);

-- name: deal_with_money
-- Somebody said what it is.
with done as (
  update unmatched_money set state = $3, invoice_id = $4, reason = $5
  where provider = $1 and money_id = $2 and state = 'open' returning 1
) select expect_rows(count(*)) from done;

-- name: suspect_money
-- An account gets no letter because of it.
insert into money_suspect (provider, money_id, account, invoice_id, since) select $1, money_id, $2, $3, $4 from unnest($5::text[]) as m (money_id)
on conflict (provider, money_id, account, invoice_id) do nothing;

-- name: delay_step
-- A step waits for statements.
insert into waiting_step (provider, invoice_id, proposal, case_id, account, planned_on, needs_through, since)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: end_delay
-- It was answered, or its day passed; most never waited.
delete from waiting_step where provider = $1 and invoice_id = $2 and proposal = $3;
