-- What waits for a person does not wait for ever with a number of somebody in it (CON-7): see docs/retention.md.
alter table usage_unreadable add column emptied_at timestamptz;
-- The oldest of each, which is looked for once a day.
create index usage_unreadable_since on usage_unreadable (since) where emptied_at is null;
create index suspense_started on suspense (started_at) where subject <> '';
create index usage_conflict_started on usage_conflict (started_at);
