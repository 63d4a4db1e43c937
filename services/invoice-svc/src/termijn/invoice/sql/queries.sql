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
-- The numbers of documents that billed the same module, article and article period before.
select distinct d.number from charge_line l
join unnest($3::text[], $4::text[], $5::date[]) as s (module_id, article, period_from)
  on l.module_id = s.module_id and l.article = s.article and l.period_from = s.period_from
join document d on d.provider = l.provider and d.invoice_id = l.invoice_id
where l.provider = $1 and l.invoice_id <> $2 and d.kind = 'invoice' order by d.number;

-- name: delivering_providers
-- Providers with documents or announcements to send.
select distinct provider from (
  select provider, account from delivery where status = 'due' union select provider, account from announcement where status = 'due'
) d
where not exists (select from parked_key k where k.provider = d.provider and k.account = d.account);

-- name: due_deliveries
-- The next documents to send.
select invoice_id, account, message_id from delivery d
where provider = $1 and status = 'due'
  and not exists (select from parked_key k where k.provider = d.provider and k.account = d.account)
order by invoice_id limit $2;

-- name: due_announcements
-- The next further collections to announce.
select invoice_id, attempt, account, message_id from announcement d
where provider = $1 and status = 'due'
  and not exists (select from parked_key k where k.provider = d.provider and k.account = d.account)
order by invoice_id limit $2;

-- name: document_account
-- Whose document it is; a draft has no number yet.
select account, number from draft where provider = $1 and invoice_id = $2;

-- name: payment
-- One payment by its id.
select * from payment where provider = $1 and payment_id = $2;
