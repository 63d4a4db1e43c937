-- The read models of contracts-svc. All are synchronous: they keep rules over several streams, or a handler reads them.

create table policy_version (
  provider text not null,
  version integer not null,
  policy jsonb not null,
  set_at timestamptz not null,
  primary key (provider, version)
);

create table tariff_version (
  provider text not null,
  tariff_id text not null,
  version integer not null,
  orders_from date not null,
  title text not null,
  module text not null,
  is_public boolean not null,
  tariff jsonb not null,
  primary key (provider, tariff_id, version)
);

create table rate_deck_version (
  provider text not null,
  deck_id text not null,
  version integer not null,
  valid_from date not null,
  rows integer not null,
  sha256 text not null,
  size_bytes bigint not null,
  primary key (provider, deck_id, version)
);

-- contract_partner and invoice_address are personal: null once the account's key is gone, and nothing depends on them.
create table account (
  provider text not null,
  account text not null,
  version integer not null,
  contract_partner jsonb,
  invoice_address jsonb,
  facts jsonb not null,
  customer_number text,
  exemption text,
  contract_start date,
  opened_at timestamptz not null,
  primary key (provider, account)
);
-- CON-8: a customer number is unique per provider, where there is one.
create unique index account_customer_number on account (provider, customer_number) where customer_number is not null;

create table mandate (
  provider text not null,
  account text not null,
  mandate_id text not null,
  reference text not null,
  scheme text not null,
  signed_on date not null,
  state text not null check (state in ('usable', 'blocked', 'revoked')),
  revoked_on date,
  block_reason text,
  primary key (provider, account, mandate_id)
);
-- PAY-1: the bank knows a mandate by creditor and reference, so a provider uses each reference once.
create unique index mandate_reference on mandate (provider, reference);

create table module (
  provider text not null,
  account text not null,
  module_id text not null,
  version integer not null,
  kind text not null,
  state text not null check (state in ('awaiting_delivery', 'running', 'ended', 'terminated')),
  ordered_on date not null,
  starts_on date,
  channel text not null,
  notice_on date,
  ends_on date,
  explanation text,
  suspended_at timestamptz,
  suspension_reason text,
  still_works text[] not null default '{}',
  over_reason text,
  primary key (provider, module_id)
);
-- An account's modules, for its contract page and for suspension.
create index module_of_account on module (provider, account);

create table module_tariff (
  provider text not null,
  module_id text not null,
  from_on date not null,
  tariff_id text not null,
  tariff_version integer not null,
  counts_from date,
  primary key (provider, module_id, from_on)
);

create table module_quantity (
  provider text not null,
  module_id text not null,
  from_on date not null,
  quantity integer not null,
  primary key (provider, module_id, from_on)
);

create table module_option (
  provider text not null,
  module_id text not null,
  article_id text not null,
  quantity integer not null,
  from_on date not null,
  ends_on date,
  primary key (provider, module_id, article_id)
);

-- A range over text gives an exclusion constraint on plain columns without the btree_gist extension, which not every
-- PostgreSQL comes with: [x,x] equals [x,x] only.
create type text_range as range (subtype = text, collation = "C");

-- USE-2: at any instant a subject has one owner. Two orders at once once took one number; a query cannot prevent that, this does.
create table subject_owner (
  provider text not null,
  account text not null,
  module_id text not null,
  subject text not null,
  from_at timestamptz not null,
  until_at timestamptz,
  primary key (provider, subject, from_at, module_id),
  constraint subject_has_one_owner exclude using gist (
    text_range(provider, provider, '[]') with =,
    text_range(subject, subject, '[]') with =,
    tstzrange(from_at, until_at) with &&
  )
);
-- The subjects of a module, for its page.
create index subject_of_module on subject_owner (provider, module_id);

create table confirmation (
  provider text not null,
  account text not null,
  confirmation_id text not null,
  module_id text not null,
  kind text not null,
  facts jsonb not null,
  decided_at timestamptz not null,
  actor text not null,
  state text not null check (state in ('due', 'sent', 'not_sent')),
  message_id text,
  reason text,
  primary key (provider, confirmation_id)
);
-- What the sender asks for all the time; nearly every row has been sent.
create index confirmation_due on confirmation (provider, decided_at) where state = 'due';
