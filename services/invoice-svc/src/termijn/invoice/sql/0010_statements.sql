-- Bank statements, what matched nothing in them, and the steps of dunning that wait for the next one (TIM-3).

create table bank_statement (
  provider text not null,
  statement_id text not null,
  booked_through date not null,
  loaded_at timestamptz not null,
  primary key (provider, statement_id)
);
-- Up to which day a provider's money is booked.
create index bank_statement_through on bank_statement (provider, booked_through);

-- iban, name, name_key, reference and reason are personal: null once the key is gone.
create table unmatched_money (
  provider text not null,
  money_id text not null,
  statement_id text not null,
  amount numeric not null,
  value_on date not null,
  booked_on date not null,
  iban text,
  name text,
  name_key text,
  reference text,
  state text not null check (state in ('open', 'assigned', 'set_aside')),
  invoice_id text,
  reason text,
  noted_at timestamptz not null,
  primary key (provider, money_id)
);
-- What a manager looks at, and what steps are stopped by.
create index unmatched_money_open on unmatched_money (provider, noted_at, money_id) where state = 'open';

-- Accounts that got no letter because of it.
create table money_suspect (
  provider text not null,
  money_id text not null,
  account text not null,
  invoice_id text not null,
  since timestamptz not null,
  primary key (provider, money_id, account, invoice_id)
);

create table waiting_step (
  provider text not null,
  invoice_id text not null,
  proposal text not null,
  case_id text not null,
  account text not null,
  planned_on date not null,
  needs_through date not null,
  since timestamptz not null,
  primary key (provider, invoice_id, proposal)
);
-- What a statement lets go on, the oldest first.
create index waiting_step_needs on waiting_step (provider, needs_through);
