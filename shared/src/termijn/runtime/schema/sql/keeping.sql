-- name: note_unit
-- What this transaction did, for the journal.
insert into unjournaled_unit (provider, epoch, facts) values ($1, $2, $3);

-- name: unjournaled_units
-- The next units for the journal. Whoever built on another's events has the higher position.
select position, provider, facts from unjournaled_unit order by position limit $1;

-- name: events_of_units
-- The events of these units.
select u.position as unit, e.stream, e.version, e.event_id, e.type, e.schema_version, e.account, e.data, e.meta, e.occurred_at, e.recorded_at
from unjournaled_unit u join event e on e.epoch = u.epoch and e.txid = u.txid
where u.position = any($1::bigint[]) order by u.position, e.position;

-- name: delete_units
-- They are in the journal.
delete from unjournaled_unit where position = any($1::bigint[]);

-- name: last_unit
-- The highest position that this database ever gave; it never goes back, but in a restored database.
select coalesce(pg_sequence_last_value(pg_get_serial_sequence('unjournaled_unit', 'position')::regclass), 0) as position;

-- name: raise_positions
-- Positions go on above the journal's. (Restarting the sequence instead would make it look as if it had given none.)
select setval(seq, greatest($1::bigint, coalesce(pg_sequence_last_value(seq), 0), 1))
from (select pg_get_serial_sequence('unjournaled_unit', 'position')::regclass as seq) as of_table;

-- name: read_hold
-- Why the service is held, if it is.
select reason, since from service_hold;

-- name: place_hold
-- The first reason stays.
insert into service_hold (reason) values ($1) on conflict do nothing;

-- name: lift_hold
-- It goes on.
delete from service_hold;

-- name: known_events
-- Which of these events are in the store.
select event_id from event where event_id = any($1::uuid[]);

-- name: settle_messages
-- Messages whose effects are in the store, or that had none: they are not handled again. Numbers only go up.
with settled as (
  select * from unnest($2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[])
    as s(publisher, message_id, account, number, outcome, reason)
), progress as (
  insert into publisher_progress (provider, publisher, account, last_number)
  select $1, publisher, account, max(number) from settled group by publisher, account order by publisher, account
  on conflict (provider, publisher, account) do update set last_number = greatest(publisher_progress.last_number, excluded.last_number)
)
insert into inbox (provider, publisher, message_id, account, outcome, reason)
select $1, publisher, message_id, account, outcome, reason from settled
on conflict (provider, publisher, message_id) do update set outcome = excluded.outcome, reason = excluded.reason
where inbox.outcome not in ('handled', 'no effect') returning 1;

-- name: unpark_settled
-- What was parked and has been replayed.
delete from parked_message where provider = $1 and message_id = any($2::uuid[]);

-- name: unwait_settled
-- What waited and has been handled. There are few of them, so their envelopes are opened here.
delete from waiting_message
where provider = $1 and (convert_from(envelope, 'UTF8')::jsonb ->> 'id')::uuid = any($2::uuid[]);

-- name: settle_timers
-- They have fired.
update timer set fired_at = $2
where provider = $1 and timer_id = any($3::text[]) and fired_at is null and cancelled_at is null returning 1;

-- name: settle_calls
-- Calls that were answered: the same key does nothing again. The answer's body was not kept.
insert into idempotency (provider, actor, key, request_hash, status, etag)
select $1, actor, key, request_hash, status, etag
from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[]) as answered(actor, key, request_hash, status, etag)
on conflict do nothing;

-- name: settle_numbers
-- The numbers under which events were told.
insert into published_number (provider, account, number, event_id)
select * from unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]) on conflict do nothing returning 1;

-- name: raise_numbers
-- The next number of an account is above every number that was ever given.
insert into account_number as n (provider, account, last_number)
select provider, account, max(number) from unnest($1::text[], $2::text[], $3::bigint[]) as told(provider, account, number)
group by provider, account order by provider, account
on conflict (provider, account) do update set last_number = greatest(n.last_number, excluded.last_number);

-- name: number_known
-- What is told again keeps its number.
update outbox set number = told.number, round = 0
from unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]) as told(provider, account, number, event_id)
where outbox.provider = told.provider and outbox.account = told.account and outbox.event_id = told.event_id and outbox.number is null;

-- name: order_outbox
-- Rounds anew, so that each account's messages go out in order of their numbers.
update outbox set round = ordered.round
from (
  select position, nextval('outbox_round') as round
  from (select position from outbox where number is not null order by provider, account, number) as numbered
) as ordered
where outbox.position = ordered.position;

-- name: numbered_accounts
-- Accounts that something was told of, up to a number at least; of one provider or account where they are named.
select provider, account, last_number from account_number
where ($1::text is null or provider = $1) and ($2::text is null or account = $2) and last_number >= $3 order by provider, account;

-- name: account_events
-- The history of one account from an instant on; a page after a position.
select epoch, txid, position, provider, account, stream, version, event_id, type, schema_version, data, meta, occurred_at, recorded_at
from event
where provider = $1 and account = $2 and ($3::timestamptz is null or occurred_at >= $3) and position > $4 order by position limit $5;

-- name: numbers_of
-- Under which numbers these public events of an account were told.
select event_id, number from published_number where provider = $1 and account = $2 and event_id = any($3::uuid[]);

-- name: progress_with
-- How far a listener has followed a publisher.
select provider, account, last_number from publisher_progress where publisher = $1;

-- name: given_numbers
-- The last number given per account.
select provider, account, last_number from account_number;

-- name: told_as
-- What these numbers were told as, where it is known.
select told.provider, told.account, told.number, p.event_id
from unnest($1::text[], $2::text[], $3::bigint[]) as told(provider, account, number)
left join published_number p on p.provider = told.provider and p.account = told.account and p.number = told.number;

-- name: quarantine
-- Facts that were told and are not known any more.
insert into forgotten_message (provider, account, number, message_id, type, envelope, data)
select * from unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::bytea[], $7::bytea[]) on conflict do nothing;

-- name: move_offset
-- Goes on reading elsewhere; only where what was to be read next is not in the transport.
insert into consumer_offset (topic, partition, next_offset) values ($1, $2, $3)
on conflict (topic, partition) do update set next_offset = excluded.next_offset;
