-- The read models of the meters.

create table meter (
  provider text not null,
  account text not null,
  meter text not null,
  version integer not null,
  units bigint not null,
  read_at timestamptz,
  primary key (provider, account, meter)
);

create table meter_day (
  provider text not null,
  account text not null,
  counted_on date not null,
  units bigint not null,
  amount numeric(14, 4) not null,
  primary key (provider, account, counted_on)
);
