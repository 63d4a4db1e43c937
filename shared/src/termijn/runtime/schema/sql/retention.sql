-- name: inbox_due
-- Whose the oldest message is, if it is older than 180 days and a day of grace: so trimming comes once a day. By the one oldest row,
-- which the index gives; asked with "exists", the planner read the whole table for the answer no.
select provider from (select provider, received_at from inbox order by received_at limit 1) as oldest
where received_at < now() - interval '181 days';

-- name: trim_inbox
-- A batch of the oldest. What waits or is parked is known elsewhere, and its message comes from there.
with gone as (
  delete from inbox where (provider, publisher, message_id) in (
    select provider, publisher, message_id from inbox
    where provider = $1 and received_at < now() - interval '180 days' order by received_at limit $2)
  returning 1
) select count(*) as rows from gone;

-- name: idempotency_due
-- Whose the oldest answer is, if it is older than 7 days and a day.
select provider from (select provider, created_at from idempotency order by created_at limit 1) as oldest
where created_at < now() - interval '8 days';

-- name: trim_idempotency
-- A batch of the oldest. Machine time: callers retry in machine time.
with gone as (
  delete from idempotency where (provider, actor, key) in (
    select provider, actor, key from idempotency
    where provider = $1 and created_at < now() - interval '7 days' order by created_at limit $2)
  returning 1
) select count(*) as rows from gone;

-- name: timer_due
-- Whose timer was over first, if that was 13 months and a day ago: domain time, which goes on where no event comes any more.
select provider from (
  select provider, greatest(fired_at, cancelled_at) as over_at from timer
  where fired_at is not null or cancelled_at is not null order by greatest(fired_at, cancelled_at) limit 1
) as oldest
where over_at < $1::timestamptz - interval '13 months 1 day';

-- name: trim_timer
-- A batch of the oldest. A reversal comes at most 13 months late; no occasion is asked for again after that. GREATEST for the reason
-- given at its index; COALESCE keeps the planner from any other index, and an array from reading the whole table for the rows to delete.
with gone as (
  delete from timer where provider = $1 and timer_id = any(array(
    select timer_id from timer
    where coalesce(provider, '') = $1 and (fired_at is not null or cancelled_at is not null)
      and greatest(fired_at, cancelled_at) < $3::timestamptz - interval '13 months'
    order by greatest(fired_at, cancelled_at) limit $2))
  returning 1
) select count(*) as rows from gone;
