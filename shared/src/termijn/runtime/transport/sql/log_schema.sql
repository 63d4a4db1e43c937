-- The log transport: a table per topic, made by ensure_topics; positions and groups here.

create table if not exists log_partition (
  topic text not null,
  partition smallint not null,
  first_offset bigint not null default 0,
  next_offset bigint not null default 0,
  primary key (topic, partition)
) with (fillfactor = 50);

create table if not exists log_group_offset (
  group_name text not null,
  topic text not null,
  partition smallint not null,
  next_offset bigint not null default 0,
  primary key (group_name, topic, partition)
) with (fillfactor = 50);

create table if not exists log_member (
  group_name text not null,
  member text not null,
  backend_pid integer not null,
  backend_start timestamptz not null,
  lease_until timestamptz not null,
  primary key (group_name, member)
);

grant select, update on log_partition to termijn_app;
grant select, insert, update, delete on log_group_offset, log_member to termijn_app;

-- Appends are behind the topic's lock, held until the commit: so offsets have no holes and become visible in order. Without it a
-- reader could see offset 8 before 7 is committed, go on from 9, and never read 7.
create or replace function log_append(of_topic text, of_table text, partitions smallint[], keys text[], bodies bytea[], head bytea[])
returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('termijn.log.append/' || of_topic, 0));
  execute format($sql$
    with new as (
      select * from unnest($2, $3, $4, $5) with ordinality as n(partition, key, value, headers, ordinal)
    ), counted as (
      select partition, count(*) as records from new group by partition
    ), bumped as (
      update log_partition p set next_offset = p.next_offset + c.records
      from counted c where p.topic = $1 and p.partition = c.partition
      returning p.partition, p.next_offset - c.records as base
    )
    insert into %I (partition, "offset", key, value, headers)
    select new.partition, base + row_number() over (partition by new.partition order by ordinal) - 1, key, value, headers
    from new join bumped using (partition)
  $sql$, of_table) using of_topic, partitions, keys, bodies, head;
end $$;

-- Delete what every group has passed and is old enough, from the front and without holes; at most rows_max rows per partition.
create or replace function log_trim(of_topic text, of_table text, older_than interval, rows_max integer)
returns bigint language plpgsql as $$
declare trimmed bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('termijn.log.append/' || of_topic, 0));
  execute format($sql$
    with slowest as (
      -- A partition that no group reads is not in here, so nothing of it is trimmed.
      select g.partition, min(g.next_offset) as passed from log_group_offset g where g.topic = $1 group by g.partition
    ), passed as (
      select p.partition, p.first_offset, least(p.first_offset + $3, p.next_offset, slowest.passed) as upto
      from log_partition p join slowest using (partition) where p.topic = $1
    ), young as (
      select passed.partition, coalesce(
        (select min(r."offset") from %1$I r where r.partition = passed.partition and r."offset" >= passed.first_offset
           and r."offset" < passed.upto and r.appended_at > clock_timestamp() - $2), passed.upto) as upto
      from passed
    ), gone as (
      delete from %1$I r using young where r.partition = young.partition and r."offset" < young.upto returning r.partition
    ), moved as (
      update log_partition p set first_offset = young.upto from young
      where p.topic = $1 and p.partition = young.partition and p.first_offset < young.upto
    )
    select count(*) from gone
  $sql$, of_table) into trimmed using of_topic, older_than, rows_max;
  return trimmed;
end $$;
