-- The tables that every service has. Each table with a provider column gets row-level security when migration ends.

-- Raised by read-model statements that must hit a row: a read model that silently misses is worse than a failed command.
create function expect_rows(hit bigint) returns void language plpgsql as $$
begin
  if hit = 0 then
    raise exception 'a read model statement touched no row where it expects one' using errcode = 'TM001';
  end if;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'TM002';
end $$;

-- An epoch is one life of the database cluster: transaction ids of another cluster mean nothing here.
create table store_epoch (
  epoch integer primary key,
  system_identifier text not null,
  opened_at timestamptz not null default clock_timestamp()
);

create table event (
  provider text not null,
  epoch integer not null,
  txid xid8 not null default pg_current_xact_id(),
  position bigint generated always as identity,
  stream text not null,
  version integer not null check (version > 0),
  event_id uuid not null unique,
  type text not null,
  schema_version smallint not null,
  account text not null,
  data jsonb not null,
  meta jsonb not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  primary key (provider, stream, version)
);
-- The whole store is read in this order; a checkpoint on position alone loses events of transactions that commit late.
create index event_order on event (epoch, txid, position);
-- The history of an account is read in full (SEC-3).
create index event_account on event (provider, account, position);
create trigger event_is_append_only before update or delete or truncate on event
  for each statement execute function refuse_change();

create table snapshot (
  provider text not null,
  stream text not null,
  version integer not null,
  account text not null,
  fingerprint text not null,
  sealed_state text not null,
  primary key (provider, stream)
);

create table outbox (
  position bigint generated always as identity primary key,
  provider text not null,
  account text not null,
  event_id uuid not null,
  number bigint,
  round bigint,
  is_refused boolean not null default false,
  envelope bytea not null,
  data bytea not null,
  check ((number is null) = (round is null))
);
-- The relay numbers what is not numbered yet, in order of position, and sends round by round.
create index outbox_unnumbered on outbox (position) where number is null;
create index outbox_to_send on outbox (round, position) where round is not null;
-- Accounts that the broker refused something of; few, if any.
create index outbox_refused on outbox (provider, account) where is_refused;
create sequence outbox_round;

-- The last number given per account: a publisher's messages of one account are numbered densely.
create table account_number (
  provider text not null,
  account text not null,
  last_number bigint not null,
  primary key (provider, account)
);

create table published_number (
  provider text not null,
  account text not null,
  number bigint not null,
  event_id uuid not null,
  primary key (provider, account, number)
);

create table publisher_progress (
  provider text not null,
  publisher text not null,
  account text not null,
  last_number bigint not null,
  primary key (provider, publisher, account)
);

create table inbox (
  provider text not null,
  publisher text not null,
  message_id uuid not null,
  account text not null,
  outcome text not null,
  reason text,
  received_at timestamptz not null default clock_timestamp(),
  primary key (provider, publisher, message_id)
);
-- The inbox is trimmed by age.
create index inbox_age on inbox (received_at);

create table waiting_message (
  position bigint generated always as identity primary key,
  provider text not null,
  account text not null,
  awaits text not null,
  reason text not null,
  is_ready boolean not null default true,
  envelope bytea not null,
  data bytea not null,
  since timestamptz not null
);
create index waiting_for on waiting_message (provider, awaits);
create index waiting_ready on waiting_message (position) where is_ready;

-- Facts that arrived, until whoever waits for them has been woken.
create table arrived_fact (
  position bigint generated always as identity primary key,
  provider text not null,
  fact text not null
);

create table parked_key (
  provider text not null,
  account text not null,
  reason text not null,
  since timestamptz not null default clock_timestamp(),
  primary key (provider, account)
);

create table parked_message (
  position bigint generated always as identity primary key,
  provider text not null,
  account text not null,
  publisher text not null,
  number bigint not null,
  message_id uuid not null,
  reason text not null,
  envelope bytea not null,
  data bytea not null,
  since timestamptz not null default clock_timestamp()
);
create unique index parked_once on parked_message (provider, publisher, message_id);
create index parked_order on parked_message (provider, account, publisher, number);

create table timer (
  provider text not null,
  timer_id text not null,
  shard smallint not null,
  account text not null,
  stream text not null,
  due_at timestamptz not null,
  rank smallint not null,
  wake_up text not null,
  wake_up_version smallint not null,
  data jsonb not null,
  set_at timestamptz not null,
  fired_at timestamptz,
  cancelled_at timestamptz,
  primary key (provider, timer_id)
);
-- What is due next: only timers that still wait are in it, so its size follows the work and not the history.
create index timer_due on timer (due_at, rank, timer_id) where fired_at is null and cancelled_at is null;
create index timer_account on timer (provider, account) where fired_at is null and cancelled_at is null;

create table view_checkpoint (
  view text primary key,
  epoch integer not null,
  txid xid8 not null,
  position bigint not null
);

create table consumer_offset (
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  primary key (topic, partition)
);

create table idempotency (
  provider text not null,
  actor text not null,
  key text not null,
  request_hash text not null,
  status smallint not null,
  body jsonb,
  etag text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (provider, actor, key)
);
create index idempotency_age on idempotency (created_at);

-- A worker that fails for one provider goes on with the others; this is what ops see of it.
create table worker_failure (
  provider text not null,
  worker text not null,
  reason text not null,
  since timestamptz not null default clock_timestamp(),
  primary key (provider, worker)
);
