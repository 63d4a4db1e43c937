-- What an account says of itself beyond its parties and facts, its mandates over time, and the legal documents of the provider.

-- recipients is personal, like the parties: null once the account's key is gone.
alter table account add column recipients jsonb;
alter table account add column long_term_months integer not null default 0;
alter table account add column suspended_at timestamptz;
alter table account add column suspension_reason text;

alter table mandate add column amended_on date;
alter table mandate add column form_sha256 text;
alter table mandate add column form_size_bytes bigint;
alter table mandate add column form_address text;
alter table mandate add column form_media_type text;
alter table mandate drop constraint mandate_state_check;
alter table mandate add constraint mandate_state_check check (state in ('usable', 'blocked', 'revoked', 'expired'));

-- CAT-26: what the account agreed to about long first terms, one row per consent; entry is its version in the account's stream.
create table long_term_consent (
  provider text not null,
  account text not null,
  entry integer not null,
  months_max integer not null,
  given_on date not null,
  document text not null,
  document_version text not null,
  channel text not null,
  primary key (provider, account, entry)
);

-- CON-8: terms and data-protection agreements to view, by version; none is ever changed.
create table legal_document (
  provider text not null,
  kind text not null,
  version text not null,
  valid_from date not null,
  media_type text not null,
  sha256 text not null,
  size_bytes bigint not null,
  address text not null,
  published_at timestamptz not null,
  primary key (provider, kind, version)
);
