-- name: one_letter_a_day
-- Two letters of one account that left on one day.
select provider, account, min(letter_id) as subject, sent_on::text || ': ' || count(*)::text || ' letters' as detail
from letter where state = 'sent' group by provider, account, sent_on having count(*) > 1;

-- name: letters_keep_their_distance
-- Letters of a case that follow each other too soon. (A policy may ask for more than five days, and for less.)
with sent as (
  select i.provider, l.account, i.case_id, i.step, l.sent_on,
    lag(l.sent_on) over (partition by i.provider, i.case_id order by l.sent_on) as before
  from letter_item i join letter l on l.provider = i.provider and l.letter_id = i.letter_id
  where l.state = 'sent' and i.step <> 'suspension_warning'
), least as (
  select provider, min((policy ->> 'days_between_steps')::integer) as days from policy_version group by provider
)
select s.provider, s.account, s.case_id as subject, s.step || ' on ' || s.sent_on::text || ', after one on ' || s.before::text as detail
from sent s left join least p on p.provider = s.provider
where s.sent_on - s.before < least(5, coalesce(p.days, 5))
union all
select s.provider, s.account, s.case_id, s.step || ' went ' || count(*)::text || ' times'
from sent s where s.step <> 'reversal_notice' group by s.provider, s.account, s.case_id, s.step having count(*) > 1;

-- name: no_early_handover
-- Handovers before day 60.
select provider, account, case_id as subject, handover_on::text || ' is day ' || (handover_on - invoice_date)::text as detail
from handover where handover_on < invoice_date + 60;

-- name: no_letter_after_handover
-- Letters about a claim that left after its handover.
select h.provider, h.account, h.case_id as subject, l.letter_id || ' left after the handover on ' || h.handover_on::text as detail
from handover h
join letter_item i on i.provider = h.provider and i.case_id = h.case_id
join letter l on l.provider = i.provider and l.letter_id = i.letter_id
where l.state = 'sent' and l.sent_on > h.handover_on;

-- name: open_case_waits_for_something
-- Open cases without a rest and without a timer of their present plan, or of today's letter.
select c.provider, c.account, c.case_id as subject, 'plan ' || c.attempt::text || ' has no date ahead' as detail
from dunning_case c
where c.state = 'open' and cardinality(c.rests) = 0 and not exists (
  select 1 from timer t
  where t.provider = c.provider and t.account = c.account and t.fired_at is null and t.cancelled_at is null
    and (t.timer_id = 'dunning/' || t.stream || '/' || c.case_id || '/' || c.round::text || '/' || c.attempt::text
      or t.timer_id = 'dunning/' || t.stream || '/' || c.case_id || '/' || c.round::text || '/' || c.attempt::text || '/handover'
      or t.timer_id like 'dunning/' || t.stream || '/ten/%'));

-- name: closed_case_waits_for_nothing
-- Timers of the last plan of cases that are over.
select c.provider, c.account, c.case_id as subject, t.timer_id || ' is still ahead' as detail
from dunning_case c
join timer t on t.provider = c.provider and t.account = c.account and t.fired_at is null and t.cancelled_at is null
where c.state <> 'open' and t.data ->> 'case_id' = c.case_id and t.wake_up <> 'CollectionOverdue';

-- name: suspended_owes
-- Suspended accounts that owe nothing.
select l.provider, l.account, l.account as subject, 'suspended since ' || l.since::text || ' and nothing is open' as detail
from lateness l
where l.state = 'suspended' and not exists (
  select 1 from dunning_case c
  where c.provider = l.provider and c.account = l.account and c.state in ('open', 'handed_over') and c.open_amount > 0);

-- name: one_case_per_invoice
-- Invoices with several cases.
select provider, min(account) as account, invoice_id as subject, count(*)::text || ' cases' as detail
from dunning_case group by provider, invoice_id having count(*) > 1;

-- name: in_dunning
-- What is open of running cases.
select provider, account, sum(open_amount) as amount from dunning_case where state = 'open' group by provider, account;

-- name: with_bailiff
-- What is open of claims that are with the bailiff.
select provider, account, sum(open_amount) as amount from dunning_case where state = 'handed_over' group by provider, account;
