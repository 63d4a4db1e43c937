-- name: inbox_due
-- Providers with messages older than 180 days, a day in grace: so they are trimmed once a day. Longer than any topic keeps them.
select distinct provider from inbox where received_at < now() - interval '181 days';

-- name: trim_inbox
-- A batch of the oldest. What waits or is parked is known elsewhere, and its message comes from there.
with gone as (
  delete from inbox where (provider, publisher, message_id) in (
    select provider, publisher, message_id from inbox
    where provider = $1 and received_at < now() - interval '180 days' order by received_at limit $2)
  returning 1
) select count(*) as rows from gone;

-- name: idempotency_due
-- Providers with answers older than 7 days.
select distinct provider from idempotency where created_at < now() - interval '8 days';

-- name: trim_idempotency
-- A batch of the oldest. Machine time: callers retry in machine time.
with gone as (
  delete from idempotency where (provider, actor, key) in (
    select provider, actor, key from idempotency
    where provider = $1 and created_at < now() - interval '7 days' order by created_at limit $2)
  returning 1
) select count(*) as rows from gone;

-- name: timer_due
-- Providers with timers that were over 13 months ago: domain time, which the newest event tells.
select distinct provider from timer
where (fired_at is not null or cancelled_at is not null)
  and coalesce(fired_at, cancelled_at) < (
    select occurred_at from event order by epoch desc, txid desc, position desc limit 1) - interval '13 months 1 day';

-- name: trim_timer
-- A batch of the oldest. A reversal comes at most 13 months late; no occasion is asked for again after that.
with gone as (
  delete from timer where (provider, timer_id) in (
    select provider, timer_id from timer
    where provider = $1 and (fired_at is not null or cancelled_at is not null)
      and coalesce(fired_at, cancelled_at) < $3::timestamptz - interval '13 months'
    order by coalesce(fired_at, cancelled_at) limit $2)
  returning 1
) select count(*) as rows from gone;
