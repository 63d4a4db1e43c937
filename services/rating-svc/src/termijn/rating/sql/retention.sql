-- name: usage_unreadable_due
-- Whose the oldest record is that nobody could read for 180 days, and a day of grace. Machine time: what cannot be read has no other.
select provider from (select provider, since from usage_unreadable where emptied_at is null order by since limit 1) as oldest
where since < now() - interval '181 days';

-- name: trim_usage_unreadable
-- A batch of the oldest is emptied; that there was one, where and why, stays.
with emptied as (
  update usage_unreadable set headers = '', value = '', emptied_at = now() where (provider, topic, partition, next_offset) in (
    select provider, topic, partition, next_offset from usage_unreadable
    where provider = $1 and emptied_at is null and since < now() - interval '180 days' order by since limit $2)
  returning 1
) select count(*) as rows from emptied;

-- name: suspense_due
-- Whose the oldest use is that found no module for 13 months, and a day: nobody will be billed for it any more.
select provider from (select provider, started_at from suspense where subject <> '' order by started_at limit 1) as oldest
where started_at < $1::timestamptz - interval '13 months 1 day';

-- name: trim_suspense
-- A batch of the oldest gives up who called whom, and the hash that they could be found from; day, seconds and reason stay.
with emptied as (
  update suspense set subject = '', destination = '', reason = 'waited 13 months: who called whom was emptied' where (provider, source, id) in (
    select provider, source, id from suspense
    where provider = $1 and subject <> '' and started_at < $3::timestamptz - interval '13 months' order by started_at limit $2)
  returning provider, source, id
), hashes as (
  update usage_id i set content = null from emptied e where i.provider = e.provider and i.source = e.source and i.id = e.id
) select count(*) as rows from emptied;

-- name: usage_conflict_due
-- Whose the oldest record is that had the id of another and that nobody decided on for 13 months, and a day.
select provider from (select provider, started_at from usage_conflict order by started_at limit 1) as oldest
where started_at < $1::timestamptz - interval '13 months 1 day';

-- name: trim_usage_conflict
-- A batch of the oldest.
with gone as (
  delete from usage_conflict where (provider, source, id, content) in (
    select provider, source, id, content from usage_conflict
    where provider = $1 and started_at < $3::timestamptz - interval '13 months' order by started_at limit $2)
  returning 1
) select count(*) as rows from gone;
