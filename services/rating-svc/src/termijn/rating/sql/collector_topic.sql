-- name: providers
-- Whose topics there are: providers with a module. One look-up per provider, however many modules there are.
with recursive known as (
  (select provider from module order by provider limit 1)
  union all
  select (select m.provider from module m where m.provider > known.provider order by m.provider limit 1) from known where known.provider is not null
)
select provider from known where provider is not null;

-- name: park_unreadable
-- Kept as they came, sorted by key; the offset is the one after the record.
insert into usage_unreadable (provider, topic, partition, next_offset, field, reason, headers, value)
select $1, topic, partition, at + 1, field, reason, headers, value
from unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])
  as bad(topic, partition, at, field, reason, headers, value)
on conflict (provider, topic, partition, next_offset) do nothing;

-- name: unreadable
-- What could not be read and why, by key; the contents are not shown, they hold called numbers.
select topic, partition, next_offset - 1 as "offset", field, reason, length(value) as size_bytes, since from usage_unreadable
where provider = $1 and ($2::text is null or (topic, partition, next_offset - 1) > ($2, $3::text::int, $4::text::bigint))
order by topic, partition, next_offset limit $5;

-- name: unreadable_to_read
-- To be read again.
select topic, partition, next_offset, headers, value from usage_unreadable
where provider = $1 and emptied_at is null order by topic, partition, next_offset limit $2;

-- name: say_unreadable
-- Why these can still not be read or taken in.
update usage_unreadable u set field = said.field, reason = said.reason
from unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[]) as said(topic, partition, at, field, reason)
where u.provider = $1 and u.topic = said.topic and u.partition = said.partition and u.next_offset = said.at + 1;

-- name: forget_unreadable
-- These were read and taken in.
delete from usage_unreadable u using unnest($2::text[], $3::int[], $4::bigint[]) as read(topic, partition, at)
where u.provider = $1 and u.topic = read.topic and u.partition = read.partition and u.next_offset = read.at + 1;
