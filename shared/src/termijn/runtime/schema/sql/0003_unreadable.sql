-- Records whose envelope cannot be read: of no account, so they cannot be parked with one. They are kept and shown, and reading goes on.
create table unreadable_record (
  topic text not null,
  partition integer not null,
  record_offset bigint not null,
  reason text not null,
  headers jsonb not null,
  value bytea not null,
  since timestamptz not null default clock_timestamp(),
  primary key (topic, partition, record_offset)
);
grant select, insert, delete on unreadable_record to termijn_app;
