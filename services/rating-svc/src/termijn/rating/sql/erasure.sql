-- name: unbilled
-- Months that are to be closed, and use that no closing has looked at (CON-7).
select awaited as month from account_closing where provider = $1 and account = $2 and awaited is not null
union
select to_char(s.month, 'YYYY-MM') from usage_sum s join account_closing a on a.provider = s.provider and a.account = s.account
where s.provider = $1 and s.account = $2 and a.awaited is null and s.closing >= a.last_closing
order by 1;

-- name: in_suspense
-- Records of the account's numbers that wait for an article or rate.
select count(*) as records from suspense s where s.provider = $1 and exists (
  select 1 from subject o where o.provider = s.provider and o.account = $2 and o.subject = s.subject
    and o.from_at <= s.started_at and (o.until_at is null or s.started_at < o.until_at));

-- name: forget_calls_made
-- Who called whom; day, seconds and amounts stay, and so does every sum (USE-13).
update usage set subject = null, destination = null
where provider = $1 and account = $2 and (subject is not null or destination is not null)
  and module_id in (select module_id from module where provider = $1 and account = $2);

-- name: forget_conflicts
-- Records that came twice with other contents.
delete from usage_conflict c where c.provider = $1 and exists (
  select 1 from subject o where o.provider = c.provider and o.account = $2 and o.subject = c.subject
    and o.from_at <= c.started_at and (o.until_at is null or c.started_at < o.until_at));

-- name: forget_changes_of_subjects
-- What was looked at already, or is a moment later.
update reference_change set subject = null where provider = $1 and stream = 'rated_account-' || $1 || '-' || $2;

-- name: forget_subjects
-- Whose a number was.
delete from subject where provider = $1 and account = $2;
