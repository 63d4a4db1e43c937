-- name: cases
-- Claims that are asked for, here or by the bailiff (CON-7).
select case state when 'open' then 'in_dunning' else 'with_bailiff' end as kind, number, open_amount from dunning_case
where provider = $1 and account = $2 and (state = 'open' or (state = 'handed_over' and open_amount > 0)) order by number;

-- name: letters_due
-- Letters that were decided and have not left.
select letter_id, on_day from letter where provider = $1 and account = $2 and state = 'due' order by letter_id;

-- name: letters
-- Texts of letters.
select sha256, size_bytes, address from letter where provider = $1 and account = $2;

-- name: dossiers
-- Case files of the bailiff.
select sha256, size_bytes, address from handover where provider = $1 and account = $2;

-- name: mails
-- Mails that were sent to the account: of a letter as many as it has recipients at most (``outgoing.COPIES_MAX``).
select message_id from letter where provider = $1 and account = $2 and message_id is not null
union all
select message_id || '.' || nth from letter, generate_series(1, 19) as nth where provider = $1 and account = $2 and message_id is not null;

-- name: forget_actors
-- Who of the account did something.
update case_entry set actor = 'customer' where provider = $1 and account = $2 and actor like 'customer:%';

-- name: forget_holds
-- Why a manager held something is free text.
update dunning_hold set reason = null where provider = $1 and account = $2;

-- name: nothing_left
-- What an account that was erased here still has: reasons that a person typed, names of people, letters that are to leave.
with gone as (select provider, account from account_erasure where access = 'erased' and not is_stale)
select g.provider, g.account, h.hold_id as subject, 'has a reason' as detail from gone g join dunning_hold h using (provider, account)
where h.reason is not null
union all
select g.provider, g.account, c.case_id, 'says who did it' from gone g join case_entry c using (provider, account)
where c.actor like 'customer:%'
union all
select g.provider, g.account, l.letter_id, 'is about to leave' from gone g join letter l using (provider, account) where l.state = 'due';
