-- name: save_draft
-- The draft as it is from now on.
insert into tariff_draft (provider, tariff_id, version, orders_from, title, module, tariff, saved_at)
values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8)
on conflict (provider, tariff_id) do update set version = excluded.version, orders_from = excluded.orders_from, title = excluded.title,
  module = excluded.module, tariff = excluded.tariff, saved_at = excluded.saved_at;

-- name: close_draft
-- It was published or discarded.
with done as (
  delete from tariff_draft where provider = $1 and tariff_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: announce_price_change
-- A module is to move to another version.
insert into price_change (provider, account, module_id, change_id, tariff_id, from_version, to_version, from_on, is_indexation,
                          may_end_free_until, moves, state, announced_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::jsonb, 'announced', $12);

-- name: drop_price_change
-- What was announced does not happen.
with done as (
  update price_change set state = 'dropped', reason = $4 where provider = $1 and module_id = $2 and change_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: put_price_change
-- An announced version is in force; a tariff change of another kind hits no row.
update price_change set state = 'in_force'
where provider = $1 and module_id = $2 and state = 'announced' and from_on = $3 and tariff_id = $4 and to_version = $5;

-- name: forget_price_changes
-- The module is over, so what was announced to it does not happen.
update price_change set state = 'dropped', reason = 'the module is over' where provider = $1 and module_id = $2 and state = 'announced';

-- name: start_migration
-- Modules begin to move.
insert into tariff_migration (provider, migration_id, version, is_indexation, effective_on, moves, state, modules, started_at)
values ($1, $2, $3, $4, $5, $6::text::jsonb, 'running', $7, $8);

-- name: advance_migration
-- A page is done.
with done as (
  update tariff_migration set version = $3, announced = announced + $4, skipped = skipped + $5
  where provider = $1 and migration_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: skip_module
-- A module stays on its version, and why.
insert into migration_skip (provider, migration_id, module_id, reason) values ($1, $2, $3, $4);

-- name: finish_migration
-- All modules were told or skipped.
with done as (
  update tariff_migration set version = $3, state = 'finished', finished_at = $4 where provider = $1 and migration_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: plan_indexation
-- A plan to look at.
insert into indexation (provider, indexation_id, version, effective_on, percentage, basis, versions, state, planned_at)
values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, 'planned', $8);

-- name: settle_indexation
-- It was started or discarded.
with done as (
  update indexation set version = $3, state = $4 where provider = $1 and indexation_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: set_indexing
-- How prices are indexed from now on.
insert into indexing_version (provider, version, indexing, set_at) values ($1, $2, $3::text::jsonb, $4);

-- name: indexing
-- How prices are indexed now.
select version, indexing::text as indexing from indexing_version where provider = $1 order by version desc limit 1;

-- name: drafts
-- Drafts by tariff id after a cursor, of one module kind ($3) or all.
select tariff_id, version, title, module, orders_from, saved_at from tariff_draft
where provider = $1 and ($2::text is null or tariff_id > $2) and ($3::text is null or module = $3) order by tariff_id limit $4;

-- name: draft
-- The draft of a tariff.
select version, orders_from, saved_at, tariff::text as tariff from tariff_draft where provider = $1 and tariff_id = $2;

-- name: tariffs
-- One version of each tariff after a cursor: for customers ($2) the one that orders of day $5 get, where it is public; for managers
-- the newest that takes orders. Filtered by module kind ($6), public or not ($7), and a part of the title ($8).
select tariff_id, version, orders_from, title, module, is_public from (
  select distinct on (tariff_id) tariff_id, version, orders_from, title, module, is_public
  from tariff_version
  where provider = $1 and takes_orders and ($3::text is null or tariff_id > $3) and (orders_from <= $5 or not $2)
  order by tariff_id, case when $2 then orders_from end desc, version desc
) newest
where (is_public or not $2) and ($6::text is null or module = $6) and ($7::boolean is null or is_public = $7)
  and ($8::text is null or position(lower($8) in lower(title)) > 0)
order by tariff_id limit $4;

-- name: tariff
-- All versions of one tariff, newest first; $3: before a version, $4: at most.
select version, orders_from, is_public, takes_orders, tariff::text as tariff from tariff_version
where provider = $1 and tariff_id = $2 and ($3::integer is null or version < $3) order by version desc limit $4;

-- name: tariff_version
-- One version of a tariff, and whether a module of account $4 runs on it.
select v.version, v.orders_from, v.is_public, v.takes_orders, v.tariff::text as tariff, exists (
  select 1 from module_tariff t join module m on m.provider = t.provider and m.module_id = t.module_id
  where t.provider = v.provider and t.tariff_id = v.tariff_id and t.tariff_version = v.version and m.account = $4
) as is_own
from tariff_version v where v.provider = $1 and v.tariff_id = $2 and v.version = $3;

-- name: catalogue_tariffs
-- The newest version that takes orders, of every tariff.
select distinct on (tariff_id) tariff_id, version, orders_from, tariff::text as tariff from tariff_version
where provider = $1 and takes_orders order by tariff_id, version desc;

-- name: catalogue_decks
-- The newest version of every rate deck.
select distinct on (deck_id) deck_id, version, valid_from, rows, sha256, size_bytes from rate_deck_version
where provider = $1 order by deck_id, version desc;

-- name: deck_by_content
-- How large the rows of a deck are that was published with them before.
select size_bytes from rate_deck_version where provider = $1 and deck_id = $2 and sha256 = $3 limit 1;

-- name: deck_versions
-- All versions of one rate deck, newest first; $3: before a version, $4: at most.
select deck_id, version, valid_from, rows, sha256, size_bytes from rate_deck_version
where provider = $1 and deck_id = $2 and ($3::integer is null or version < $3) order by version desc limit $4;

-- name: deck_version
-- One version of a rate deck.
select deck_id, version, valid_from, rows, sha256, size_bytes from rate_deck_version where provider = $1 and deck_id = $2 and version = $3;

-- name: deck_on
-- The version of a deck that prices calls of a day; before the first day, the first.
select deck_id, version, valid_from, rows, sha256, size_bytes from rate_deck_version
where provider = $1 and deck_id = $2 order by valid_from <= $3 desc, case when valid_from <= $3 then version end desc, version limit 1;

-- name: decks
-- The newest version of each deck after a cursor.
select distinct on (deck_id) deck_id, version, valid_from, rows from rate_deck_version
where provider = $1 and ($2::text is null or deck_id > $2) order by deck_id, version desc limit $3;

-- name: versions_in_use
-- Tariff versions that running modules have on a day, of these tariffs or (null) of all.
select distinct t.tariff_id, t.tariff_version from module m
cross join lateral (
  select tariff_id, tariff_version from module_tariff x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $2 desc, case when from_on <= $2 then from_on end desc, from_on limit 1
) t
where m.provider = $1 and m.state = 'running' and (m.ends_on is null or m.ends_on >= $2) and ($3::text[] is null or t.tariff_id = any($3))
order by t.tariff_id, t.tariff_version;

-- name: modules_to_move
-- Running modules after $3 that have one of the versions $4, $5 (pairs) on day $2, all or only $6, at most $7.
select m.account, m.module_id, t.tariff_id, t.tariff_version from module m
cross join lateral (
  select tariff_id, tariff_version from module_tariff x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $2 desc, case when from_on <= $2 then from_on end desc, from_on limit 1
) t
join unnest($4::text[], $5::integer[]) as move (tariff_id, version) on move.tariff_id = t.tariff_id and move.version = t.tariff_version
where m.provider = $1 and m.state in ('running', 'awaiting_delivery') and (m.ends_on is null or m.ends_on >= $2)
  and ($3::text is null or m.module_id > $3) and ($6::text[] is null or m.module_id = any($6))
order by m.module_id limit $7;

-- name: count_to_move
-- How many modules_to_move there are in all.
select count(*) as modules from module m
cross join lateral (
  select tariff_id, tariff_version from module_tariff x
  where x.provider = m.provider and x.module_id = m.module_id
  order by from_on <= $2 desc, case when from_on <= $2 then from_on end desc, from_on limit 1
) t
join unnest($3::text[], $4::integer[]) as move (tariff_id, version) on move.tariff_id = t.tariff_id and move.version = t.tariff_version
where m.provider = $1 and m.state in ('running', 'awaiting_delivery') and (m.ends_on is null or m.ends_on >= $2)
  and ($5::text[] is null or m.module_id = any($5));

-- name: migration_providers
-- Providers with a migration under way.
select distinct provider from tariff_migration where state = 'running';

-- name: running_migrations
-- Migrations under way, in the order of their ids.
select migration_id from tariff_migration where provider = $1 and state = 'running' order by migration_id limit 1;

-- name: migrations
-- Migrations by id after a cursor, in a state ($3) or all.
select migration_id, version, state, is_indexation, effective_on, modules, announced, skipped, started_at, finished_at from tariff_migration
where provider = $1 and ($2::text is null or migration_id > $2) and ($3::text is null or state = $3) order by migration_id limit $4;

-- name: migration
-- One migration.
select migration_id, version, state, is_indexation, effective_on, moves::text as moves, modules, announced, skipped, started_at, finished_at
from tariff_migration where provider = $1 and migration_id = $2;

-- name: migration_modules
-- Modules of a migration after a cursor, in a state ($4) or all: what was announced to them, or why they were skipped.
select module_id, account, state, from_on, may_end_free_until, reason from (
  select p.module_id, p.account, p.state, p.from_on, p.may_end_free_until, p.reason from price_change p
  where p.provider = $1 and p.change_id = $2
  union all
  select s.module_id, m.account, 'skipped', null, null, s.reason from migration_skip s
  join module m on m.provider = s.provider and m.module_id = s.module_id
  where s.provider = $1 and s.migration_id = $2
) one
where ($3::text is null or module_id > $3) and ($4::text is null or state = $4) order by module_id limit $5;

-- name: indexations
-- Indexations by id after a cursor, in a state ($3) or all.
select indexation_id, version, state, effective_on, percentage, basis, planned_at from indexation
where provider = $1 and ($2::text is null or indexation_id > $2) and ($3::text is null or state = $3) order by indexation_id limit $4;

-- name: indexation
-- One indexation, with the versions it is about.
select indexation_id, version, state, effective_on, percentage, basis, versions::text as versions, planned_at from indexation
where provider = $1 and indexation_id = $2;

-- name: versions_of_indexation
-- The tariff versions that an indexation is about.
select v.tariff::text as tariff from indexation i
cross join lateral jsonb_to_recordset(i.versions) as one (tariff_id text, version integer)
join tariff_version v on v.provider = i.provider and v.tariff_id = one.tariff_id and v.version = one.version
where i.provider = $1 and i.indexation_id = $2 order by v.tariff_id, v.version;

-- name: price_changes
-- Price changes of an account's modules, next first, after a cursor ($3: module, $4: change).
select p.module_id, p.change_id, p.tariff_id, p.from_version, p.to_version, p.from_on, p.is_indexation, p.may_end_free_until,
       p.moves::text as moves, p.state, p.reason, p.announced_at
from price_change p
where p.provider = $1 and p.account = $2 and ($3::text is null or (p.module_id, p.change_id) > ($3, $4))
order by p.module_id, p.change_id limit $5;

-- name: announced
-- Price changes that are still to come, of an account's modules.
select module_id, change_id, to_version, from_on, is_indexation, may_end_free_until from price_change
where provider = $1 and account = $2 and state = 'announced' order by module_id, from_on;

-- name: announcement_sent
-- The Amsterdam day on which the announcement of a price change left for the account; none where it has not.
select (sent_at at time zone 'Europe/Amsterdam')::date as sent_on from confirmation
where provider = $1 and module_id = $2 and kind = 'PriceChangeAnnounced' and facts ->> 'change_id' = $3 and state = 'sent';
