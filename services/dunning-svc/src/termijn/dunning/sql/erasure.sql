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
-- Mails that were sent to the account.
select message_id from letter where provider = $1 and account = $2 and message_id is not null;

-- name: forget_actors
-- Who of the account did something.
update case_entry set actor = 'customer' where provider = $1 and account = $2 and actor like 'customer:%';

-- name: forget_holds
-- Why a manager held something is free text.
update dunning_hold set reason = null where provider = $1 and account = $2;
