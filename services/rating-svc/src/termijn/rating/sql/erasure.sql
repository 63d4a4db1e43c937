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

-- name: wait_for_ingest
-- Batches that found the account's modules before it was erased: what comes later finds them no more.
select pg_advisory_xact_lock(hashtextextended('usage/' || $1::text, 0)) where $2::text is not null;

-- name: forget_calls_made
-- Who called whom; day, seconds and amounts stay, and so does every sum (USE-13).
update usage set subject = null, destination = null
where provider = $1 and account = $2 and (subject is not null or destination is not null)
  and module_id in (select module_id from module where provider = $1 and account = $2);

-- name: forget_contents
-- The hash of a record: whom it was about can be found from it by trying all numbers. Of records that are another's by now, it stays.
update usage_id i set content = null from usage u
where u.provider = $1 and u.account = $2 and u.module_id in (select module_id from module where provider = $1 and account = $2)
  and i.provider = u.provider and i.source = u.source and i.id = u.id and i.content is not null
  and (i.module_id is null or i.module_id = u.module_id);

-- name: forget_conflicts
-- Records that came twice with other contents: of the account's numbers, or under the id of a record of the account.
delete from usage_conflict c where c.provider = $1 and (exists (
  select 1 from subject o where o.provider = c.provider and o.account = $2 and o.subject = c.subject
    and o.from_at <= c.started_at and (o.until_at is null or c.started_at < o.until_at))
  or exists (
  select 1 from usage_id i join module m on m.provider = i.provider and m.module_id = i.module_id
  where i.provider = c.provider and i.source = c.source and i.id = c.id and m.account = $2));

-- name: forget_suspended
-- Records of a number that was the account's, of times when it was nobody's, unless it was somebody else's at any time.
with emptied as (
  update suspense s set subject = '', destination = '', reason = 'its account was deleted' where s.provider = $1
    and exists (select 1 from subject o where o.provider = s.provider and o.account = $2 and o.subject = s.subject)
    and not exists (select 1 from subject o where o.provider = s.provider and o.account <> $2 and o.subject = s.subject)
  returning provider, source, id
) update usage_id i set content = null from emptied e where i.provider = e.provider and i.source = e.source and i.id = e.id;

-- name: forget_unreadable
-- Records that nobody can read, with a phone number of the account somewhere in them, as +31612345678, 31612345678 or 0612345678.
update usage_unreadable r set headers = '', value = '', emptied_at = now() where r.provider = $1 and r.emptied_at is null and exists (
  select 1 from subject o where o.provider = r.provider and o.account = $2 and o.subject ~ '^\+[0-9]{7,}$' and (
    position(convert_to(substr(o.subject, 2), 'UTF8') in r.value) > 0
    or o.subject like '+31%' and position(convert_to('0' || substr(o.subject, 4), 'UTF8') in r.value) > 0));

-- name: forget_changes_of_subjects
-- What was looked at already, or is a moment later.
update reference_change set subject = null where provider = $1 and stream = 'rated_account-' || $1 || '-' || $2;

-- name: forget_subjects
-- Whose a number was.
delete from subject where provider = $1 and account = $2;

-- name: nothing_left
-- What an account that was erased here still has: numbers, who called whom, and hashes that both could be found from.
with gone as (select provider, account from account_erasure where access = 'erased' and not is_stale)
select g.provider, g.account, s.module_id as subject, 'has a number or name' as detail from gone g join subject s using (provider, account)
union all
select g.provider, g.account, u.source || '/' || u.id, 'says who called whom' from gone g join module m using (provider, account)
join usage u on u.provider = m.provider and u.module_id = m.module_id and u.account = m.account
where u.subject is not null or u.destination is not null
union all
select g.provider, g.account, i.source || '/' || i.id, 'can be found from its hash' from gone g join module m using (provider, account)
join usage_id i on i.provider = m.provider and i.module_id = m.module_id where i.content is not null;

-- name: forget_serial_numbers
-- Of what is covered by a warranty.
update warranty_cover set serial_number = null where provider = $1 and account = $2;
