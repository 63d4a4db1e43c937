-- The catalogue grows: versions for running modules alone, drafts, announced price changes, migrations, indexations.

-- CAT-10: the indexed version of an older one is for the modules on it, and takes no orders.
alter table tariff_version add column takes_orders boolean not null default true;

-- CAT-10: an announcement counts from the day on which it left.
alter table confirmation add column sent_at timestamptz;

create table tariff_draft (
  provider text not null,
  tariff_id text not null,
  version bigint not null,
  orders_from date,
  title text not null,
  module text not null,
  tariff jsonb not null,
  saved_at timestamptz not null,
  primary key (provider, tariff_id)
);

create table price_change (
  provider text not null,
  account text not null,
  module_id text not null,
  change_id text not null,
  tariff_id text not null,
  from_version integer not null,
  to_version integer not null,
  from_on date not null,
  is_indexation boolean not null,
  may_end_free_until date,
  moves jsonb not null,
  state text not null check (state in ('announced', 'in_force', 'dropped')),
  reason text,
  announced_at timestamptz not null,
  primary key (provider, module_id, change_id)
);
-- The announcements of one migration, for its progress page.
create index price_change_of_migration on price_change (provider, change_id);

create table tariff_migration (
  provider text not null,
  migration_id text not null,
  version bigint not null,
  is_indexation boolean not null,
  effective_on date not null,
  moves jsonb not null,
  state text not null check (state in ('running', 'finished')),
  modules integer not null,
  announced integer not null default 0,
  skipped integer not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  primary key (provider, migration_id)
);
-- What the worker asks for all the time; nearly every row is finished.
create index migration_running on tariff_migration (provider, migration_id) where state = 'running';

create table migration_skip (
  provider text not null,
  migration_id text not null,
  module_id text not null,
  reason text not null,
  primary key (provider, migration_id, module_id)
);

create table indexation (
  provider text not null,
  indexation_id text not null,
  version bigint not null,
  effective_on date not null,
  percentage numeric not null,
  basis text not null,
  versions jsonb not null,
  state text not null check (state in ('planned', 'started', 'discarded')),
  planned_at timestamptz not null,
  primary key (provider, indexation_id)
);

create table indexing_version (
  provider text not null,
  version integer not null,
  indexing jsonb not null,
  set_at timestamptz not null,
  primary key (provider, version)
);
