-- name: providers_with_letters
-- Who has letters to send.
select distinct provider from letter where state = 'due';

-- name: letters_due
-- The oldest letters that wait to be sent, without those that were passed by.
select letter_id, account, on_day, sha256, size_bytes, address, due_event_id
from letter where provider = $1 and state = 'due' and not letter_id = any($3::text[])
order by on_day, letter_id limit $2;

-- name: letters_of_case
-- The letters of a case that went out, oldest first.
select l.letter_id, i.step, l.sent_on, l.message_id, i.last_payment_on, l.sha256, l.size_bytes, l.address
from letter_item i join letter l on l.provider = i.provider and l.letter_id = i.letter_id
where i.provider = $1 and i.case_id = $2 and l.state = 'sent'
order by l.sent_on, l.letter_id, i.ordinal;

-- name: entries_of_case
-- The history of a case, oldest first.
select day, kind, amount, open_after, detail, actor, why, version
from case_entry where provider = $1 and case_id = $2 order by version, ordinal;

-- name: cases
-- Cases of one account or of all, by id; of one state where it is named.
select case_id, account, invoice_id, number, state, opened_on, issued_on, due_on, ladder_due_on, stream, gross, open_amount, next_step,
  next_on, rests, closed_on, close_reason
from dunning_case
where provider = $1 and ($2::text is null or account = $2) and ($3::text is null or state = $3) and ($4::text is null or case_id > $4)
order by case_id limit $5;

-- name: case
-- One case with its plan.
select case_id, account, invoice_id, number, state, opened_on, issued_on, due_on, ladder_due_on, stream, gross, open_amount, next_step,
  next_on, rests, steps, closed_on, close_reason
from dunning_case where provider = $1 and case_id = $2;

-- name: letters
-- Letters of one account or of all, newest last, with what they say of each invoice.
select l.letter_id, l.account, l.on_day, l.state, l.sent_on, l.message_id, l.drop_reason,
  (select jsonb_agg(jsonb_build_object('case_id', i.case_id, 'invoice_id', i.invoice_id, 'number', i.number, 'step', i.step,
      'open_amount', i.open_amount::text, 'issued_on', i.issued_on, 'due_on', i.due_on, 'last_payment_on', i.last_payment_on,
      'handover_on', i.handover_on, 'suspension_on', i.suspension_on) order by i.ordinal)
   from letter_item i where i.provider = l.provider and i.letter_id = l.letter_id) as items
from letter l
where l.provider = $1 and ($2::text is null or l.account = $2)
  and ($3::text is null or (l.on_day, l.letter_id) > ($3::text::date, $4::text))
order by l.on_day, l.letter_id limit $5;

-- name: letter
-- Where the text of a letter lies.
select letter_id, account, state, sha256, size_bytes, address from letter where provider = $1 and letter_id = $2;

-- name: tasks
-- Open tasks by the day they are due; of one account or of all.
select task_id, account, case_id, kind, assignee, reason, due_on from task
where provider = $1 and ($2::text is null or account = $2) and state = 'open'
  and ($3::text is null or (due_on, task_id) > ($3::text::date, $4::text))
order by due_on, task_id limit $5;

-- name: handovers
-- Claims with the bailiff, oldest first; of one account or of all.
select case_id, account, invoice_id, number, invoice_date, handover_on, principal, collection_costs, interest, open_amount, sha256 as dossier_sha256
from handover
where provider = $1 and ($2::text is null or account = $2)
  and ($3::text is null or (handover_on, case_id) > ($3::text::date, $4::text))
order by handover_on, case_id limit $5;

-- name: handover
-- Where the case file of a claim lies.
select case_id, account, sha256, size_bytes, address from handover where provider = $1 and case_id = $2;

-- name: board
-- How many open cases, and how much, before each step, and how many of them wait.
select coalesce(next_step, 'none') as step, count(*) as cases, sum(open_amount) as open_amount,
  count(*) filter (where cardinality(rests) > 0) as resting
from dunning_case where provider = $1 and state = 'open' group by 1 order by 1;

-- name: holds
-- Holds, by id; of one account or of all.
select hold_id, account, invoice_id, reason, since, until_day, state, ended_on from dunning_hold
where provider = $1 and ($2::text is null or account = $2) and ($3::text is null or hold_id > $3) order by hold_id limit $4;

-- name: hold_account
-- Whose a hold is.
select account from dunning_hold where provider = $1 and hold_id = $2;

-- name: lateness
-- What is ahead of an account as a structural late payer.
select state, since from lateness where provider = $1 and account = $2;

-- name: policy
-- The policy in force.
select version, policy, set_at from policy_version where provider = $1 order by version desc limit 1;
