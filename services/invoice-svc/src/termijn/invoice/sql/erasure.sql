-- name: lines
-- Charge lines that are on no document yet (CON-7). Of what stayed behind as nothing in all, no document is ever made (INV-3).
select case place when 'carried' then 'carried_over' else 'unbilled' end as kind, stream as subject, sum(net) as amount from charge_line
where provider = $1 and account = $2 and place in ('waiting', 'carried', 'draft') group by 1, 2
having bool_or(place <> 'carried') or sum(net) <> 0 order by 1, 2;

-- name: drafts
-- Documents that have no number yet.
select invoice_id from draft where provider = $1 and account = $2 and number is null order by invoice_id;

-- name: open_documents
-- What is owed.
select number, open, due_on from document where provider = $1 and account = $2 and open > 0 order by number;

-- name: credits
-- What the provider owes.
select credit_id, amount - withdrawn as left_over from credit where provider = $1 and account = $2 and amount > withdrawn order by credit_id;

-- name: live_debits
-- Debits that are planned, or with the bank.
select invoice_id, collect_on from direct_debit
where provider = $1 and account = $2 and status in ('planned', 'submitted') order by invoice_id, attempt;

-- name: undelivered
-- Mails that are to go out.
select invoice_id from delivery where provider = $1 and account = $2 and status = 'due'
union select invoice_id from announcement where provider = $1 and account = $2 and status = 'due' order by 1;

-- name: last_collection
-- The last day on which a debit was collected.
select max(collect_on) as day from direct_debit where provider = $1 and account = $2 and status in ('submitted', 'booked', 'failed');

-- name: mails
-- Mails that were sent to the account: of a document as many as it has recipients at most (``outgoing.COPIES_MAX``).
select message_id from delivery where provider = $1 and account = $2
union select message_id || '.' || nth from delivery, generate_series(1, 19) as nth where provider = $1 and account = $2
union select message_id from announcement where provider = $1 and account = $2;

-- name: money_of_account
-- Money that matched nothing at first and turned out to be this account's.
select m.money_id from unmatched_money m join document d on d.provider = m.provider and d.invoice_id = m.invoice_id
where m.provider = $1 and d.account = $2
union
select f.money_id from money_from_account f join unmatched_money m on m.provider = f.provider and m.money_id = f.money_id
where f.provider = $1 and f.account = $2 and m.state = 'set_aside';

-- name: money_from
-- Money from one of these IBANs ($2), or from a payer of one of these names ($3), that is no payment of an invoice, or not yet.
select money_id, state, amount from unmatched_money
where provider = $1 and state in ('open', 'set_aside') and (iban = any($2::text[]) or name_key = any($3::text[])) order by money_id;

-- name: note_money_from
-- Whose it is.
insert into money_from_account (provider, account, money_id) values ($1, $2, $3) on conflict do nothing;

-- name: mark_payers_stale
-- Somebody said what that money is.
update account_erasure e set is_stale = true from money_from_account f
where f.provider = $1 and f.money_id = $2 and e.provider = f.provider and e.account = f.account and not e.is_stale and e.access <> 'erased';

-- name: forget_payers
-- Whom it came from and what they wrote: money of the account, or the one of this name (a service that was restored is told so).
update unmatched_money m set iban = null, name = null, name_key = null, reference = null, reason = null
where m.provider = $1 and (m.money_id in (
    select n.money_id from unmatched_money n join document d on d.provider = n.provider and d.invoice_id = n.invoice_id
    where n.provider = $1 and d.account = $2
    union
    select f.money_id from money_from_account f join unmatched_money n on n.provider = f.provider and n.money_id = f.money_id
    where f.provider = $1 and f.account = $2 and n.state = 'set_aside')
  or '~money.' || m.money_id = $2);

-- name: years_over
-- Fiscal years whose documents are to go.
select distinct provider from kept_year where is_over and not is_gone;

-- name: years_to_shred
-- Those of a provider, after one.
select account || '/' || year as item from kept_year
where provider = $1 and is_over and not is_gone and account || '/' || year > $2 order by 1 limit $3;

-- name: is_to_shred
-- Whether it is to go still.
select from kept_year where provider = $1 and account = $2 and year = $3 and is_over and not is_gone;

-- name: documents_of_year
-- The files of a fiscal year.
select document ->> 'sha256' as sha256, (document ->> 'size_bytes')::bigint as size_bytes, document ->> 'address' as address
from document where provider = $1 and account = $2 and extract(year from issued_on) = $3;

-- name: keep_year
-- Documents of that year are kept.
insert into kept_year (provider, account, year, is_over, is_gone) values ($1, $2, $3, false, false) on conflict do nothing;

-- name: year_over
-- The law asks for them no longer.
with done as (
  update kept_year set is_over = true where provider = $1 and account = $2 and year = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: year_gone
-- Nobody can read them any more.
with done as (
  update kept_year set is_gone = true where provider = $1 and account = $2 and year = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: nothing_left
-- What an account that was erased here still has: who paid, mails that are to leave.
with gone as (select provider, account from account_erasure where access = 'erased' and not is_stale)
select g.provider, g.account, m.money_id as subject, 'says who paid' as detail
from gone g join document d using (provider, account) join unmatched_money m on m.provider = d.provider and m.invoice_id = d.invoice_id
where coalesce(m.iban, m.name, m.name_key, m.reference, m.reason) is not null
union all
select g.provider, g.account, m.money_id, 'says who paid' from gone g join money_from_account f using (provider, account)
join unmatched_money m on m.provider = f.provider and m.money_id = f.money_id
where m.state = 'set_aside' and coalesce(m.iban, m.name, m.name_key, m.reference, m.reason) is not null
union all
select g.provider, g.account, l.invoice_id, 'is about to be mailed' from gone g join delivery l using (provider, account) where l.status = 'due';

-- name: years_gone
-- Fiscal years whose key must be gone.
select provider, account, year from kept_year where is_gone;
