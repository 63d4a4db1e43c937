-- name: add_policy
-- A version of the policy.
insert into policy_version (provider, version, policy, set_at) values ($1, $2, $3::text::jsonb, $4);

-- name: add_tariff
-- A version of a tariff.
insert into tariff_version (provider, tariff_id, version, orders_from, title, module, is_public, takes_orders, tariff)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb);

-- name: add_deck
-- A version of a rate deck.
insert into rate_deck_version (provider, deck_id, version, valid_from, rows, sha256, size_bytes) values ($1, $2, $3, $4, $5, $6, $7);

-- name: open_account
-- A new account.
insert into account (provider, account, version, contract_partner, invoice_address, facts, customer_number, recipients, opened_at)
values ($1, $2, $3, $4::text::jsonb, $5::text::jsonb, $6::text::jsonb, $7, $8::text::jsonb, $9);

-- name: change_account
-- The account as it is from now on.
with done as (
  update account
  set contract_partner = $4::text::jsonb, invoice_address = $5::text::jsonb, facts = $6::text::jsonb, customer_number = $7,
      recipients = $8::text::jsonb, version = $3
  where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: exempt_account
-- It may order without a mandate.
with done as (
  update account set exemption = $4, version = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: correct_contract_start
-- A manager said since when the contract runs.
with done as (
  update account set contract_start = $4, version = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: touch_account
-- The stream went on.
with done as (
  update account set version = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: add_mandate
-- A mandate was given.
insert into mandate (provider, account, mandate_id, reference, scheme, signed_on, state) values ($1, $2, $3, $4, $5, $6, 'usable');

-- name: revoke_mandate
-- A mandate was taken back, or has expired.
with done as (
  update mandate set state = $5, revoked_on = $4 where provider = $1 and account = $2 and mandate_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: amend_mandate
-- A mandate goes on under another reference or with another bank account.
with done as (
  update mandate set reference = $4, amended_on = $5 where provider = $1 and account = $2 and mandate_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: file_mandate_form
-- The signed form of a mandate is on file.
with done as (
  update mandate set form_sha256 = $4, form_size_bytes = $5, form_address = $6, form_media_type = $7
  where provider = $1 and account = $2 and mandate_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: suspend_account
-- Late payment suspends its modules, or no longer (nulls).
with done as (
  update account set suspended_at = $4, suspension_reason = $5, version = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: raise_long_term
-- The longest first term of telecommunication that the account agreed to.
with done as (
  update account set long_term_months = greatest(long_term_months, $4), version = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: add_long_term_consent
-- What it agreed to, and when.
insert into long_term_consent (provider, account, entry, months_max, given_on, document, document_version, channel)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: add_legal_document
-- A version of the terms or of the data-protection agreement.
insert into legal_document (provider, kind, version, valid_from, media_type, sha256, size_bytes, address, published_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: block_mandate
-- A mandate is no good.
with done as (
  update mandate set state = 'blocked', block_reason = $4 where provider = $1 and account = $2 and mandate_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: add_module
-- A module was ordered; its start is null where the delivery decides.
insert into module (provider, account, module_id, version, kind, state, ordered_on, starts_on, channel)
values ($1, $2, $3, $4, $5, case when $7::date is null then 'awaiting_delivery' else 'running' end, $6, $7, $8);

-- name: touch_module
-- The stream went on.
with done as (
  update module set version = $3 where provider = $1 and module_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: activate_module
-- It was delivered.
with done as (
  update module set state = 'running', starts_on = $4, version = $3 where provider = $1 and module_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: cancel_module
-- Notice was given, or taken back (nulls).
with done as (
  update module set notice_on = $4, ends_on = $5, explanation = $6, version = $3 where provider = $1 and module_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: suspend_module
-- Reduced functionality, or no longer (nulls).
with done as (
  update module set suspended_at = $4, suspension_reason = $5, still_works = $6, version = $3
  where provider = $1 and module_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: end_module
-- It is over.
with done as (
  update module set state = $4, ends_on = $5, over_reason = $6, version = $3 where provider = $1 and module_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: put_tariff
-- Another tariff from that day on.
insert into module_tariff (provider, module_id, from_on, tariff_id, tariff_version, counts_from) values ($1, $2, $3, $4, $5, $6)
on conflict (provider, module_id, from_on)
do update set tariff_id = excluded.tariff_id, tariff_version = excluded.tariff_version, counts_from = excluded.counts_from;

-- name: put_quantity
-- Another quantity from that day on.
insert into module_quantity (provider, module_id, from_on, quantity) values ($1, $2, $3, $4)
on conflict (provider, module_id, from_on) do update set quantity = excluded.quantity;

-- name: put_option
-- An option, or another quantity of it.
insert into module_option (provider, module_id, article_id, quantity, from_on) values ($1, $2, $3, $4, $5)
on conflict (provider, module_id, article_id) do update set quantity = excluded.quantity, from_on = excluded.from_on, ends_on = null;

-- name: end_option
-- Its last day is known.
with done as (
  update module_option set ends_on = $4 where provider = $1 and module_id = $2 and article_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: assign_subject
-- The subject belongs to the module; the exclusion constraint refuses a second owner.
insert into subject_owner (provider, account, module_id, subject, from_at, assigned_version) values ($1, $2, $3, $4, $5, $6);

-- name: release_subject
-- The subject is free from that instant on, maybe earlier than was said before; letters go by when it was said first.
with done as (
  update subject_owner set until_at = $4, released_version = coalesce(released_version, $5)
  where provider = $1 and module_id = $2 and subject = $3 and from_at <= $4 and (until_at is null or until_at > $4) returning 1
) select expect_rows(count(*)) from done;

-- name: confirm
-- Something was decided that is confirmed to the account (CON-6).
insert into confirmation (provider, account, confirmation_id, module_id, kind, facts, decided_at, actor, state, personal)
values ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, 'due', $9::text::jsonb);

-- name: confirmation_done
-- It was sent, or never can be. What it said about a person is in the mail alone from then on.
with done as (
  update confirmation set state = $3, message_id = $4, reason = $5, sent_at = $6, personal = null where provider = $1 and confirmation_id = $2 returning 1
) select expect_rows(count(*)) from done;
