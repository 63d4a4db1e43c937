-- name: confirmations_due
-- What is to be sent, oldest first.
select account, confirmation_id, module_id, kind, facts::text as facts, personal::text as personal, actor, decided_at,
       (decided_at at time zone 'Europe/Amsterdam')::date as decided_on
from confirmation where provider = $1 and state = 'due' and not confirmation_id = any($3::text[])
order by decided_at, confirmation_id limit $2;

-- name: numbers_due
-- Numbers that came to a module and were not confirmed yet.
select account, confirmation_id, module_id, kind, facts::text as facts, personal::text as personal, actor, decided_at,
       (decided_at at time zone 'Europe/Amsterdam')::date as decided_on
from confirmation where provider = $1 and module_id = $2 and kind = 'SubjectAssigned' and state = 'due';

-- name: module_until
-- What a module's stream says, up to a version, of tariffs, quantities and starts, each from its day; first its order.
select version, type, coalesce(data ->> 'from_on', data ->> 'active_from', data ->> 'starts_on')::date as from_on,
       data -> 'tariff' ->> 'tariff_id' as tariff_id, (data -> 'tariff' ->> 'version')::integer as tariff_version,
       (data ->> 'quantity')::integer as quantity, coalesce((data ->> 'starts_new_term')::boolean, false) as starts_new_term
from event
where provider = $1 and stream = $2 and version <= $3 and type in ('ModuleOrdered', 'ModuleActivated', 'ModuleScaled', 'TariffChanged')
order by version;

-- name: suspended_with
-- The suspension that came with a version of a module, at the same moment.
select array(select jsonb_array_elements_text(data -> 'still_works')) as still_works from event
where provider = $1 and stream = $2 and version = $3 and type = 'ModuleSuspended' and occurred_at = $4;

-- name: numbers_at
-- The subjects that a module had after a version of its stream.
select subject from subject_owner
where provider = $1 and module_id = $2 and coalesce(assigned_version, 0) <= $3 and (released_version is null or released_version > $3)
order by subject;

-- name: lease_of_module
-- The fixed term of a module that is leased.
select months, starts_on, ends_on from lease where provider = $1 and module_id = $2;

-- name: confirmation_providers
-- Providers that have something to send.
select distinct provider from confirmation where state = 'due';

-- name: confirmations
-- Confirmations in a state, oldest first, after a cursor.
select account, confirmation_id, module_id, kind, state, decided_at, message_id, reason
from confirmation where provider = $1 and state = $2 and ($3::text is null or confirmation_id > $3) order by confirmation_id limit $4;

-- name: account_of_module
-- Whose module it is.
select account from module where provider = $1 and module_id = $2;

-- name: running_modules
-- What late payment can reach: the account's modules that have a start and have not ended.
select module_id from module where provider = $1 and account = $2 and state = 'running' order by module_id;

-- name: owners
-- Who owns the subject at or after the instant.
select module_id, until_at from subject_owner
where provider = $1 and subject = $2 and tstzrange(from_at, until_at) && tstzrange($3, null);

-- name: customer_number_of
-- The account that has this customer number.
select account from account where provider = $1 and customer_number = $2;

-- name: mandate_of
-- The account whose mandate has this reference, and which mandate it is.
select account, mandate_id from mandate where provider = $1 and reference = $2;

-- name: policy
-- The policy in force.
select version, policy::text as policy from policy_version where provider = $1 order by version desc limit 1;

-- name: account
-- One account.
select account, version, contract_partner::text as contract_partner, invoice_address::text as invoice_address, facts::text as facts,
       recipients::text as recipients, exemption, contract_start, long_term_months, suspended_at, suspension_reason, opened_at
from account where provider = $1 and account = $2;

-- name: accounts
-- Accounts after a cursor; each filter that is not null must hold. A name is personal: an erased account is found by its id.
select account, contract_partner ->> 'name' as name, contract_partner ->> 'city' as city, customer_number,
       facts ->> 'debtor_kind' as debtor_kind, facts ->> 'account_manager' as account_manager,
       coalesce((facts ->> 'is_test')::boolean, false) as is_test, suspended_at, opened_at
from account
where provider = $1 and ($2::text is null or account > $2)
  and ($4::text is null or account ilike $4 or contract_partner ->> 'name' ilike $4 or customer_number ilike $4)
  and ($5::text is null or customer_number = $5)
  and ($6::text is null or facts ->> 'debtor_kind' = $6)
  and ($7::text is null or facts ->> 'account_manager' = $7)
  and ($8::boolean is null or coalesce((facts ->> 'is_test')::boolean, false) = $8)
  and ($9::boolean is null or (suspended_at is not null) = $9)
order by account limit $3;

-- name: long_term_consents
-- What an account agreed to about long first terms, after a cursor.
select entry, months_max, given_on, document, document_version, channel from long_term_consent
where provider = $1 and account = $2 and entry > $3 order by entry limit $4;

-- name: mandate_form
-- Where the signed form of a mandate lies.
select form_sha256, form_size_bytes, form_address, form_media_type from mandate
where provider = $1 and account = $2 and mandate_id = $3;

-- name: legal_documents
-- Legal documents, of one kind or all, after a cursor.
select kind, version, valid_from, media_type, sha256, size_bytes, published_at from legal_document
where provider = $1 and ($2::text is null or kind = $2) and ($3::text is null or (kind, version) > ($3, $4))
order by kind, version limit $5;

-- name: legal_document
-- One legal document.
select media_type, sha256, size_bytes, address from legal_document where provider = $1 and kind = $2 and version = $3;

-- name: module_ids
-- An account's modules, whatever became of them.
select module_id from module where provider = $1 and account = $2 order by ordered_on, module_id;

-- name: tariffs_of_kind
-- The version of each tariff of a module kind that orders of a day get; for customers ($4) the public ones.
select tariff from (
  select distinct on (tariff_id) tariff_id, is_public, tariff::text as tariff from tariff_version
  where provider = $1 and module = $2 and takes_orders and orders_from <= $3 order by tariff_id, orders_from desc, version desc
) newest
where is_public or not $4 order by tariff_id;

-- name: modules_page
-- An account's modules after a cursor, with tariff and quantity of a day; of one state, where it is not null.
select m.module_id, m.version, m.kind, m.state, m.ordered_on, m.starts_on, m.notice_on, m.ends_on, m.suspended_at, m.suspension_reason,
       m.over_reason, t.tariff_id, t.tariff_version, q.quantity
from module m
cross join lateral (
  select tariff_id, tariff_version from module_tariff x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $3 desc, case when from_on <= $3 then from_on end desc, from_on limit 1
) t
cross join lateral (
  select quantity from module_quantity x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $3 desc, case when from_on <= $3 then from_on end desc, from_on limit 1
) q
where m.provider = $1 and m.account = $2 and ($4::text is null or m.state = $4) and ($5::text is null or m.module_id > $5)
order by m.module_id limit $6;

-- name: mandates
-- Mandates of an account.
select mandate_id, reference, scheme, signed_on, state, amended_on, revoked_on, block_reason, form_sha256 is not null as has_form
from mandate where provider = $1 and account = $2 order by signed_on, mandate_id;

-- name: modules
-- Modules of an account with tariff and quantity of a day; before the first day of a timeline, its first.
select m.*, t.tariff_id, t.tariff_version, coalesce(c.counts_from, m.starts_on) as counts_from, q.quantity, v.tariff::text as tariff,
       (select max(l.ends_on) from lease l where l.provider = m.provider and l.module_id = m.module_id) as leased_until
from module m
cross join lateral (
  select tariff_id, tariff_version from module_tariff x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $3 desc, case when from_on <= $3 then from_on end desc, from_on limit 1
) t
left join lateral (
  select counts_from from module_tariff x
  where x.provider = m.provider and x.module_id = m.module_id and x.counts_from is not null and x.from_on <= $3
  order by from_on desc limit 1
) c on true
cross join lateral (
  select quantity from module_quantity x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $3 desc, case when from_on <= $3 then from_on end desc, from_on limit 1
) q
join tariff_version v on v.provider = m.provider and v.tariff_id = t.tariff_id and v.version = t.tariff_version
where m.provider = $1 and m.account = $2
order by m.ordered_on, m.module_id;

-- name: pending
-- What changes after a day: tariffs and quantities of an account's modules.
select p.module_id, p.from_on, p.quantity, p.tariff_id, p.tariff_version from (
  select provider, module_id, from_on, quantity, null::text as tariff_id, null::integer as tariff_version from module_quantity
  union all
  select provider, module_id, from_on, null, tariff_id, tariff_version from module_tariff
) p
join module m on m.provider = p.provider and m.module_id = p.module_id
where m.provider = $1 and m.account = $2 and p.from_on > $3
order by p.module_id, p.from_on;

-- name: new_terms
-- New terms of an account's modules that were agreed to start after a day, with their tariffs (CAT-25).
select t.module_id, t.from_on, t.counts_from, v.tariff::text as tariff from module_tariff t
join module m on m.provider = t.provider and m.module_id = t.module_id
join tariff_version v on v.provider = t.provider and v.tariff_id = t.tariff_id and v.version = t.tariff_version
where m.provider = $1 and m.account = $2 and t.from_on > $3 and t.counts_from is not null
order by t.module_id, t.from_on;

-- name: options
-- Options of an account's modules.
select o.module_id, o.article_id, o.quantity, o.from_on, o.ends_on from module_option o
join module m on m.provider = o.provider and m.module_id = o.module_id
where m.provider = $1 and m.account = $2 order by o.module_id, o.from_on, o.article_id;

-- name: subjects
-- Subjects of an account's modules that are or will be theirs at an instant.
select module_id, subject, from_at, until_at from subject_owner
where provider = $1 and account = $2 and (until_at is null or until_at > $3) order by module_id, subject, from_at;
