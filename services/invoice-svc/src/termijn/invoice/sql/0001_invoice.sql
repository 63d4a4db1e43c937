-- The read models of invoice-svc. All of them can be rebuilt from the events.

-- Which modules a run expects rating to close, per account.
create table billed_module (
  provider text not null,
  module_id text not null,
  account text not null,
  known_on date not null,
  starts_on date,
  ended_on date,
  primary key (provider, module_id)
);

-- Which periods rating has closed, per account.
create table account_period (
  provider text not null,
  account text not null,
  period text not null,
  closing integer not null,
  run_on date not null,
  closed_at timestamptz not null,
  primary key (provider, account, period, closing)
);

-- Every charge line there ever was, and the one place where it is (INV-17). The key is what keeps a line from being taken twice.
create table charge_line (
  provider text not null,
  line_id text not null,
  account text not null,
  module_id text not null,
  article text not null,
  stream text not null,
  period text not null,
  period_from date not null,
  net numeric not null,
  place text not null check (place in ('waiting', 'carried', 'draft', 'document')),
  invoice_id text,
  primary key (provider, line_id),
  check ((invoice_id is null) = (place in ('waiting', 'carried')))
);
-- A run moves what waits of one account and stream.
create index charge_line_waiting on charge_line (provider, account, stream) where place in ('waiting', 'carried');
-- The lines of one document.
create index charge_line_document on charge_line (provider, invoice_id) where invoice_id is not null;
-- Which documents billed before what a credit note corrects.
create index charge_line_supply on charge_line (provider, module_id, article, period_from);

create table draft (
  provider text not null,
  invoice_id text not null,
  account text not null,
  stream text not null,
  run_on date not null,
  is_credit_note boolean not null,
  line_count integer not null,
  drafted_at timestamptz not null,
  held text,
  number text,
  primary key (provider, invoice_id)
);
-- What the numberer takes next.
create index draft_unnumbered on draft (provider, drafted_at, invoice_id) where number is null and held is null;

-- Every number of every series is given once (INV-7).
create table number_given (
  provider text not null,
  series text not null,
  year integer not null,
  number integer not null,
  invoice_id text not null,
  issued_on date not null,
  primary key (provider, series, year, number),
  unique (provider, invoice_id)
);

create table document (
  provider text not null,
  invoice_id text not null,
  account text not null,
  kind text not null check (kind in ('invoice', 'credit_note')),
  number text not null,
  series text not null,
  stream text not null,
  issued_on date not null,
  due_on date,
  collection text,
  net numeric not null,
  vat jsonb not null,
  gross numeric not null,
  paid numeric not null default 0,
  credited numeric not null default 0,
  written_off numeric not null default 0,
  open numeric not null check (open >= 0),
  standing_misses integer not null default 0,
  settled_on date,
  delivered_at timestamptz,
  is_test boolean not null,
  document jsonb not null,
  primary key (provider, invoice_id),
  -- Two policies of number format cannot make one number twice.
  unique (provider, number)
);
-- The list of an account's documents, newest first.
create index document_account on document (provider, account, issued_on, invoice_id);

create table delivery (
  provider text not null,
  invoice_id text not null,
  account text not null,
  message_id text not null,
  status text not null check (status in ('due', 'delivered', 'failed')),
  primary key (provider, invoice_id)
);
-- What the mail takes next.
create index delivery_due on delivery (provider, invoice_id) where status = 'due';

-- A payment id is one payment of the provider, whatever invoice it names.
create table payment (
  provider text not null,
  payment_id text not null,
  account text not null,
  invoice_id text not null,
  amount numeric not null,
  applied numeric not null,
  surplus numeric not null,
  method text not null,
  value_on date not null,
  booked_on date not null,
  reversed_on date,
  reason_code text,
  primary key (provider, payment_id)
);
create index payment_invoice on payment (provider, invoice_id);

-- What the provider owes: over-payments and credit notes (PAY-6).
create table credit (
  provider text not null,
  credit_id text not null,
  account text not null,
  source text not null,
  amount numeric not null,
  withdrawn numeric not null default 0,
  arisen_on date not null,
  primary key (provider, credit_id)
);
create index credit_account on credit (provider, account);

-- Whether a provider has said who it is; the numberer waits for it.
create table provider_profile (
  provider text not null,
  version integer not null,
  profile jsonb not null,
  primary key (provider)
);

create table provider_policy (
  provider text not null,
  version integer not null,
  policy jsonb not null,
  primary key (provider)
);

create table direct_debit (
  provider text not null,
  invoice_id text not null,
  attempt integer not null,
  account text not null,
  mandate_id text not null,
  mandate_reference text not null,
  collect_on date not null,
  submit_on date not null,
  status text not null check (status in ('planned', 'submitted', 'booked', 'failed', 'withdrawn')),
  amount numeric,
  end_to_end_id text,
  primary key (provider, invoice_id, attempt)
);
-- An invoice is never in two live files (PAY-2).
create unique index direct_debit_live on direct_debit (provider, invoice_id) where status in ('planned', 'submitted');
create index direct_debit_day on direct_debit (provider, collect_on);

create table task (
  provider text not null,
  task_id text not null,
  account text not null,
  invoice_id text not null,
  kind text not null,
  reason text not null,
  raised_at timestamptz not null,
  done_at timestamptz,
  primary key (provider, task_id)
);
create index task_open on task (provider, raised_at) where done_at is null;

create table run (
  provider text not null,
  period text not null,
  run_on date not null,
  state text not null check (state in ('planned', 'open', 'closed')),
  opened_at timestamptz,
  expected integer,
  missing integer,
  primary key (provider, period)
);

-- The accounts that a run named at its deadline.
create table run_missing (
  provider text not null,
  period text not null,
  account text not null,
  primary key (provider, period, account)
);
