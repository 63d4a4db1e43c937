-- What is under warranty and until when, for the log of work (CON-12, USE-21).
create table warranty_cover (
  provider text not null,
  account text not null,
  warranty_id text not null,
  covers text not null check (covers in ('hardware', 'settings')),
  order_id text,
  line_id text,
  project_id text,
  serial_number text,
  from_on date not null,
  until_on date not null,
  primary key (provider, warranty_id)
);
-- What of an account is covered on the day of some work.
create index warranty_cover_of_account on warranty_cover (provider, account, until_on);
