-- name: access
-- Whether anybody has access to the account.
select access from account_erasure where provider = $1 and account = $2;

-- name: take_question
-- What was asked; it is to be looked at. An account that is gone stays so.
insert into account_erasure (provider, account, question, attempt, access, is_stale) values ($1, $2, $3, $4, 'open', true)
on conflict (provider, account) do update set question = excluded.question, attempt = excluded.attempt, is_stale = true
where account_erasure.access <> 'erased';

-- name: set_access
-- Closed, open again, or gone for good; what is gone is to be erased.
insert into account_erasure (provider, account, question, attempt, access, is_stale) values ($1, $2, $3, 0, $4, $4 = 'erased')
on conflict (provider, account) do update set access = excluded.access, is_stale = account_erasure.is_stale or excluded.is_stale;

-- name: looked_at
-- Answered, or erased; or nothing to answer anew.
update account_erasure set is_stale = false where provider = $1 and account = $2 and is_stale;

-- name: erased_again
-- A service that was restored may not know that the account is gone.
insert into account_erasure (provider, account, question, attempt, access, is_stale) values ($1, $2, '', 0, 'erased', false)
on conflict (provider, account) do update set access = 'erased';

-- name: knows_account
-- Whether anything ever happened to the account here.
select exists (select from event where provider = $1 and account = $2) as is_known;

-- name: mark_stale
-- Something happened that may change the answer.
update account_erasure set is_stale = true where provider = $1 and account = $2 and not is_stale and access <> 'erased';

-- name: stale_providers
-- Providers with something to look at.
select distinct provider from account_erasure where is_stale;

-- name: stale
-- What is to be looked at, after an account.
select account as item from account_erasure where provider = $1 and is_stale and account > $2 order by account limit $3;

-- name: is_stale
-- Whether it is to be looked at still, and what for.
select access from account_erasure where provider = $1 and account = $2 and is_stale;

-- name: is_settled
-- Whether no transaction that began before the last question can still commit, and every asynchronous read model ($3) has seen all
-- of the account: what is found then is all there is.
select coalesce((select max(txid) from event where provider = $1 and account = $2 and type = any($4::text[])
    and epoch = (select max(epoch) from store_epoch)) < pg_snapshot_xmin(pg_current_snapshot()), true)
  and not exists (
    select 1 from unnest($3::text[]) as v(name) left join view_checkpoint c on c.view = v.name
    where (coalesce(c.epoch, 0), coalesce(c.txid, '0'::xid8), coalesce(c.position, 0)) < (
      select e.epoch, e.txid, e.position from event e where e.provider = $1 and e.account = $2 order by e.position desc limit 1)
  ) as is_settled;

-- name: take_leave
-- The account gets the next number of those that nothing may be remembered of.
with next as (
  update forgetting set number = number + 1
  where not exists (select from forgotten_account where provider = $1 and account = $2) returning number
) insert into forgotten_account (provider, account, number, epoch)
select $1, $2, number, (select max(epoch) from store_epoch) from next;

-- name: tell_again
-- One more key of an account that has left was destroyed: it gets a number anew, so that every process forgets what it read since.
with next as (
  update forgetting set number = number + 1
  where exists (select from forgotten_account where provider = $1 and account = $2) returning number
) update forgotten_account f set number = next.number, txid = pg_current_xact_id() from next where f.provider = $1 and f.account = $2;

-- name: has_left
-- Whether it has its number, and whether no transaction is under way any more that may still know the account: none that had begun to
-- write by then, and none whose snapshot is from before.
select f.epoch < (select max(epoch) from store_epoch) or (f.txid < pg_snapshot_xmin(pg_current_snapshot()) and not exists (
    select from pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid()
      and age(a.backend_xmin) >= age(f.txid::xid))) as is_unknown
from forgotten_account f where f.provider = $1 and f.account = $2;

-- name: machinery_obstacles
-- What the machinery has of the account and has not dealt with.
select 'parked' as kind, reason as subject from parked_key where provider = $1 and account = $2
union all
select 'parked', awaits from waiting_message where provider = $1 and account = $2;

-- name: erased_is_forgotten
-- Accounts that were erased here and that a process, or a state of a stream, may still know.
select e.provider, e.account, 'memory' as subject, 'no process was told to forget it' as detail from account_erasure e
where e.access = 'erased' and not e.is_stale and not exists (
  select from forgotten_account f where f.provider = e.provider and f.account = e.account)
union all
select s.provider, s.account, s.stream, 'its state is kept' from snapshot s
join account_erasure e on e.provider = s.provider and e.account = s.account where e.access = 'erased' and not e.is_stale;

-- name: forget_snapshots
-- States of streams; they are built from shredded events when somebody asks again.
delete from snapshot where provider = $1 and account = $2;

-- name: forget_calls
-- Answers to calls about the account; they are kept for days only.
delete from idempotency where provider = $1 and $2 = any(accounts);

-- name: forget_reasons
-- Errors quote what they could not deal with.
update inbox set reason = null where provider = $1 and account = $2 and reason is not null and outcome = 'parked';
