-- Projects, orders of goods, warranties, leases, and tasks for managers (CON-11, CON-12). No personal data: why a project stopped
-- and the name of a lease company are in sealed events only.

create table project (
  provider text not null,
  account text not null,
  project_id text not null,
  version integer not null,
  title text not null,
  state text not null check (state in ('open', 'delivered', 'completed', 'stopped')),
  price numeric not null,
  remainder numeric not null,
  remainder_vat_rate numeric not null,
  agreed_on date not null,
  quote text,
  delivered_on date,
  over_on date,
  dropped numeric not null default 0,
  primary key (provider, project_id)
);
-- The projects of an account, for its page.
create index project_of_account on project (provider, account, project_id);

create table project_milestone (
  provider text not null,
  project_id text not null,
  milestone_id text not null,
  place integer not null,
  title text not null,
  net numeric not null,
  vat_rate numeric not null,
  kind text not null,
  planned_on date,
  reached_on date,
  primary key (provider, project_id, milestone_id)
);

create table goods_order (
  provider text not null,
  account text not null,
  order_id text not null,
  version integer not null,
  project_id text,
  ordered_on date not null,
  agreed_on date not null,
  goes_to_lease_company boolean not null,
  channel text not null,
  primary key (provider, order_id)
);
-- The orders of an account, for its page.
create index goods_order_of_account on goods_order (provider, account, order_id);
-- The goods that belong to a project.
create index goods_order_of_project on goods_order (provider, project_id) where project_id is not null;

create table goods_line (
  provider text not null,
  order_id text not null,
  line_id text not null,
  place integer not null,
  article text not null,
  sku text,
  quantity integer not null,
  unit_price numeric not null,
  vat_rate numeric not null,
  kind text not null,
  revenue_group text not null,
  ledger_account text not null,
  supplier_months integer,
  delivered integer not null default 0,
  cancelled integer not null default 0,
  placed integer not null default 0,
  primary key (provider, order_id, line_id),
  -- CON-11: more can neither be delivered nor placed than there is.
  check (delivered + cancelled <= quantity),
  check (placed <= delivered)
);

create table goods_delivery (
  provider text not null,
  order_id text not null,
  delivery_id text not null,
  line_id text not null,
  account text not null,
  delivered_on date not null,
  quantity integer not null,
  net numeric not null,
  primary key (provider, order_id, delivery_id, line_id)
);

-- Cover by cover: what, since when, until when (CON-12). The inputs stand beside the days, so that they can be explained (CON-13).
create table warranty (
  provider text not null,
  account text not null,
  warranty_id text not null,
  covers text not null check (covers in ('hardware', 'settings')),
  order_id text,
  line_id text,
  project_id text,
  article text not null,
  serial_number text,
  quantity integer not null,
  from_on date not null,
  until_on date not null,
  own_months integer,
  supplier_months integer,
  settings_days integer,
  primary key (provider, warranty_id)
);
-- What of an account is covered on a day.
create index warranty_of_account on warranty (provider, account, until_on);

create table warranty_extension (
  provider text not null,
  warranty_id text not null,
  extension integer not null,
  account text not null,
  months integer not null,
  net numeric not null,
  extended_on date not null,
  primary key (provider, warranty_id, extension)
);

create table lease (
  provider text not null,
  account text not null,
  lease_id text not null,
  version integer not null,
  module_id text not null,
  order_id text,
  title text not null,
  months integer not null,
  starts_on date not null,
  ends_on date not null,
  warn_on date not null,
  ended_on date,
  primary key (provider, lease_id),
  -- One module is billed for one lease.
  unique (provider, module_id)
);
-- The leases of an account, for its page.
create index lease_of_account on lease (provider, account, lease_id);

create table manager_task (
  provider text not null,
  account text not null,
  task_id text not null,
  kind text not null,
  subject_id text not null,
  reason text not null,
  raised_on date not null,
  raised_at timestamptz not null,
  done_at timestamptz,
  outcome text,
  primary key (provider, task_id)
);
-- What a manager's list asks for; most tasks are done.
create index manager_task_open on manager_task (provider, raised_at, task_id) where done_at is null;
