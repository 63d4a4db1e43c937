-- name: policy
-- The policy in force.
select version, policy from provider_policy where provider = $1;

-- name: profile
-- The profile in force.
select version, profile from provider_profile where provider = $1;

-- name: documents
-- Documents, newest first: of one account ($2) or all, in one state ($3) or any. Two parts, of which one is empty: what is open or missed
-- has an index of its own, so that its list does not grow with what has been paid.
select invoice_id, account, kind, number, stream, issued_on, due_on, collection, net, gross, paid, credited, written_off, open,
  state, settled_on, delivered_at, is_test, is_billed_elsewhere
from (
  select *, case
    when kind = 'credit_note' then 'credit_note'
    when open = 0 then 'settled'
    when standing_misses > 0 then 'missed'
    else 'open' end as state
  from (
    select * from document where provider = $1 and ($2::text is null or account = $2) and coalesce($3::text, '') not in ('open', 'missed')
    union all
    select * from document where provider = $1 and ($2::text is null or account = $2) and $3::text in ('open', 'missed') and open > 0
  ) as either
) d
where ($3::text is null or state = $3)
  and ($4::text is null or (issued_on, invoice_id) < ($4::text::date, $5::text))
order by issued_on desc, invoice_id desc limit $6;

-- name: document
-- One document with the version of its stream ($3).
select d.*, case
    when kind = 'credit_note' then 'credit_note'
    when open = 0 then 'settled'
    when standing_misses > 0 then 'missed'
    else 'open' end as state,
  (select coalesce(max(version), 0) from event where provider = $1 and stream = $3) as version
from document d where provider = $1 and invoice_id = $2;

-- name: draft
-- One draft.
select invoice_id, account, stream, run_on, is_credit_note, line_count, drafted_at, held from draft
where provider = $1 and invoice_id = $2 and number is null;

-- name: payments
-- Payments of one invoice.
select payment_id, amount, applied, surplus, method, value_on, booked_on, reversed_on, reason_code
from payment where provider = $1 and invoice_id = $2 order by booked_on, payment_id;

-- name: debits
-- Debits of one invoice.
select attempt, mandate_id, mandate_reference, collect_on, submit_on, status, amount, end_to_end_id
from direct_debit where provider = $1 and invoice_id = $2 order by attempt;

-- name: direct_debits
-- Debits of a collection day ($2), or all, in one state ($3) or any.
select d.collect_on, d.invoice_id, d.attempt, d.account, i.number, d.mandate_id, d.mandate_reference, d.submit_on, d.status,
  coalesce(d.amount, i.open) as amount, d.end_to_end_id
from direct_debit d join document i on i.provider = d.provider and i.invoice_id = d.invoice_id
where d.provider = $1 and ($2::date is null or d.collect_on = $2) and ($3::text is null or d.status = $3)
  and ($4::text is null or (d.collect_on, d.invoice_id, d.attempt) > ($4::text::date, $5::text, $6::text::integer))
order by d.collect_on, d.invoice_id, d.attempt limit $7;

-- name: balance
-- What an account owes, what it is owed, and what waits for a document (net).
select
  (select coalesce(sum(open), 0) from document where provider = $1 and account = $2 and not is_billed_elsewhere) as open,
  (select coalesce(sum(amount - withdrawn), 0) from credit where provider = $1 and account = $2) as credit,
  (select coalesce(sum(net), 0) from charge_line where provider = $1 and account = $2 and place = 'waiting') as waiting_net,
  (select coalesce(sum(net), 0) from charge_line where provider = $1 and account = $2 and place = 'carried') as carried_net,
  (select coalesce(sum(net), 0) from charge_line where provider = $1 and account = $2 and place = 'draft') as drafted_net;

-- name: waiting_lines
-- An account's lines that are on no document yet, on one stream ($3) or all, after a cursor.
select line_id, stream, place, source, module_id, article, period, period_from, net, invoice_id as draft_id from charge_line
where provider = $1 and account = $2 and place <> 'document' and ($3::text is null or stream = $3)
  and ($4::text is null or line_id > $4) order by line_id limit $5;

-- name: credits
-- Where an account's credit comes from.
select credit_id, source, amount, withdrawn, arisen_on from credit
where provider = $1 and account = $2 and amount > withdrawn order by arisen_on, credit_id limit 200;

-- name: runs
-- Runs of both kinds, newest first, as of an instant ($4): how many accounts they billed and carried over, and, of subscriptions, the
-- accounts named at the deadline that rating has still not closed. A run of support asks rating for nothing, so that it closes as it opens.
select r.kind, r.period, r.run_on, r.state, r.opened_at, r.expected, r.missing,
  (select count(*) from run_part p where p.provider = $1 and p.stream = r.kind and p.run_on = r.run_on and p.state = 'billed') as billed,
  (select count(*) from run_part p where p.provider = $1 and p.stream = r.kind and p.run_on = r.run_on and p.state = 'carried') as carried,
  coalesce((
    select array_agg(m.account order by m.account) from run_missing m
    where m.provider = $1 and m.period = r.period and r.kind = 'subscription'
      and not exists (select from account_period p where p.provider = m.provider and p.account = m.account and p.period = m.period)
  ), array[]::text[]) as still_missing
from (
  select 'subscription' as kind, period, run_on, state, opened_at, expected, missing from run where provider = $1
  union all
  select 'support', to_char(run_on, 'YYYY-MM'), run_on, case when opens_at <= $4 then 'closed' else 'planned' end,
    case when opens_at <= $4 then opens_at end, expected, 0
  from (
    select run_on, (run_on + time '06:00') at time zone 'Europe/Amsterdam' as opens_at, count(*) as expected
    from run_part where provider = $1 and stream = 'support' group by run_on
  ) s
) r
where $2::text is null or (r.run_on, r.kind) < ($2::text::date, $3::text) order by r.run_on desc, r.kind desc limit $5;

-- name: missing
-- The accounts that a run named, and whether their period was closed since.
select m.account, exists (
  select from account_period p where p.provider = m.provider and p.account = m.account and p.period = m.period
) as arrived_since
from run_missing m where m.provider = $1 and m.period = $2 and ($3::text is null or m.account > $3) order by m.account limit $4;

-- name: tasks
-- What people are asked to look at: open tasks, held drafts, drafts that wait for the provider to say who it is, steps that wait for
-- bank statements, and money that matches nothing.
select raised_at, task_id, kind, account, invoice_id, reason from (
  select raised_at, task_id, kind, account, invoice_id, reason from task where provider = $1 and done_at is null
  union all
  select drafted_at, invoice_id || '~draft_held', 'draft_held', account, invoice_id, held
  from draft where provider = $1 and number is null and held is not null
  union all
  select min(drafted_at), 'profile_missing', 'profile_missing', null, null,
    count(*) || ' documents wait until the profile is set (PUT /profile)'
  from draft where provider = $1 and number is null and held is null
    and not exists (select from provider_profile p where p.provider = $1)
  having count(*) > 0
  union all
  select min(since), 'statements_missing', 'statements_missing', null, null,
    'letters and other steps of ' || count(distinct account) || ' accounts wait for bank statements up to ' || max(needs_through) || ' (POST /statements); they are loaded up to '
      || coalesce((select max(booked_through)::text from bank_statement where provider = $1), 'no day at all')
  from waiting_step where provider = $1
  having count(*) > 0
  union all
  select m.noted_at, m.money_id || '~unmatched_money~' || s.account, 'unmatched_money', s.account, s.invoice_id,
    m.amount || ' of ' || m.value_on || ' (' || m.money_id || ') matches nothing and may be of this account, which gets no letter until it is assigned'
      || ' or set aside (POST /unmatched-money)'
  from unmatched_money m
  join (select money_id, account, min(invoice_id) as invoice_id from money_suspect where provider = $1 group by 1, 2) s on s.money_id = m.money_id
  where m.provider = $1 and m.state = 'open'
  union all
  select m.noted_at, m.money_id || '~unmatched_money', 'unmatched_money', null, null,
    m.amount || ' of ' || m.value_on || ' (' || m.money_id || ') matches nothing: assign it or set it aside (POST /unmatched-money)'
  from unmatched_money m
  where m.provider = $1 and m.state = 'open'
    and not exists (select from money_suspect s where s.provider = $1 and s.money_id = m.money_id)
) t
where ($2::text is null or (raised_at, task_id) > ($2::text::timestamptz, $3::text)) order by raised_at, task_id limit $4;

-- name: statements
-- Bank statements, those that reach furthest first.
select statement_id, booked_through, loaded_at from bank_statement
where provider = $1 and ($2::text is null or (booked_through, statement_id) < ($2::text::date, $3::text))
order by booked_through desc, statement_id desc limit $4;

-- name: unmatched_money
-- Money that matched nothing, in one state ($2) or any, with the accounts that get no letter because of it.
select m.money_id, m.statement_id, m.amount, m.value_on, m.booked_on, m.iban, m.name, m.reference, m.state, m.invoice_id, m.reason, m.noted_at,
  array(select distinct s.account from money_suspect s where s.provider = m.provider and s.money_id = m.money_id order by 1) as accounts
from unmatched_money m
where m.provider = $1 and ($2::text is null or m.state = $2)
  and ($3::text is null or (m.noted_at, m.money_id) > ($3::text::timestamptz, $4::text))
order by m.noted_at, m.money_id limit $5;
