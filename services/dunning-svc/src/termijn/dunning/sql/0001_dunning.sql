-- The read models of dunning-svc. Cases, letters, holds and lateness are synchronous: handlers, the sender and the laws read them.

create table dunning_case (
  provider text not null,
  case_id text not null,
  account text not null,
  invoice_id text not null,
  number text not null,
  state text not null check (state in ('open', 'handed_over', 'closed')),
  opened_on date not null,
  issued_on date not null,
  due_on date not null,
  ladder_due_on date not null,
  stream text not null,
  gross numeric not null,
  open_amount numeric not null,
  round integer not null,
  occasion integer not null,
  attempt integer not null default 0,
  next_step text,
  next_on date,
  steps jsonb not null default '[]',
  rests text[] not null default '{}',
  closed_on date,
  close_reason text,
  primary key (provider, case_id)
);
-- Lists and boards are of one account, or of what is open.
create index dunning_case_account on dunning_case (provider, account, case_id);
create index dunning_case_open on dunning_case (provider, next_step, next_on) where state = 'open';

-- The history of a case, line by line (SEC-3); ordinal tells lines of one event apart.
create table case_entry (
  provider text not null,
  case_id text not null,
  version integer not null,
  ordinal integer not null,
  account text not null,
  day date not null,
  kind text not null,
  amount numeric,
  open_after numeric,
  detail text not null,
  actor text not null,
  why text not null,
  primary key (provider, case_id, version, ordinal)
);

create table letter (
  provider text not null,
  letter_id text not null,
  account text not null,
  on_day date not null,
  state text not null check (state in ('due', 'sent', 'dropped')),
  sha256 text not null,
  size_bytes bigint not null,
  address text not null,
  due_event_id uuid not null,
  sent_on date,
  message_id text,
  drop_reason text,
  primary key (provider, letter_id),
  -- An account gets one mail a day (DUN-1).
  unique (provider, account, on_day)
);
-- What the sender looks for: only letters that wait are in it.
create index letter_due on letter (provider, on_day, letter_id) where state = 'due';

create table letter_item (
  provider text not null,
  letter_id text not null,
  ordinal integer not null,
  case_id text not null,
  invoice_id text not null,
  number text not null,
  step text not null,
  open_amount numeric not null,
  issued_on date not null,
  due_on date not null,
  last_payment_on date not null,
  handover_on date,
  primary key (provider, letter_id, ordinal)
);
create index letter_item_case on letter_item (provider, case_id);

-- reason is personal: null once the account's key is gone.
create table dunning_hold (
  provider text not null,
  hold_id text not null,
  account text not null,
  invoice_id text,
  reason text,
  since date not null,
  until_day date not null,
  state text not null check (state in ('running', 'ended', 'lifted')),
  ended_on date,
  primary key (provider, hold_id)
);
create index dunning_hold_account on dunning_hold (provider, account);

create table lateness (
  provider text not null,
  account text not null,
  state text not null check (state in ('warning_ahead', 'suspension_ahead', 'suspended')),
  since date not null,
  primary key (provider, account)
);

create table task (
  provider text not null,
  task_id text not null,
  account text not null,
  case_id text,
  kind text not null,
  assignee text not null,
  reason text not null,
  due_on date not null,
  state text not null check (state in ('open', 'gone')),
  primary key (provider, task_id)
);
create index task_open on task (provider, due_on, task_id) where state = 'open';
create index task_account on task (provider, account);

create table handover (
  provider text not null,
  case_id text not null,
  account text not null,
  invoice_id text not null,
  number text not null,
  invoice_date date not null,
  handover_on date not null,
  principal numeric not null,
  collection_costs numeric not null,
  interest numeric not null,
  open_amount numeric not null,
  sha256 text not null,
  size_bytes bigint not null,
  address text not null,
  primary key (provider, case_id)
);
create index handover_account on handover (provider, account);

create table policy_version (
  provider text not null,
  version integer not null,
  policy jsonb not null,
  set_at timestamptz not null,
  primary key (provider, version)
);
