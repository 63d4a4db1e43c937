-- name: open_access
-- Every account has its row: whoever changes something of it locks it, and closing access changes it.
insert into account_erasure (provider, account, question, attempt, access, is_stale) values ($1, $2, '', 0, 'open', false)
on conflict (provider, account) do nothing;

-- name: set_access
-- Closed, open again, or gone for good and then to be erased.
with done as (
  update account_erasure set question = $3, access = $4, is_stale = $4 = 'erased' where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: erased_here
-- This service has erased it.
update account_erasure set is_stale = false where provider = $1 and account = $2;

-- name: consider
-- Nothing of it runs on; the others are asked what stands in the way.
insert into account_deletion (provider, account, state, question, attempt) values ($1, $2, 'considered', $3, 0)
on conflict (provider, account) do nothing;

-- name: request
-- It is to be deleted.
insert into account_deletion (provider, account, state, question, attempt, requested_at) values ($1, $2, 'waiting', $3, 0, $4)
on conflict (provider, account) do update set state = 'waiting', question = $3, attempt = 0, requested_at = $4, ended_at = null,
  ended_because = null, overdue = '{}', is_decidable = false;

-- name: ask
-- All are asked, again.
with done as (
  update account_deletion set attempt = $3, is_decidable = false where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: answer
-- What a service says now.
insert into deletion_answer (provider, account, service, question, attempt, obstacles, answered_at)
values ($1, $2, $3, $4, $5, $6::text::jsonb, $7)
on conflict (provider, account, service) do update set question = excluded.question, attempt = excluded.attempt,
  obstacles = excluded.obstacles, answered_at = excluded.answered_at;

-- name: count_answers
-- Whether all three have answered what was asked last.
update account_deletion d set is_decidable = (
  select count(*) = 3 from deletion_answer a
  where a.provider = d.provider and a.account = d.account and a.question = d.question and a.attempt = d.attempt)
where d.provider = $1 and d.account = $2 and d.state = 'waiting';

-- name: undecided
-- Somebody is held: there is nothing to decide until another answer comes.
update account_deletion set is_decidable = false where provider = $1 and account = $2;

-- name: overdue
-- These do not answer.
with done as (
  update account_deletion set overdue = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: finish
-- It is gone, or it stays.
with done as (
  update account_deletion set state = $3, ended_at = $4, ended_because = $5, is_decidable = false, overdue = '{}'
  where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: service_erased
-- A service has erased what it had.
update deletion_answer set erased_at = $4 where provider = $1 and account = $2 and service = $3;

-- name: not_overdue
-- A service that was late has done it.
update account_deletion set overdue = array_remove(overdue, $3) where provider = $1 and account = $2;

-- name: doom_key
-- This key is to be destroyed.
insert into doomed_key (provider, account, purpose, is_gone) values ($1, $2, $3, false) on conflict do nothing;

-- name: key_gone
-- It is destroyed.
with done as (
  update doomed_key set is_gone = true where provider = $1 and account = $2 and purpose = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: note_candidate
-- Its modules may all have an end by now.
insert into deletion_candidate (provider, account) values ($1, $2) on conflict do nothing;

-- name: work_providers
-- Providers with something to do about deletions.
select provider from account_deletion where is_decidable
union select provider from account_erasure where is_stale
union select provider from doomed_key where not is_gone
union select provider from deletion_candidate;

-- name: waiting
-- Accounts with something to do, after an account.
select account as item from (
  select account from account_deletion where provider = $1 and is_decidable
  union select account from account_erasure where provider = $1 and is_stale
  union select account from doomed_key where provider = $1 and not is_gone
  union select account from deletion_candidate where provider = $1) as waiting
where account > $2 order by account limit $3;

-- name: take_candidate
-- A candidate, taken; and whether each of its modules has an end.
with taken as (
  delete from deletion_candidate where provider = $1 and account = $2 returning provider, account
)
select t.account, bool_and(m.ends_on is not null) as is_ending from taken t
left join module m on m.provider = t.provider and m.account = t.account group by t.account;

-- name: next_step
-- What there is to do about an account: keys that are to go, whether it is to be erased here, whether to decide.
select array(select purpose from doomed_key where provider = $1 and account = $2 and not is_gone order by purpose) as doomed,
  exists (select from account_erasure where provider = $1 and account = $2 and is_stale and access = 'erased') as is_to_erase,
  exists (select from account_deletion where provider = $1 and account = $2 and is_decidable) as is_decidable;

-- name: own_obstacles
-- What this service itself has that is not over.
select 'module_runs' as kind, module_id as subject, ends_on as until from module
where provider = $1 and account = $2 and state not in ('ended', 'terminated')
union all
select 'project_open', project_id, null from project where provider = $1 and account = $2 and state in ('open', 'delivered')
union all
select 'goods_open', o.order_id, o.agreed_on from goods_order o
where o.provider = $1 and o.account = $2 and exists (
  select 1 from goods_line l where l.provider = o.provider and l.order_id = o.order_id and l.delivered + l.cancelled < l.quantity)
union all
select 'undelivered', confirmation_id, null from confirmation where provider = $1 and account = $2 and state = 'due'
order by 1, 2;

-- name: deletion
-- How far it is.
select e.access, d.state, d.question, d.attempt, d.requested_at, d.ended_at, d.ended_because, d.overdue
from account a
left join account_erasure e on e.provider = a.provider and e.account = a.account
left join account_deletion d on d.provider = a.provider and d.account = a.account
where a.provider = $1 and a.account = $2;

-- name: answers
-- What the services say.
select service, question, attempt, obstacles::text as obstacles, answered_at, erased_at from deletion_answer
where provider = $1 and account = $2 order by service;

-- name: deletions
-- Deletions under way or not finished everywhere, after a cursor.
select account, state, requested_at, ended_at, attempt, overdue from account_deletion
where provider = $1 and (state = 'waiting' or overdue <> '{}') and ($2::text is null or account > $2) order by account limit $3;

-- name: confirmations
-- Mails that were sent to the account.
select confirmation_id from confirmation where provider = $1 and account = $2;

-- name: forms
-- Signed mandates.
select form_sha256 as sha256, form_size_bytes as size_bytes, form_address as address from mandate
where provider = $1 and account = $2 and form_sha256 is not null;

-- name: nothing_left
-- What an account that was erased here still has: columns of people, numbers, dates ahead but for those of its deletion.
with gone as (select provider, account from account_erasure where access = 'erased' and not is_stale)
select g.provider, g.account, 'account' as subject, 'names, addresses or numbers are left' as detail
from gone g join account a using (provider, account)
where a.contract_partner is not null or a.invoice_address is not null or a.recipients is not null or a.customer_number is not null
  or a.exemption is not null or a.facts ->> 'vat_number' is not null or a.facts ->> 'chamber_of_commerce' is not null
  or a.facts ->> 'purchase_order' is not null
union all
select g.provider, g.account, s.module_id, 'has a number or name' from gone g join subject_owner s using (provider, account)
union all
select g.provider, g.account, c.confirmation_id, 'says who did it, or is about to be sent' from gone g join confirmation c using (provider, account)
where c.state = 'due' or c.actor like 'customer:%'
union all
select g.provider, g.account, t.timer_id, 'a date is ahead' from gone g join timer t using (provider, account)
where t.fired_at is null and t.cancelled_at is null and t.wake_up not in ('ErasureDue', 'MandateProofOver', 'AskWhetherUsed');

-- name: deletion_goes_on
-- Deletions that somebody has not finished in time, and those that wait for no date that would say so.
select d.provider, d.account, d.question as subject, 'not erased in time by ' || array_to_string(d.overdue, ', ') as detail
from account_deletion d where d.state = 'deleted' and d.overdue <> '{}'
union all
select d.provider, d.account, d.question, 'waits for no date' from account_deletion d
where (d.state = 'waiting' or d.state = 'deleted' and d.overdue = '{}' and exists (
    select from deletion_answer a where a.provider = d.provider and a.account = d.account and a.erased_at is null))
  and not exists (
    select from timer t where t.provider = d.provider and t.account = d.account and t.fired_at is null and t.cancelled_at is null
      and t.wake_up = case d.state when 'waiting' then 'AskAgain' else 'ErasureDue' end);

-- name: keys_kept
-- Of accounts that were erased here: for which purposes a key may be left.
select e.provider, e.account, not exists (
  select from doomed_key k where k.provider = e.provider and k.account = e.account and k.purpose = 'mandate' and k.is_gone) as has_mandates
from account_erasure e where e.access = 'erased' and not e.is_stale;

-- name: forget_projects
-- What a person typed; empty, as a text of an event is whose key is gone.
update project set title = '', quote = null where provider = $1 and account = $2;

-- name: forget_milestones
-- Of its projects.
update project_milestone m set title = '' from project p
where p.provider = m.provider and p.project_id = m.project_id and p.provider = $1 and p.account = $2;

-- name: forget_lease_companies
-- That one pays is known as long as its name is.
update goods_order set goes_to_lease_company = false where provider = $1 and account = $2 and goes_to_lease_company;

-- name: forget_lines
-- Of its orders of goods.
update goods_line l set article = '' from goods_order o
where o.provider = l.provider and o.order_id = l.order_id and o.provider = $1 and o.account = $2;

-- name: forget_warranties
-- What is covered.
update warranty set article = '', serial_number = null where provider = $1 and account = $2;

-- name: forget_confirmed
-- The same texts where they were confirmed: of a project and its milestones, of goods and their lines.
update confirmation set facts = facts
  || case when facts ? 'title' then '{"title": ""}' else '{}' end::jsonb
  || case when facts ? 'quote' then '{"quote": null}' else '{}' end::jsonb
  || case when facts ? 'article' then '{"article": ""}' else '{}' end::jsonb
  || case when facts ? 'milestones' then jsonb_build_object('milestones', (
       select coalesce(jsonb_agg(each.one || '{"title": ""}' order by each.place), '[]')
       from jsonb_array_elements(facts -> 'milestones') with ordinality as each(one, place))) else '{}' end
  || case when facts ? 'lines' then jsonb_build_object('lines', (
       select coalesce(jsonb_agg(each.one || '{"article": ""}' order by each.place), '[]')
       from jsonb_array_elements(facts -> 'lines') with ordinality as each(one, place))) else '{}' end
where provider = $1 and account = $2 and facts ->> 'about' in ('project', 'order');
