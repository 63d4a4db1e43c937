-- name: module_ordered
-- A module, with its start where that is known.
insert into module (provider, module_id, account, starts_on) values ($1, $2, $3, $4);

-- name: module_started
-- The module works from that day.
with done as (update module set starts_on = $3 where provider = $1 and module_id = $2 returning 1) select expect_rows(count(*)) from done;

-- name: module_ends
-- Its last day, or none.
with done as (update module set ends_on = $3 where provider = $1 and module_id = $2 returning 1) select expect_rows(count(*)) from done;

-- name: drop_tariffs
-- What was planned from that day on is replaced.
delete from module_tariff where provider = $1 and module_id = $2 and from_on >= $3;

-- name: add_tariff
-- What the module has articles for, from that day on.
insert into module_tariff (provider, module_id, from_on, tariff_id, tariff_version, usage_keys, timed_keys, deck_id)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: subject_assigned
-- The subject is the module's from that instant.
insert into subject (provider, subject, module_id, from_at, account) values ($1, $2, $3, $4, $5)
on conflict (provider, subject, module_id, from_at) do update set until_at = null;

-- name: subject_released
-- The first instant that it is not.
with done as (
  update subject set until_at = $4 where provider = $1 and subject = $2 and module_id = $3 and (until_at is null or until_at > $4) returning 1
) select expect_rows(count(*)) from done;

-- name: changed
-- Something that may repair the cause of records that wait.
insert into reference_change (provider, stream, version, subject, module_id, deck_id, released_at) values ($1, $2, $3, $4, $5, $6, $7);

-- name: deck_published
-- A version of a deck.
insert into rate_deck (provider, deck_id, version, valid_from, sha256, size_bytes, address) values ($1, $2, $3, $4, $5, $6, $7);

-- name: closing_awaited
-- Which month is closed next.
insert into account_closing (provider, account, awaited) values ($1, $2, $3)
on conflict (provider, account) do update set awaited = excluded.awaited;

-- name: account_closed
-- Nothing is awaited until it is said again.
with done as (
  update account_closing set awaited = null, last_closing = $3 where provider = $1 and account = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: line_billed
-- A line that a closing made.
insert into billed_line (provider, line_id, account, module_id, period, closing, origin, article, period_from, period_until, vat_rate, net,
  quantity, records, seconds, line)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::text::jsonb);

-- name: period_rated
-- Which records a closing rated.
insert into rated_period (provider, account, module_id, period, closing, is_correction, records, seconds, sha256, tariff_id, tariff_version,
  deck_version, net)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: period_closed
-- The last word on an account's month.
insert into closed_period (provider, account, period, closing, modules, running_modules) values ($1, $2, $3, $4, $5, $6);

-- name: cover_started
-- Something is under warranty.
insert into warranty_cover (provider, account, warranty_id, covers, order_id, line_id, project_id, serial_number, from_on, until_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: cover_extended
-- It is for longer.
with done as (
  update warranty_cover set until_on = $3 where provider = $1 and warranty_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: use_suspended
-- Records that lost their article or rate, as the last closing counted them.
insert into suspended_use (provider, account, period, reason, records) values ($1, $2, $3, $4, $5)
on conflict (provider, account, period, reason) do update set records = excluded.records;
