-- What deleting an account needs in every service (CON-7).

-- What the service was asked about deleting an account, what it answered, and whether anybody has access. A row per account that was
-- ever asked about.
create table account_erasure (
  provider text not null,
  account text not null,
  question text not null,
  attempt integer not null,
  access text not null check (access in ('open', 'closed', 'erased')),
  -- To be looked at: asked anew, or something changed since the answer; or to be erased.
  is_stale boolean not null,
  primary key (provider, account)
);
-- What the worker looks for.
create index account_erasure_stale on account_erasure (provider, account) where is_stale;

-- Whose account an answer is about: it goes with the account. Of several, where a call touched several.
alter table idempotency add column accounts text[] not null default '{}';
