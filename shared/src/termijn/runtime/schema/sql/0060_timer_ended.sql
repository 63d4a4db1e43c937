-- Timers that are over, by when. COALESCE counts as leaky beneath row-level security, so that no index was searched by it: each batch of
-- trimming read all that had ended in thirteen months. GREATEST passes over nulls and is not; at most one of the two is ever set.
create index timer_ended on timer (greatest(fired_at, cancelled_at)) where fired_at is not null or cancelled_at is not null;
drop index timer_over;
