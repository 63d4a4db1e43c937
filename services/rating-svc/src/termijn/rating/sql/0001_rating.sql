-- Tables of rating-svc. Row-level security and grants are added to every table with a provider column when migration ends.

-- Read models for resolving use: whose a subject is at an instant, and what a module is on a day.

create table module (
  provider text not null,
  module_id text not null,
  account text not null,
  starts_on date,
  ends_on date,
  primary key (provider, module_id)
);

-- The tariff from a day on, as far as ingest needs it: which keys have an article, and which of those a deck prices.
create table module_tariff (
  provider text not null,
  module_id text not null,
  from_on date not null,
  tariff_id text not null,
  tariff_version integer not null,
  usage_keys text[] not null,
  timed_keys text[] not null,
  deck_id text,
  primary key (provider, module_id, from_on)
);

create table subject (
  provider text not null,
  subject text not null,
  module_id text not null,
  from_at timestamptz not null,
  until_at timestamptz,
  account text not null,
  primary key (provider, subject, module_id, from_at)
);

create table rate_deck (
  provider text not null,
  deck_id text not null,
  version integer not null,
  valid_from date not null,
  sha256 text not null,
  size_bytes bigint not null,
  address text not null,
  primary key (provider, deck_id, version)
);

-- What may have repaired the cause of records that wait: appended with the event, removed when they were tried again.
create table reference_change (
  provider text not null,
  stream text not null,
  version integer not null,
  position bigint generated always as identity,
  subject text,
  module_id text,
  deck_id text,
  released_at timestamptz,
  is_for_all boolean not null default false,
  is_raised boolean not null default false,
  primary key (provider, stream, version)
);

-- Closings: how many there were, and which number each month got. Ingest stores the count on every record.

create table closing_count (
  provider text not null primary key,
  number integer not null
);

create table closing (
  provider text not null,
  period text not null,
  number integer not null,
  primary key (provider, period)
);
create unique index closing_number on closing (provider, number);

-- Raises the provider's count for a month, once. The exclusive lock waits for every ingest that has read the count before and
-- has not committed: whatever carries a lower count is visible to whoever reads after this. A function, because each of its
-- statements sees what was committed while it waited; one statement would compute with the count from before the wait.
create function raise_closing(of_provider text, of_period text) returns integer language plpgsql as $$
declare raised integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('usage/' || of_provider, 0));
  select number into raised from closing where provider = of_provider and period = of_period;
  if found then
    return raised;
  end if;
  insert into closing_count (provider, number) values (of_provider, 1)
    on conflict (provider) do update set number = closing_count.number + 1
    returning number into raised;
  insert into closing (provider, period, number) values (of_provider, of_period, raised);
  return raised;
end $$;

-- Use. A record is identified once and for all in usage_id; where it counts is a row of usage, which never changes.

create table usage_id (
  provider text not null,
  source text not null,
  id text not null,
  content uuid not null,
  month date not null,
  module_id text,
  primary key (provider, source, id)
);

create table usage (
  provider text not null,
  month date not null,
  module_id text not null,
  started_at timestamptz not null,
  source text not null,
  id text not null,
  turn smallint not null,
  account text not null,
  usage_key text not null,
  subject text not null,
  seconds integer not null,
  quantity bigint not null,
  destination text not null,
  closing integer not null,
  recorded_at timestamptz not null default clock_timestamp(),
  -- In the order in which a closing reads: one module's month by start, source and id.
  primary key (provider, month, module_id, started_at, source, id, turn)
) partition by range (month);
create trigger usage_is_append_only before update or delete or truncate on usage
  for each statement execute function refuse_change();

-- Makes the partition of a month. The services' role owns nothing, so this runs as the owner; two that come at once wait for
-- each other. Called in a transaction of its own: it locks the table.
create function ensure_usage_month(wanted date) returns void language plpgsql security definer set search_path = public as $$
declare
  first date := date_trunc('month', wanted)::date;
  name text := 'usage_' || to_char(wanted, 'YYYY_MM');
begin
  -- Asked of pg_class, not to_regclass: that answered from its cache after the wait, and two sessions made one table.
  if exists (select from pg_class where relname = name and relnamespace = 'public'::regnamespace) then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('usage_partition', 0));
  if exists (select from pg_class where relname = name and relnamespace = 'public'::regnamespace) then
    return;
  end if;
  execute format('create table %I partition of usage for values from (%L) to (%L)', name, first, (first + interval '1 month')::date);
  -- Reached through the parent only, whose policy holds; on its own it shows nothing to anybody.
  execute format('alter table %I enable row level security', name);
end $$;

-- A record that counts at a module no longer: voided by its source, or moved because the subject was another module's.
create table usage_void (
  provider text not null,
  month date not null,
  module_id text not null,
  source text not null,
  id text not null,
  turn smallint not null,
  closing integer not null,
  reason text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (provider, month, module_id, source, id, turn)
);
create trigger usage_void_is_append_only before update or delete or truncate on usage_void
  for each statement execute function refuse_change();

-- What sources have voided, also before the record itself arrived.
create table void_request (
  provider text not null,
  source text not null,
  id text not null,
  asked_by text not null,
  asked_at timestamptz not null default clock_timestamp(),
  primary key (provider, source, id)
);

-- Same id, other content: neither counts twice nor is lost; shown until a person has looked at it.
create table usage_conflict (
  provider text not null,
  source text not null,
  id text not null,
  content uuid not null,
  subject text not null,
  usage_key text not null,
  started_at timestamptz not null,
  seconds integer not null,
  quantity bigint not null,
  destination text not null,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (provider, source, id, content)
);

create table suspense (
  provider text not null,
  source text not null,
  id text not null,
  month date not null,
  usage_key text not null,
  subject text not null,
  started_at timestamptz not null,
  seconds integer not null,
  quantity bigint not null,
  destination text not null,
  reason text not null,
  tried bigint not null default 0,
  since timestamptz not null default clock_timestamp(),
  primary key (provider, source, id)
);
-- A subject that is assigned is looked for here.
create index suspense_subject on suspense (provider, subject);

-- Totals, appended per batch and folded when read: updating one row from two processes was slower than one process alone.
create table usage_sum (
  provider text not null,
  account text not null,
  module_id text not null,
  month date not null,
  closing integer not null,
  usage_key text not null,
  batch bigint generated always as identity,
  records bigint not null,
  seconds bigint not null,
  quantity bigint not null,
  primary key (provider, account, module_id, month, closing, usage_key, batch)
);

-- Accounts with use but without a closing to come: their last module has ended.
create table late_account (
  provider text not null,
  account text not null,
  primary key (provider, account)
);

-- What closings made.

create table account_closing (
  provider text not null,
  account text not null,
  awaited text,
  last_closing integer not null default 0,
  primary key (provider, account)
);

create table billed_line (
  provider text not null,
  line_id text not null,
  account text not null,
  module_id text not null,
  period text not null,
  closing integer not null,
  origin text not null,
  article text not null,
  period_from date not null,
  period_until date not null,
  vat_rate numeric not null,
  net numeric not null,
  quantity numeric not null,
  records bigint not null,
  seconds bigint not null,
  line jsonb not null,
  primary key (provider, line_id)
);
-- A closing asks for the lines of a module that end on or after a day.
create index billed_line_module on billed_line (provider, account, module_id, period_until);

create table rated_period (
  provider text not null,
  account text not null,
  module_id text not null,
  period text not null,
  closing integer not null,
  is_correction boolean not null,
  records bigint not null,
  seconds bigint not null,
  sha256 text not null,
  tariff_id text,
  tariff_version integer,
  deck_version integer,
  net numeric not null,
  primary key (provider, account, module_id, period, closing)
);

create table closed_period (
  provider text not null,
  account text not null,
  period text not null,
  closing integer not null,
  modules integer not null,
  running_modules integer not null,
  primary key (provider, account, period)
);

create table suspended_use (
  provider text not null,
  account text not null,
  period text not null,
  reason text not null,
  records bigint not null,
  primary key (provider, account, period, reason)
);
