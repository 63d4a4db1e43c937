-- name: raise_closing
-- One number per provider and month; commits before the closing reads anything.
select raise_closing($1, $2) as number;

-- name: closing_of
-- The number that the month got.
select number from closing where provider = $1 and period = $2;

-- name: late_use
-- Which modules and months of these accounts have use that no closing has looked at, up to a month.
select distinct s.account, s.module_id, s.month
from unnest($2::text[], $3::int[]) as asked(account, last_closing)
join usage_sum s on s.provider = $1 and s.account = asked.account
where s.closing >= asked.last_closing and s.closing < $4 and s.month <= $5;

-- name: used_months
-- Which months of these modules have any use at all, from a month on.
select distinct s.account, s.module_id, s.month
from unnest($2::text[], $3::text[], $4::date[]) as asked(account, module_id, since)
join usage_sum s on s.provider = $1 and s.account = asked.account and s.module_id = asked.module_id and s.month >= asked.since
where s.closing < $5 and s.month <= $6;

-- name: billed
-- Per charge and VAT rate what was billed before, of charges that end on or after a day and of those that bill once.
select b.module_id, b.vat_rate, sum(b.net) as net, sum(b.quantity) as quantity, sum(b.records)::bigint as records,
  sum(b.seconds)::bigint as seconds, (array_agg(b.line::text order by b.closing desc))[1] as line
from unnest($2::text[], $3::text[], $4::date[]) as asked(account, module_id, since), lateral (
  -- Two looks, each by its own index: with OR in one, all lines that the module ever had were read, every year more.
  select * from billed_line where provider = $1 and account = asked.account and module_id = asked.module_id
    and period_until >= asked.since and origin not in ('once', 'connect', 'disconnect')
  union all
  select * from billed_line where provider = $1 and account = asked.account and module_id = asked.module_id
    and origin in ('once', 'connect', 'disconnect')
) as b
group by b.module_id, b.vat_rate, b.origin, b.article,
  case when b.origin in ('once', 'connect', 'disconnect') then null else b.period_from end,
  case when b.origin in ('once', 'connect', 'disconnect') then null else b.period_until end;

-- name: records
-- Use of one module in some months as of a closing, in order of start, source and id; a page after a key.
select u.usage_key, ((u.started_at at time zone 'Europe/Amsterdam')::date - date '0001-01-01') + 1 as day,
  u.seconds, u.quantity, coalesce(u.destination, '') as destination, u.started_at, u.source, u.id
from usage u
where u.provider = $1 and u.month >= $3 and u.month <= $4 and u.module_id = $2 and u.closing < $5
  and (u.started_at, u.source, u.id) > ($6, $7, $8)
  and not exists (select 1 from usage_void v where v.provider = u.provider and v.month = u.month and v.module_id = u.module_id
    and v.source = u.source and v.id = u.id and v.turn = u.turn and v.closing < $5)
order by u.started_at, u.source, u.id limit $9;

-- name: rated_periods
-- What closings said they rated, for verification.
select account, module_id, period, closing, records, seconds, sha256 from rated_period
where provider = $1 order by account, module_id, period, closing;

-- name: forget_late
-- Accounts with use but without a closing to come.
delete from late_account where provider = $1 and account = any(array(
  select account from late_account where provider = $1 order by account limit $2)) returning account;
