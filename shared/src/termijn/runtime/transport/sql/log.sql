-- name: ends
-- Where each partition begins and ends; what has news is then fetched.
select topic, partition, first_offset, next_offset from log_partition where topic = any($1::text[]);

-- name: lag
-- Records behind the end; a group that never committed is behind by everything.
select coalesce(sum(p.next_offset - coalesce(g.next_offset, 0)), 0)::bigint
from log_partition p left join log_group_offset g on g.group_name = $1 and g.topic = p.topic and g.partition = p.partition
where p.topic = any($2::text[]);

-- name: commit
-- Offsets of a group only go up: a member that was slow never moves them back.
insert into log_group_offset (group_name, topic, partition, next_offset)
select $1, topic, partition, next_offset from unnest($2::text[], $3::smallint[], $4::bigint[]) as new(topic, partition, next_offset)
order by topic, partition
on conflict (group_name, topic, partition) do update set next_offset = greatest(log_group_offset.next_offset, excluded.next_offset);

-- name: join_group
-- This member, known by its session; and the group's row per partition, so that nothing is trimmed before it has read it.
with member as (
  insert into log_member (group_name, member, backend_pid, backend_start, lease_until)
  select $1, $2, pid, backend_start, clock_timestamp() + $3 from pg_stat_activity where pid = pg_backend_pid()
)
insert into log_group_offset (group_name, topic, partition)
select $1, topic, partition from log_partition where topic = any($4::text[])
on conflict do nothing;

-- name: beat
-- The process is alive.
update log_member set lease_until = clock_timestamp() + $3 where group_name = $1 and member = $2;

-- name: leave_group
-- The others take over at their next look.
delete from log_member where group_name = $1 and member = $2;

-- name: bury_members
-- A member whose session is gone has died. One whose lease ran out stands still: its session is ended, which frees its partitions.
with dead as (
  delete from log_member m where m.group_name = $1 and (m.lease_until < clock_timestamp() or not exists (
    select from pg_stat_activity a where a.pid = m.backend_pid and a.backend_start = m.backend_start))
  returning m.backend_pid, m.backend_start
)
select pg_terminate_backend(a.pid) from dead join pg_stat_activity a on a.pid = dead.backend_pid and a.backend_start = dead.backend_start;

-- name: members
-- Who is in the group, in an order that all members see alike.
select member from log_member where group_name = $1 order by member;

-- name: try_locks
-- The partitions that nobody else holds become ours; they stay it as long as the session lives.
select topic, partition, pg_try_advisory_lock(hashtextextended('termijn.log.read/' || $1 || '/' || topic || '/' || partition, 0)) as is_ours
from unnest($2::text[], $3::smallint[]) as wanted(topic, partition);

-- name: unlock
-- Given to whom it belongs now.
select pg_advisory_unlock(hashtextextended('termijn.log.read/' || $1 || '/' || topic || '/' || partition, 0))
from unnest($2::text[], $3::smallint[]) as given(topic, partition);

-- name: forget_group
-- A group that does not come back must not keep the log from being trimmed.
delete from log_group_offset where group_name = $1;
