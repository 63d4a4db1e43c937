-- Accounts that nothing may be remembered of any more, numbered as they came (CON-7). Every transaction says up to which number its
-- process has forgotten what it kept in memory; one that has not heard of all that it can see is sent back to do so first.
create table forgetting (
  is_only_row boolean primary key default true check (is_only_row),
  number bigint not null
);
insert into forgetting (number) values (0);

create table forgotten_account (
  provider text not null,
  account text not null,
  number bigint not null unique,
  -- Whatever began before this transaction ended may still know the account.
  epoch integer not null default 0,
  txid xid8 not null default pg_current_xact_id(),
  primary key (provider, account)
);

-- Part of the statement that begins a transaction: whatever it reads later, it sees no erasure that its process has not heard of.
create function check_forgotten(known bigint) returns void language plpgsql stable as $$
begin
  if (select number from forgetting) <> known then
    raise exception 'accounts were erased since' using errcode = 'TM003';
  end if;
end $$;
