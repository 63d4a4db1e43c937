"""The schema of the key store: one table, and functions that set the provider and do one thing each."""

SCHEMA = """
create table if not exists personal_key (
  provider text not null,
  account text not null,
  purpose text not null,
  key_id text not null unique,
  key bytea,
  created_at timestamptz not null default clock_timestamp(),
  destroyed_at timestamptz,
  primary key (provider, account, purpose),
  check ((key is null) = (destroyed_at is not null))
);
alter table personal_key enable row level security;
drop policy if exists one_provider on personal_key;
create policy one_provider on personal_key using (provider = (select current_setting('termijn.provider', true)));
grant select, insert, update on personal_key to termijn_app;

-- One round trip: what exists, and what is missing made from the new keys offered. Offering is idempotent: the first one stays.
create or replace function personal_keys_of(of_provider text, accounts text[], purposes text[], new_ids text[], new_keys bytea[])
returns table (account text, purpose text, key_id text, key bytea) language plpgsql as $$
begin
  perform set_config('termijn.provider', of_provider, true);
  insert into personal_key (provider, account, purpose, key_id, key)
  select of_provider, offered.account, offered.purpose, offered.new_id, offered.new_key
  from unnest(accounts, purposes, new_ids, new_keys) as offered(account, purpose, new_id, new_key)
  where not exists (
    select from personal_key k where k.provider = of_provider and k.purpose = offered.purpose and k.account = offered.account)
  order by offered.account, offered.purpose
  on conflict do nothing;
  return query select k.account, k.purpose, k.key_id, k.key
  from unnest(accounts, purposes) as asked(account, purpose)
  join personal_key k on k.provider = of_provider and k.account = asked.account and k.purpose = asked.purpose;
end $$;

create or replace function personal_key_named(of_provider text, of_key_id text)
returns table (key_id text, key bytea) language plpgsql as $$
begin
  perform set_config('termijn.provider', of_provider, true);
  return query select k.key_id, k.key from personal_key k where k.provider = of_provider and k.key_id = of_key_id;
end $$;

create or replace function live_personal_key(of_provider text, of_account text, of_purpose text) returns text language plpgsql as $$
begin
  perform set_config('termijn.provider', of_provider, true);
  return (select k.key_id from personal_key k
    where k.provider = of_provider and k.account = of_account and k.purpose = of_purpose and k.key is not null);
end $$;

create or replace function live_personal_keys(of_provider text, of_accounts text[])
returns table (account text, purpose text) language plpgsql as $$
begin
  perform set_config('termijn.provider', of_provider, true);
  return query select k.account, k.purpose from personal_key k
    where k.provider = of_provider and k.account = any(of_accounts) and k.key is not null order by 1, 2;
end $$;

-- Which accounts are gone, of every provider: ids only, for services that were restored. The owner sees all rows.
create or replace function erased_accounts() returns table (provider text, account text)
language sql security definer set search_path = public as $$
  select provider, account from personal_key where purpose = 'account' and destroyed_at is not null
$$;

-- What the log names, also where a restored store never had the key. The owner only.
create or replace function erase_keys_again(providers text[], accounts text[], purposes text[], key_ids text[], erased_at timestamptz[])
returns void language sql as $$
  insert into personal_key (provider, account, purpose, key_id, key, destroyed_at)
  select distinct on (provider, account, purpose) provider, account, purpose, key_id, null::bytea, at
  from unnest(providers, accounts, purposes, key_ids, erased_at) as erased(provider, account, purpose, key_id, at)
  order by provider, account, purpose, at
  on conflict (provider, account, purpose) do update set key = null, destroyed_at = excluded.destroyed_at
  where personal_key.destroyed_at is null
$$;

create or replace function destroy_personal_keys(of_provider text, of_account text, of_purpose text)
returns integer language plpgsql as $$
declare destroyed integer;
begin
  perform set_config('termijn.provider', of_provider, true);
  update personal_key k set key = null, destroyed_at = clock_timestamp()
  where k.provider = of_provider and k.account = of_account and k.purpose = of_purpose and k.destroyed_at is null;
  get diagnostics destroyed = row_count;
  return destroyed;
end $$;
"""
