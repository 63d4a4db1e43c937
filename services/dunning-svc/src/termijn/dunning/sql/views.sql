-- name: open_case
-- A case opens, or opens again.
insert into dunning_case (provider, case_id, account, invoice_id, number, state, opened_on, issued_on, due_on, ladder_due_on, stream, gross,
  open_amount, round, occasion)
values ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11, $12, $13, $13)
on conflict (provider, case_id) do update set
  state = 'open', ladder_due_on = excluded.ladder_due_on, open_amount = excluded.open_amount, round = excluded.round,
  occasion = excluded.occasion, rests = '{}', steps = '[]', next_step = null, next_on = null, closed_on = null, close_reason = null;

-- name: repeat_miss
-- The invoice was missed once more; lasting rests stay.
with done as (
  update dunning_case
  set ladder_due_on = $3, open_amount = $4, occasion = $5,
    rests = array(select r from unnest(rests) as r where r in ('hold', 'no_address'))
  where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: plan_case
-- The unsent steps and the next of them.
with done as (
  update dunning_case set attempt = $3, steps = $4::text::jsonb, next_step = $5, next_on = $6
  where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: rest_case
-- It waits for something more.
with done as (
  update dunning_case set rests = array_append(array_remove(rests, $3::text), $3::text) where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: resume_case
-- It does not wait for that any more.
with done as (
  update dunning_case set rests = array_remove(rests, $3::text) where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: change_claim
-- What is open.
with done as (
  update dunning_case set open_amount = $3 where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: close_case
-- The case is over; nothing is open where it was paid, credited or written off.
with done as (
  update dunning_case
  set state = 'closed', closed_on = $3, close_reason = $4, rests = '{}', steps = '[]', next_step = null, next_on = null,
    open_amount = case when $4::text = 'withdrawn' then open_amount else 0 end
  where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: hand_over_case
-- The case is with the bailiff.
with done as (
  update dunning_case
  set state = 'handed_over', closed_on = $3, open_amount = $4, rests = '{}', steps = '[]', next_step = null, next_on = null
  where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: add_entry
-- A line of the history of a case.
insert into case_entry (provider, case_id, version, ordinal, account, day, kind, amount, open_after, detail, actor, why)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: add_letter
-- A letter is due.
insert into letter (provider, letter_id, account, on_day, state, sha256, size_bytes, address, due_event_id)
values ($1, $2, $3, $4, 'due', $5, $6, $7, $8);

-- name: add_item
-- One case in a letter.
insert into letter_item (provider, letter_id, ordinal, case_id, invoice_id, number, step, open_amount, issued_on, due_on, last_payment_on,
  handover_on, suspension_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: letter_sent
-- The mail server accepted it.
with done as (
  update letter set state = 'sent', sent_on = $3, message_id = $4 where provider = $1 and letter_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: letter_dropped
-- It does not go.
with done as (
  update letter set state = 'dropped', drop_reason = $3 where provider = $1 and letter_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: add_hold
-- A hold runs.
insert into dunning_hold (provider, hold_id, account, invoice_id, reason, since, until_day, state)
values ($1, $2, $3, $4, $5, $6, $7, 'running');

-- name: end_hold
-- A hold is over.
with done as (
  update dunning_hold set state = $3, ended_on = $4 where provider = $1 and hold_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: set_lateness
-- What is ahead of a structural late payer, or has happened to it.
insert into lateness (provider, account, state, since) values ($1, $2, $3, $4)
on conflict (provider, account) do update set state = excluded.state, since = excluded.since;

-- name: end_lateness
-- Nothing is ahead any more.
delete from lateness where provider = $1 and account = $2;

-- name: add_task
-- Somebody is asked to do something.
insert into task (provider, task_id, account, case_id, kind, assignee, reason, due_on, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'open');

-- name: tasks_gone
-- What a case asked for is not needed any more; of one kind, or of all where none is named.
update task set state = 'gone' where provider = $1 and case_id = $2 and state = 'open' and ($3::text is null or kind = $3);

-- name: account_tasks_gone
-- What the account asked for is not needed any more.
update task set state = 'gone' where provider = $1 and account = $2 and case_id is null and kind = $3 and state = 'open';

-- name: add_handover
-- A claim went to the bailiff.
insert into handover (provider, case_id, account, invoice_id, number, invoice_date, handover_on, principal, collection_costs, interest,
  open_amount, sha256, size_bytes, address)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $11, $12, $13)
on conflict (provider, case_id) do update set
  handover_on = excluded.handover_on, principal = excluded.principal, collection_costs = excluded.collection_costs,
  interest = excluded.interest, open_amount = excluded.open_amount, sha256 = excluded.sha256, size_bytes = excluded.size_bytes,
  address = excluded.address;

-- name: change_handover
-- What is open of a claim that is with the bailiff.
with done as (
  update handover set open_amount = $3 where provider = $1 and case_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: add_policy
-- A version of the policy.
insert into policy_version (provider, version, policy, set_at) values ($1, $2, $3::text::jsonb, $4);
