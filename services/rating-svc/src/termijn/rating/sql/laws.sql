-- name: every_record_has_its_place
-- An id without use, suspense or void.
select i.provider, '' as account, i.source || '/' || i.id as subject, 'counts nowhere and waits nowhere' as detail
from usage_id i
where i.module_id is null
  and not exists (select 1 from suspense s where s.provider = i.provider and s.source = i.source and s.id = i.id)
  and not exists (select 1 from void_request v where v.provider = i.provider and v.source = i.source and v.id = i.id);

-- name: sums_are_the_records
-- Totals per module, month and closing against the records themselves, less those taken back.
with records as (
  select provider, account, module_id, month, closing, 1::bigint as records, seconds::bigint, quantity from usage
  union all
  select u.provider, u.account, u.module_id, u.month, v.closing, -1, -u.seconds::bigint, -u.quantity
  from usage_void v join usage u on u.provider = v.provider and u.month = v.month and u.module_id = v.module_id and u.source = v.source
    and u.id = v.id and u.turn = v.turn
), counted as (
  select provider, account, module_id, month, closing, sum(records) as records, sum(seconds) as seconds, sum(quantity) as quantity
  from records group by 1, 2, 3, 4, 5
), summed as (
  select provider, account, module_id, month, closing, sum(records) as records, sum(seconds) as seconds, sum(quantity) as quantity
  from usage_sum group by 1, 2, 3, 4, 5
)
select provider, account, module_id || ' ' || month as subject,
  'sums say ' || coalesce(s.records, 0) || ' records, there are ' || coalesce(c.records, 0) as detail
from counted c full join summed s using (provider, account, module_id, month, closing)
where (c.records, c.seconds, c.quantity) is distinct from (s.records, s.seconds, s.quantity);

-- name: billed_once
-- Per module and month: records on lines against records that count, where every use article is monthly and the month was closed.
select r.provider, r.account, r.module_id || ' ' || r.period as subject,
  'the last closing rated ' || r.records || ' records, before it ' || coalesce(n.records, 0) || ' were there' as detail
from (
  select distinct on (provider, account, module_id, period) provider, account, module_id, period, closing, records
  from rated_period order by provider, account, module_id, period, closing desc
) r
left join lateral (
  select sum(s.records) as records from usage_sum s
  where s.provider = r.provider and s.account = r.account and s.module_id = r.module_id and s.month = (r.period || '-01')::date
    and s.closing < r.closing
) n on true
where r.records <> coalesce(n.records, 0);

-- name: closings_are_dense
-- A number that is missing.
select c.provider, '' as account, 'closing ' || c.number as subject, 'the numbers have a hole before it' as detail
from closing c
where c.number > 1 and not exists (select 1 from closing b where b.provider = c.provider and b.number = c.number - 1);

-- name: late_use_has_a_closing
-- Use that no closing has looked at, of an account that awaits none.
select s.provider, s.account, s.module_id || ' ' || s.month as subject, 'has use that no closing will look at' as detail
from usage_sum s join account_closing a on a.provider = s.provider and a.account = s.account
where a.awaited is null and s.closing >= a.last_closing
  and not exists (select 1 from late_account l where l.provider = s.provider and l.account = s.account);

-- name: rated
-- Net euros on all lines, per account.
select provider, account, sum(net) as amount from billed_line group by provider, account;

-- name: records_rated
-- Records on all lines, per account.
select provider, account, sum(records)::numeric as amount from billed_line group by provider, account;
