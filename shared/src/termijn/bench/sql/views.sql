-- name: place_meter
-- A row per meter.
insert into meter (provider, account, meter, version, units) values ($1, $2, $3, $4, 0);

-- name: count_units
-- The meter is there, or the read model is wrong.
with done as (update meter set version = $4, units = units + $5 where provider = $1 and account = $2 and meter = $3 returning 1)
select expect_rows(count(*)) from done;

-- name: read_meter
-- The meter is there, or the read model is wrong.
with done as (update meter set version = $4, read_at = $5 where provider = $1 and account = $2 and meter = $3 returning 1)
select expect_rows(count(*)) from done;

-- name: add_to_day
-- Totals of a day.
insert into meter_day (provider, account, counted_on, units, amount) values ($1, $2, $3, $4, $5)
on conflict (provider, account, counted_on)
do update set units = meter_day.units + excluded.units, amount = meter_day.amount + excluded.amount;
