-- name: suspense
-- Records that wait, by key; called numbers are not shown.
select source, id, subject, usage_key, started_at, seconds, reason, since from suspense
where provider = $1 and ($2::text is null or (source, id) > ($2, $3)) order by source, id limit $4;

-- name: conflicts
-- Same id, other content, by key; called numbers are not shown.
select source, id, content::text as content, subject, usage_key, started_at, seconds, seen_at from usage_conflict
where provider = $1 and ($2::text is null or (source, id, content) > ($2, $3, $4::text::uuid)) order by source, id, content limit $5;

-- name: totals
-- Real use of an account in a month, per module and key.
select module_id, usage_key, sum(records)::bigint as records, sum(seconds)::bigint as seconds, sum(quantity)::bigint as quantity
from usage_sum where provider = $1 and account = $2 and month = $3 group by module_id, usage_key order by module_id, usage_key;

-- name: billed_use
-- What closings billed for use of the billing periods that a month ($3 its first day, $4 its last) is in, per module and article.
select module_id, article, sum(net) as net, sum(records)::bigint as records from billed_line
where provider = $1 and account = $2 and origin in ('usage', 'minimum') and period_from <= $4 and period_until >= $3
group by module_id, article order by module_id, article;
