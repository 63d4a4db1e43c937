-- name: append_events
-- All events of a unit of work in one statement; ordinality keeps positions in the order of decision.
insert into event (provider, epoch, stream, version, event_id, type, schema_version, account, data, meta, occurred_at, recorded_at)
select $1, $2, stream, version, event_id, type, schema_version, account, data::jsonb, meta::jsonb, $11, $12
from unnest($3::text[], $4::int[], $5::uuid[], $6::text[], $7::int[], $8::text[], $9::text[], $10::text[])
  with ordinality as new(stream, version, event_id, type, schema_version, account, data, meta, ordinal)
order by ordinal;

-- name: load_streams
-- Many streams, each beyond the version that is already known of it: its snapshot, where it is newer and was taken with the same
-- shape of state, and the events after that. LATERAL with ORDER BY or LIMIT stays a look-up per stream whatever the planner
-- believes: a plan that was made while the table was empty would otherwise read all events of the provider, until the next ANALYZE.
-- The arrays come out of a subquery, so that their length is no reason to plan anew each time (which took longer than running it).
with known as materialized (
  -- COALESCE is computed here: beneath row-level security it would count as leaky, and the index would not be used for versions.
  select k.stream, coalesce(s.version, k.version) as since, s.account, s.sealed_state
  from unnest((select $2::text[]), (select $3::int[]), (select $4::text[])) as k(stream, version, fingerprint)
  left join lateral (
    select version, account, sealed_state from snapshot
    where provider = $1 and stream = k.stream and fingerprint = k.fingerprint and version > k.version limit 1
  ) as s on true
)
select stream, since as version, null as type, null as schema_version, account, null as data, sealed_state
from known where sealed_state is not null
union all
select known.stream, e.version, e.type, e.schema_version, e.account, e.data, null from known, lateral (
  select version, type, schema_version, account, data from event
  where provider = $1 and stream = known.stream and version > known.since order by version
) as e
order by 1, 2;

-- name: save_snapshot
-- One snapshot per stream, the newest.
insert into snapshot (provider, stream, version, account, fingerprint, sealed_state) values ($1, $2, $3, $4, $5, $6)
on conflict (provider, stream) do update set version = excluded.version, account = excluded.account,
  fingerprint = excluded.fingerprint, sealed_state = excluded.sealed_state
where snapshot.version < excluded.version or snapshot.fingerprint <> excluded.fingerprint;

-- name: read_store
-- The whole store from a checkpoint, never beyond a transaction that may still commit something earlier.
select epoch, txid, position, provider, account, stream, version, event_id, type, schema_version, data, meta, occurred_at, recorded_at
from event
where (epoch, txid, position) > ($1::int, $2::xid8, $3::bigint)
  and (epoch < $4 or txid < pg_snapshot_xmin(pg_current_snapshot()))
order by epoch, txid, position limit $5;

-- name: read_store_committed
-- The whole store from a checkpoint, all that is committed: only right where writers are locked out of what is built from it.
select epoch, txid, position, provider, account, stream, version, event_id, type, schema_version, data, meta, occurred_at, recorded_at
from event
where (epoch, txid, position) > ($1::int, $2::xid8, $3::bigint)
order by epoch, txid, position limit $4;

-- name: add_to_outbox
-- Public events, in the order of decision.
insert into outbox (provider, account, event_id, envelope, data)
select $1, account, event_id, envelope, data
from unnest($2::text[], $3::uuid[], $4::bytea[], $5::bytea[]) with ordinality as new(account, event_id, envelope, data, ordinal)
order by ordinal;

-- name: set_timers
-- A timer is set once; the same occasion again changes nothing, also when it fired or was cancelled.
insert into timer (provider, timer_id, shard, account, stream, due_at, rank, wake_up, wake_up_version, data, set_at)
select $1, timer_id, shard, account, stream, due_at, rank, wake_up, wake_up_version, data::jsonb, $2
from unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::int[], $9::text[], $10::int[], $11::text[])
  as new(timer_id, shard, account, stream, due_at, rank, wake_up, wake_up_version, data)
on conflict (provider, timer_id) do nothing;

-- name: cancel_timers
-- No effect where it fired already. COALESCE, so that a plan made on an empty table cannot go through the index of all that waits.
update timer set cancelled_at = $2
where provider = $1 and timer_id = any($3::text[]) and coalesce(fired_at, cancelled_at) is null;

-- name: due_timers
-- What is due, in order, from a place in that order on; accounts that are parked keep theirs. Before that place the index may be full of
-- what has fired since the last vacuum, and each look from the beginning steps over all of it.
select t.provider, t.timer_id, t.account, t.stream, t.due_at, t.rank, t.wake_up, t.wake_up_version, t.data
from timer t
where t.fired_at is null and t.cancelled_at is null and t.shard = any($1::int[])
  and (t.due_at, t.rank) <= ($2::timestamptz, $3::int)
  and (t.due_at, t.rank, t.timer_id) >= ($5::timestamptz, $6::int, $7::text)
  and not exists (select 1 from parked_key k where k.provider = t.provider and k.account = t.account)
order by t.due_at, t.rank, t.timer_id limit $4;

-- name: claim_timers
-- Mark as fired what is still waiting; what was cancelled, or whose account was parked meanwhile, is not returned. COALESCE as above.
update timer set fired_at = $2
where provider = $1 and timer_id = any($3::text[]) and coalesce(fired_at, cancelled_at) is null
  and not exists (select 1 from parked_key k where k.provider = timer.provider and k.account = timer.account)
returning timer_id;

-- name: next_due
-- The earliest timer that waits for an account that is not parked.
select t.due_at, t.rank from timer t
where t.fired_at is null and t.cancelled_at is null
  and not exists (select 1 from parked_key k where k.provider = t.provider and k.account = t.account)
order by t.due_at, t.rank, t.timer_id limit 1;

-- name: enter_inbox
-- Only what was never seen before is returned.
insert into inbox (provider, publisher, message_id, account, outcome)
select $1, publisher, message_id, account, 'handled'
from unnest($2::text[], $3::uuid[], $4::text[]) as new(publisher, message_id, account)
order by publisher, message_id
on conflict do nothing returning message_id;

-- name: arrive
-- A page of messages arrives, in one round trip: enter_inbox, parked_accounts, read_progress, waiting_before, and load_streams of what it
-- will need, as rows of their own kinds.
with entered as (
  insert into inbox (provider, publisher, message_id, account, outcome)
  select $1, publisher, message_id, account, 'handled'
  from unnest($2::text[], $3::uuid[], $4::text[]) as new(publisher, message_id, account)
  order by publisher, message_id
  on conflict do nothing returning message_id
), held as (
  -- The lock makes a replay wait for whoever parks behind it.
  select account from parked_key where provider = $1 and account = any($4::text[]) for share
), known as materialized (
  select k.stream, coalesce(s.version, k.version) as since, s.account, s.sealed_state
  from unnest((select $7::text[]), (select $8::int[]), (select $9::text[])) as k(stream, version, fingerprint)
  left join lateral (
    select version, account, sealed_state from snapshot
    where provider = $1 and stream = k.stream and fingerprint = k.fingerprint and version > k.version limit 1
  ) as s on true
)
select message_id, null::text as publisher, null::text as account, null::bigint as last_number, null::text as awaits,
  null::bigint as first, null::bigint as first_due, null::text as stream, null::int as version, null::text as type,
  null::smallint as schema_version, null::jsonb as data, null::text as sealed_state
from entered
union all
select null, null, account, null, null, null, null, null, null, null, null, null, null from held
union all
select null, k.publisher, k.account, p.last_number, null, null, null, null, null, null, null, null, null
from unnest((select $5::text[]), (select $6::text[])) as k(publisher, account), lateral (
  select last_number from publisher_progress where provider = $1 and publisher = k.publisher and account = k.account limit 1
) as p
union all
select null, k.publisher, k.account, null, w.awaits, w.first, w.first_due, null, null, null, null, null, null
from unnest((select $5::text[]), (select $6::text[])) as k(publisher, account), lateral (
  select awaits, min(number) as first, case
    when exists (select from arrived_fact where provider = $1 and fact = awaits) then min(number)
    else min(number) filter (where is_ready) end as first_due
  from waiting_message where provider = $1 and publisher = k.publisher and account = k.account group by awaits
) as w
union all
select null, null, account, null, null, null, null, stream, since, null, null, null, sealed_state from known where sealed_state is not null
union all
select null, null, e.account, null, null, null, null, known.stream, e.version, e.type, e.schema_version, e.data, null from known, lateral (
  select version, type, schema_version, account, data from event
  where provider = $1 and stream = known.stream and version > known.since order by version
) as e
order by stream, version;

-- name: note_outcomes
-- What became of messages that were not simply handled.
update inbox set outcome = noted.outcome, reason = noted.reason
from unnest($2::text[], $3::uuid[], $4::text[], $5::text[]) as noted(publisher, message_id, outcome, reason)
where inbox.provider = $1 and inbox.publisher = noted.publisher and inbox.message_id = noted.message_id
  and inbox.message_id = any($3::uuid[]);

-- name: read_progress
-- The last number seen per publisher and account. A subquery for the reason given at load_streams.
select k.publisher, k.account, p.last_number from unnest((select $2::text[]), (select $3::text[])) as k(publisher, account), lateral (
  select last_number from publisher_progress where provider = $1 and publisher = k.publisher and account = k.account limit 1
) as p;

-- name: waiting_before
-- What waits of each publisher and account: of each fact that is awaited the first number, and the first that is about to be tried.
select k.publisher, k.account, w.awaits, w.first, w.first_due
from unnest((select $2::text[]), (select $3::text[])) as k(publisher, account), lateral (
  select awaits, min(number) as first, case
    when exists (select from arrived_fact where provider = $1 and fact = awaits) then min(number)
    else min(number) filter (where is_ready) end as first_due
  from waiting_message where provider = $1 and publisher = k.publisher and account = k.account group by awaits
) as w;

-- name: write_progress
-- Numbers only go up.
insert into publisher_progress (provider, publisher, account, last_number)
select $1, publisher, account, last_number from unnest($2::text[], $3::text[], $4::bigint[]) as new(publisher, account, last_number)
order by publisher, account
on conflict (provider, publisher, account) do update set last_number = greatest(publisher_progress.last_number, excluded.last_number);

-- name: write_offsets
-- Where to go on reading, committed with the effects of what was read.
insert into consumer_offset (topic, partition, next_offset)
select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set next_offset = excluded.next_offset
where consumer_offset.next_offset < excluded.next_offset;

-- name: parked_accounts
-- Which of these accounts are parked; the lock makes a replay wait for whoever parks behind it.
select account from parked_key where provider = $1 and account = any($2::text[]) for share;

-- name: park_account
-- The first reason stays.
insert into parked_key (provider, account, reason) values ($1, $2, $3) on conflict do nothing;

-- name: park_messages
-- In the order of arrival; the same message twice is parked once.
insert into parked_message (provider, account, publisher, number, message_id, reason, envelope, data)
select $1, account, publisher, number, message_id, reason, envelope, data
from unnest($2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::bytea[], $8::bytea[])
  with ordinality as new(account, publisher, number, message_id, reason, envelope, data, ordinal)
order by ordinal on conflict do nothing;

-- name: lock_parked
-- The one row that replays, live messages and parking of an account are serialised by.
select 1 from parked_key where provider = $1 and account = $2 for update;

-- name: first_parked
-- The next message to replay: publishers in order of arrival, each publisher's messages by number (a missing one may come last).
select position, envelope, data, publisher, account, number from parked_message
where provider = $1 and account = $2 and publisher = (
  select publisher from parked_message where provider = $1 and account = $2 order by position limit 1)
order by number limit 1;

-- name: add_waiting
-- Kept until the fact that is awaited arrives; ready at first, because it may have arrived a moment ago.
insert into waiting_message (provider, account, awaits, reason, envelope, data, publisher, number, since)
select $1, account, awaits, reason, envelope, data, publisher, number, $9
from unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::text[], $8::bigint[]) with ordinality
  as new(account, awaits, reason, envelope, data, publisher, number, ordinal)
order by ordinal;

-- name: note_arrived
-- The facts are there. Who waits for them is looked up later: a message that began to wait meanwhile cannot be seen from here.
insert into arrived_fact (provider, fact) select $1, unnest($2::text[]);

-- name: wake_waiting
-- Whoever waits for a fact that arrived is tried again. READ COMMITTED, and by the one who also puts messages back to wait.
with arrived as (
  delete from arrived_fact where position in (select position from arrived_fact order by position limit $1) returning provider, fact
)
update waiting_message w set is_ready = true from arrived
where w.provider = arrived.provider and w.awaits = arrived.fact and not w.is_ready;

-- name: ready_waiting
-- Waiting messages to try again, oldest first.
select position, provider, envelope, data from waiting_message where is_ready order by position limit $1;

-- name: begin_numbering
-- One at a time; and through the index in its order, whatever the planner believes: it takes a backlog for a few rows that are soon
-- sorted, and each page of 500 then read and sorted all that waited.
select pg_advisory_xact_lock($1), set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true);

-- name: number_outbox
-- Give the next dense number per account to what has none; committed before anything is sent. Each time is a round, and rounds are
-- sent in order: a transaction that committed late has a lower position, but a higher number than what was numbered before it.
with page as (
  select position, provider, account, event_id, row_number() over (partition by provider, account order by position desc) as from_last
  from (select position, provider, account, event_id from outbox where number is null order by position limit $1) as unnumbered
), this as materialized (
  select nextval('outbox_round') as round where exists (select 1 from page)
), bumped as (
  insert into account_number as n (provider, account, last_number)
  select provider, account, count(*) from page group by provider, account
  on conflict (provider, account) do update set last_number = n.last_number + excluded.last_number
  returning provider, account, last_number
), numbered as (
  select page.position, page.provider, page.account, page.event_id, bumped.last_number - page.from_last + 1 as number
  from page join bumped using (provider, account)
), kept as (
  insert into published_number (provider, account, number, event_id)
  select provider, account, number, event_id from numbered
)
update outbox set number = numbered.number, round = this.round from numbered, this where outbox.position = numbered.position;

-- name: numbered_outbox
-- What is to be sent, per account in the order of its numbers; accounts with a message that the broker refused stay behind it.
select o.position, o.provider, o.account, o.number, o.event_id, o.envelope, o.data from outbox o
where o.round is not null
  and not exists (select 1 from outbox r where r.provider = o.provider and r.account = o.account and r.is_refused)
order by o.round, o.position limit $1;

-- name: is_outbox_full
-- Whether more than so many messages wait for the relay. What waits behind a message that the broker refused is not the relay's to send:
-- it stays until a person has dealt with it, and bulk work of all the others must not stand still for so long.
select count(*) > $1 as is_full from (
  select 1 from outbox o
  where not exists (select 1 from outbox r where r.provider = o.provider and r.account = o.account and r.is_refused)
  limit $1 + 1
) as counted;

-- name: refuse_outbox
-- The broker refused this message; its account's later ones wait behind it.
update outbox set is_refused = true where position = $1;

-- name: retry_outbox
-- The account is released: what was refused is tried again.
update outbox set is_refused = false where provider = $1 and account = $2 and is_refused;

-- name: delete_outbox
-- Sent and acknowledged.
delete from outbox where position = any($1::bigint[]);
