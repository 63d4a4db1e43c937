-- name: set_provider
-- Whose rows this transaction sees and writes.
select set_config('termijn.provider', $1, true);

-- name: share_lock
-- Held until commit: no closing number is raised while a batch that read the old one is under way.
select pg_advisory_xact_lock_shared(hashtextextended('usage/' || $1::text, 0));

-- name: exclusive_lock
-- Waits for every batch under way; held until commit.
select pg_advisory_xact_lock(hashtextextended('usage/' || $1::text, 0));

-- name: closing_number
-- How many closings there were. Its own statement after the lock: the snapshot of the lock's statement is from before the wait.
select coalesce((select number from closing_count where provider = $1), 0) as number;

-- name: closing_number_or_conflict
-- The same where the snapshot is older than the lock (REPEATABLE READ): fails as a conflict if the number was raised meanwhile.
select number from closing_count where provider = $1 for share;

-- name: begin_count
-- The row that closing_number_or_conflict locks.
insert into closing_count (provider, number) values ($1, 0) on conflict (provider) do nothing;

-- name: ensure_month
-- The partition of a month.
select ensure_usage_month($1);

-- name: known_months
-- Which partitions there are.
select substr(c.relname, 7) as month from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'usage'::regclass;

-- name: owners
-- Which modules these subjects belonged to, and when.
select s.subject, s.module_id, s.account, s.from_at, s.until_at, m.starts_on, m.ends_on
from subject s join module m on m.provider = s.provider and m.module_id = s.module_id
where s.provider = $1 and s.subject = any($2::text[])
  and not exists (select from account_erasure e where e.provider = s.provider and e.account = s.account and e.access = 'erased')
order by s.subject, s.from_at;

-- name: tariffs
-- What these modules have articles for, by day.
select module_id, from_on, usage_keys, timed_keys, deck_id from module_tariff
where provider = $1 and module_id = any($2::text[]) order by module_id, from_on;

-- name: deck_versions
-- All versions of a deck.
select version, valid_from, sha256, size_bytes, address from rate_deck where provider = $1 and deck_id = $2 order by version;

-- name: identify
-- New ids, sorted by key; what was there before is not returned.
insert into usage_id (provider, source, id, content, month, module_id)
select $1, source, id, content, month, module_id
from unnest($2::text[], $3::text[], $4::uuid[], $5::date[], $6::text[]) as new(source, id, content, month, module_id)
on conflict (provider, source, id) do nothing
returning source, id;

-- name: known_content
-- What the ids that were there before stand for.
select u.source, u.id, u.content
from unnest($2::text[], $3::text[]) as asked(source, id)
join usage_id u on u.provider = $1 and u.source = asked.source and u.id = asked.id;

-- name: park_conflicts
-- Same id, other content.
insert into usage_conflict (provider, source, id, content, subject, usage_key, started_at, seconds, quantity, destination)
select $1, * from unnest($2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::int[], $9::bigint[], $10::text[])
on conflict (provider, source, id, content) do nothing;

-- name: voided_before
-- Which of these were voided before they came.
select v.source, v.id
from unnest($2::text[], $3::text[]) as asked(source, id)
join void_request v on v.provider = $1 and v.source = asked.source and v.id = asked.id;

-- name: place
-- Records at their modules, sorted by key.
insert into usage (provider, closing, month, module_id, started_at, source, id, turn, account, usage_key, subject, seconds, quantity, destination)
select $1, $2, * from unnest($3::date[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::smallint[], $9::text[], $10::text[],
  $11::text[], $12::int[], $13::bigint[], $14::text[]);

-- name: suspend
-- Records that find no module, article or rate (USE-2).
insert into suspense (provider, source, id, month, usage_key, subject, started_at, seconds, quantity, destination, reason)
select $1, * from unnest($2::text[], $3::text[], $4::date[], $5::text[], $6::text[], $7::timestamptz[], $8::int[], $9::bigint[], $10::text[], $11::text[]);

-- name: add_sums
-- What a batch added, per module, month and key.
insert into usage_sum (provider, closing, account, module_id, month, usage_key, records, seconds, quantity)
select $1, $2, * from unnest($3::text[], $4::text[], $5::date[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[]);

-- name: note_late
-- Accounts of a batch that no closing is awaited for.
insert into late_account (provider, account)
select provider, account from account_closing where provider = $1 and account = any($2::text[]) and awaited is null
order by account on conflict do nothing;

-- name: ask_void
-- A source takes a record back, also one that has not come yet.
insert into void_request (provider, source, id, asked_by) values ($1, $2, $3, $4)
on conflict (provider, source, id) do nothing returning id;

-- name: whereabouts
-- Where a record counts now.
select u.month, u.module_id, u.started_at, u.source, u.id, u.turn, u.account, u.usage_key, coalesce(u.subject, '') as subject, u.seconds, u.quantity,
  coalesce(u.destination, '') as destination
from usage_id i
join usage u on u.provider = i.provider and u.month = i.month and u.module_id = i.module_id and u.source = i.source and u.id = i.id
where i.provider = $1 and i.source = $2 and i.id = $3
  and not exists (select 1 from usage_void v where v.provider = u.provider and v.month = u.month and v.module_id = u.module_id
    and v.source = u.source and v.id = u.id and v.turn = u.turn);

-- name: withdraw
-- Records that count at these modules no longer, sorted by key.
insert into usage_void (provider, closing, reason, month, module_id, source, id, turn)
select $1, $2, $3, * from unnest($4::date[], $5::text[], $6::text[], $7::text[], $8::smallint[]);

-- name: drop_suspended
-- A record that waited is voided; nothing needs its hash any more, from which a number can be found.
with gone as (
  delete from suspense where provider = $1 and source = $2 and id = $3 returning provider, source, id
) update usage_id i set content = null from gone g where i.provider = g.provider and i.source = g.source and i.id = g.id;

-- name: retry_all
-- A manager asks to try everything that waits.
insert into reference_change (provider, stream, version, is_for_all) values ($1, $2, 1, true) on conflict (provider, stream, version) do nothing;

-- name: count_suspended
-- How many records wait.
select count(*) as waiting from suspense where provider = $1 and subject <> '';

-- name: suspended_for_changes
-- Records whose cause may have been repaired by a change that was raised, and that were not tried since.
select s.source, s.id, s.usage_key, s.subject, s.started_at, s.seconds, s.quantity, s.destination from suspense s
where s.provider = $1 and s.subject <> '' and exists (
  select 1 from reference_change c where c.provider = s.provider and c.is_raised and c.position > s.tried
    and (c.is_for_all or c.subject = s.subject or (c.deck_id is not null and s.reason = 'no rate')
      or exists (select 1 from subject o where o.provider = s.provider and o.subject = s.subject and o.module_id = c.module_id)))
order by s.source, s.id limit $2 for update;

-- name: mark_tried
-- These were tried against everything raised so far.
update suspense s set tried = (select coalesce(max(position), 0) from reference_change c where c.provider = $1 and c.is_raised),
  reason = tried.reason
from unnest($2::text[], $3::text[], $4::text[]) as tried(source, id, reason)
where s.provider = $1 and s.source = tried.source and s.id = tried.id;

-- name: settle_suspended
-- These found their module.
with found as (
  select * from unnest($2::text[], $3::text[], $4::text[]) as found(source, id, module_id)
), known as (
  update usage_id u set module_id = found.module_id from found where u.provider = $1 and u.source = found.source and u.id = found.id
)
delete from suspense s using found where s.provider = $1 and s.source = found.source and s.id = found.id;

-- name: raise_changes
-- After the exclusive lock: every batch that could not know these changes is committed.
update reference_change set is_raised = true where provider = $1 and not is_raised returning position;

-- name: raised_changes
-- Raised and not worked off.
select position, subject, module_id, released_at from reference_change where provider = $1 and is_raised order by position;

-- name: forget_changes
-- Worked off.
delete from reference_change where provider = $1 and position = any($2::bigint[]);

-- name: misplaced
-- Records at a module that its subject had left by then.
select u.month, u.module_id, u.started_at, u.source, u.id, u.turn, u.account, u.usage_key, coalesce(u.subject, '') as subject, u.seconds, u.quantity,
  coalesce(u.destination, '') as destination
from usage u
where u.provider = $1 and u.module_id = $2 and u.subject = $3 and u.month >= date_trunc('month', $4::timestamptz at time zone 'Europe/Amsterdam')::date
  and u.started_at >= $4
  and not exists (select 1 from usage_void v where v.provider = u.provider and v.month = u.month and v.module_id = u.module_id
    and v.source = u.source and v.id = u.id and v.turn = u.turn)
  and not exists (select 1 from subject o where o.provider = u.provider and o.subject = u.subject and o.module_id = u.module_id
    and o.from_at <= u.started_at and (o.until_at is null or u.started_at < o.until_at))
order by u.month, u.module_id, u.started_at, u.source, u.id limit $5;

-- name: reidentify
-- Where moved records count now.
update usage_id u set module_id = moved.module_id
from unnest($2::text[], $3::text[], $4::text[]) as moved(source, id, module_id)
where u.provider = $1 and u.source = moved.source and u.id = moved.id;

-- name: last_turns
-- How often these were placed before: a record that comes back to a module is a new row there.
select v.source, v.id, max(v.turn) as turn
from unnest($2::text[], $3::text[]) as asked(source, id)
join usage_id i on i.provider = $1 and i.source = asked.source and i.id = asked.id
join usage_void v on v.provider = i.provider and v.month = i.month and v.source = i.source and v.id = i.id
group by v.source, v.id;
