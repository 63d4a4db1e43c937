-- Records on a collector's topic that are no usage, or could not be taken in: kept as they came, until they can be read.

create table usage_unreadable (
  provider text not null,
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  field text not null,
  reason text not null,
  headers bytea not null,
  value bytea not null,
  since timestamptz not null default clock_timestamp(),
  primary key (provider, topic, partition, next_offset)
);
