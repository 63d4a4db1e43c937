-- name: known_lines
-- Which of these lines were taken before, and at what amount.
select line_id, net from charge_line where provider = $1 and line_id = any($2::text[]);

-- name: expected_accounts
-- Accounts with a module that was known and running in the period ($2 first, $3 last day).
select distinct account from billed_module
where provider = $1 and known_on <= $3 and starts_on <= $3 and (ended_on is null or ended_on >= $2) order by account;

-- name: missing_accounts
-- The same, without those whose period ($4) rating has closed.
select distinct account from billed_module m
where provider = $1 and known_on <= $3 and starts_on <= $3 and (ended_on is null or ended_on >= $2)
  and not exists (select from account_period p where p.provider = $1 and p.account = m.account and p.period = $4) order by account;

-- name: unnumbered_providers
-- Providers with drafts to number that have said who they are; the others' drafts wait.
select distinct d.provider from draft d join provider_profile p on p.provider = d.provider
where d.number is null and d.held is null
  and not exists (select from parked_key k where k.provider = d.provider and k.account = d.account);

-- name: unnumbered_drafts
-- The next page of drafts, oldest first. Nothing moves in a parked account.
select invoice_id, account from draft d
where provider = $1 and number is null and held is null
  and not exists (select from parked_key k where k.provider = d.provider and k.account = d.account)
order by drafted_at, invoice_id limit $2;

-- name: earlier_documents
-- By line, the numbers of other documents that billed the same module, article and article period before.
select distinct s.line_id, d.number from charge_line l
join unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::date[]) as s (invoice_id, line_id, module_id, article, period_from)
  on l.module_id = s.module_id and l.article = s.article and l.period_from = s.period_from and l.invoice_id <> s.invoice_id
join document d on d.provider = l.provider and d.invoice_id = l.invoice_id
where l.provider = $1 and d.kind = 'invoice' order by d.number;

-- name: taken_credits
-- Which of these ids name a credit already.
select credit_id from credit where provider = $1 and credit_id = any($2::text[]);

-- name: delivering_providers
-- Providers with documents or announcements to send.
select distinct provider from (
  select provider, account from delivery where status = 'due' union select provider, account from announcement where status = 'due'
) d
where not exists (select from parked_key k where k.provider = d.provider and k.account = d.account);

-- name: due_mails
-- The next documents to send, and behind them the next further collections to announce (those have an attempt).
(select invoice_id, null::int as attempt, account, message_id from delivery d
 where provider = $1 and status = 'due' and not message_id = any($3::text[])
   and not exists (select from parked_key k where k.provider = d.provider and k.account = d.account)
 order by invoice_id limit $2)
union all
(select invoice_id, attempt, account, message_id from announcement d
 where provider = $1 and status = 'due' and not message_id = any($3::text[])
   and not exists (select from parked_key k where k.provider = d.provider and k.account = d.account)
 order by invoice_id limit $2)
limit $2;

-- name: document_account
-- Whose document it is; a draft has no number yet.
select account, number from draft where provider = $1 and invoice_id = $2;

-- name: payment
-- One payment by its id.
select * from payment where provider = $1 and payment_id = $2;

-- name: step_facts
-- Of each account ($2), for the answer to a step of dunning: the last day booked, whether anything is unmatched, other open invoices, credits.
select a.account,
  (select max(booked_through) from bank_statement where provider = $1) as booked_through,
  exists (select from unmatched_money where provider = $1 and state = 'open') as has_unmatched,
  array(
    select d.invoice_id from document d
    where d.provider = $1 and d.account = a.account and d.open > 0 and d.standing_misses = 0 and not d.is_test
      and not d.is_billed_elsewhere
    order by d.due_on, d.invoice_id limit $3
  ) as beside,
  (select coalesce(jsonb_agg(to_jsonb(c) order by c.arisen_on, c.number), '[]')::text from (
    select c.source, (c.amount - c.withdrawn)::text as amount, c.arisen_on, d.number
    from credit c left join document d on d.provider = c.provider and d.invoice_id = c.credit_id and c.source = 'credit_note'
    where c.provider = $1 and c.account = a.account and c.amount > c.withdrawn order by c.arisen_on, c.credit_id limit $3
  ) c) as credits
from unnest($2::text[]) as a (account);

-- name: suspected_money
-- Open unmatched money from one of these IBANs ($2), or from a payer of one of these names ($3).
select money_id from unmatched_money
where provider = $1 and state = 'open' and (iban = any($2::text[]) or name_key = any($3::text[])) order by money_id limit 100;

-- name: releasing_providers
-- Providers with steps whose statements are there by now, or that load none any more.
select distinct w.provider from waiting_step w
where (w.needs_through <= (select max(s.booked_through) from bank_statement s where s.provider = w.provider)
    or not exists (select from provider_policy p where p.provider = w.provider and (p.policy ->> 'loads_statements')::boolean))
  and not exists (select from parked_key k where k.provider = w.provider and k.account = w.account);

-- name: steps_to_release
-- The oldest of them.
select w.account, w.case_id, w.invoice_id, w.proposal, w.planned_on from waiting_step w
where w.provider = $1
  and (w.needs_through <= (select max(s.booked_through) from bank_statement s where s.provider = $1)
    or not exists (select from provider_policy p where p.provider = $1 and (p.policy ->> 'loads_statements')::boolean))
  and not exists (select from parked_key k where k.provider = $1 and k.account = w.account)
order by w.needs_through, w.invoice_id, w.proposal limit $2;
