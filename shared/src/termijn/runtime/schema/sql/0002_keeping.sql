-- What backup, recovery and retention need.

-- Units of work that are committed and not in the journal yet. The relay moves them there before it tells anybody of them; only
-- where the service has a journal. Its events are found by their transaction.
create table unjournaled_unit (
  position bigint generated always as identity primary key,
  provider text not null,
  epoch integer not null,
  txid xid8 not null default pg_current_xact_id(),
  facts bytea not null
);

-- A service that came back from a backup decides nothing and tells nothing until a person lets it go on.
create table service_hold (
  is_only_row boolean primary key default true check (is_only_row),
  reason text not null,
  since timestamptz not null default clock_timestamp()
);

-- Facts that this service told before it was restored and that it does not know any more, for people to look at.
create table forgotten_message (
  provider text not null,
  account text not null,
  number bigint not null,
  message_id uuid,
  type text,
  envelope bytea,
  data bytea,
  found_at timestamptz not null default clock_timestamp(),
  primary key (provider, account, number)
);

-- Timers that are over are trimmed by age.
create index timer_over on timer (coalesce(fired_at, cancelled_at)) where fired_at is not null or cancelled_at is not null;
