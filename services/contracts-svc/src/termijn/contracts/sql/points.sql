-- name: point
-- The nearest state that was kept of a stream at or before a version, by code of that fingerprint.
select version, account, sealed_state from history_point
where provider = $1 and stream = $2 and version <= $3 and fingerprint = $4 order by version desc limit 1;

-- name: keep
-- States of a stream at these versions; those that other code computed are replaced.
insert into history_point (provider, stream, version, account, fingerprint, sealed_state)
select $1, $2, passed.version, $4, $5, passed.sealed_state from unnest($3::integer[], $6::text[]) passed (version, sealed_state)
on conflict (provider, stream, version)
do update set fingerprint = excluded.fingerprint, sealed_state = excluded.sealed_state;

-- name: version_before
-- The last version of a stream before an instant, of all where it is null; looked for from the end.
select version from event
where provider = $1 and stream = $2 and ($3::timestamptz is null or occurred_at < $3) order by version desc limit 1;

-- name: last_of
-- The last version of these types, up to a version where it is not null; looked for from the end.
select version from event
where provider = $1 and stream = $2 and type = any($3::text[]) and ($4::integer is null or version <= $4) order by version desc limit 1;

-- name: subjects_at
-- The subjects that were a module's when an instant came.
select distinct subject from subject_owner
where provider = $1 and module_id = $2 and from_at < $3 and (until_at is null or until_at >= $3) order by subject;
