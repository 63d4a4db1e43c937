-- Deleting accounts (CON-7): how far each is, what the services answered, which keys are to go.

create table account_deletion (
  provider text not null,
  account text not null,
  state text not null check (state in ('considered', 'waiting', 'deleted')),
  question text not null,
  attempt integer not null,
  requested_at timestamptz,
  ended_at timestamptz,
  ended_because text,
  overdue text[] not null default '{}',
  -- All are ready, or something of our own came in between: the worker decides.
  is_decidable boolean not null default false,
  primary key (provider, account)
);
create index account_deletion_decidable on account_deletion (provider, account) where is_decidable;
-- What ops looks at: those that wait for somebody.
create index account_deletion_waiting on account_deletion (provider, account) where state = 'waiting' or overdue <> '{}';

create table deletion_answer (
  provider text not null,
  account text not null,
  service text not null,
  question text not null,
  attempt integer not null,
  obstacles jsonb not null,
  answered_at timestamptz not null,
  erased_at timestamptz,
  primary key (provider, account, service)
);

create table doomed_key (
  provider text not null,
  account text not null,
  purpose text not null,
  is_gone boolean not null,
  primary key (provider, account, purpose)
);
create index doomed_key_left on doomed_key (provider, account) where not is_gone;

-- Accounts whose last module was cancelled or ended a moment ago, until the worker has looked.
create table deletion_candidate (
  provider text not null,
  account text not null,
  primary key (provider, account)
);
