-- name: open_project
-- A quote was accepted.
insert into project (provider, account, project_id, version, title, state, price, remainder, remainder_vat_rate, agreed_on, quote)
values ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10);

-- name: replan_project
-- Another price and remainder; the milestones follow.
with done as (
  update project set version = $3, price = $4, remainder = $5, remainder_vat_rate = $6 where provider = $1 and project_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: drop_milestones
-- Those that are not in the new plan ($3).
delete from project_milestone where provider = $1 and project_id = $2 and milestone_id <> all($3::text[]);

-- name: put_milestone
-- A milestone as it is planned.
insert into project_milestone (provider, project_id, milestone_id, place, title, net, vat_rate, kind, planned_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (provider, project_id, milestone_id) do update
set place = excluded.place, title = excluded.title, net = excluded.net, vat_rate = excluded.vat_rate, kind = excluded.kind,
    planned_on = excluded.planned_on;

-- name: reach_milestone
-- It was reached.
with done as (
  update project_milestone set reached_on = $4 where provider = $1 and project_id = $2 and milestone_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: touch_project
-- The stream went on.
with done as (
  update project set version = $3 where provider = $1 and project_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: deliver_project
-- It was handed over.
with done as (
  update project set version = $3, state = 'delivered', delivered_on = $4 where provider = $1 and project_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: complete_project
-- All is done.
with done as (
  update project set version = $3, state = 'completed', over_on = $4 where provider = $1 and project_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: stop_project
-- It goes no further.
with done as (
  update project set version = $3, state = 'stopped', over_on = $4, dropped = $5
  where provider = $1 and project_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: order_goods
-- A new order; its lines follow.
insert into goods_order (provider, account, order_id, version, project_id, ordered_on, agreed_on, goes_to_lease_company, channel)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: add_line
-- A line of it.
insert into goods_line (provider, order_id, line_id, place, article, sku, quantity, unit_price, vat_rate, kind, revenue_group,
  ledger_account, supplier_months)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: touch_order
-- The stream went on; another agreed day ($4) where one was agreed.
with done as (
  update goods_order set version = $3, agreed_on = coalesce($4, agreed_on) where provider = $1 and order_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: deliver_line
-- So many pieces of the line came, in that delivery.
with done as (
  update goods_line set delivered = delivered + $7 where provider = $1 and order_id = $2 and line_id = $4 returning 1
), noted as (
  insert into goods_delivery (provider, order_id, delivery_id, line_id, account, delivered_on, quantity, net)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
) select expect_rows(count(*)) from done;

-- name: cancel_line
-- So many pieces of the line will not come.
with done as (
  update goods_line set cancelled = cancelled + $4 where provider = $1 and order_id = $2 and line_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: place_line
-- So many pieces of the line were put into use.
with done as (
  update goods_line set placed = placed + $4 where provider = $1 and order_id = $2 and line_id = $3 returning 1
) select expect_rows(count(*)) from done;

-- name: start_warranty
-- A cover, with what it follows from.
insert into warranty (provider, account, warranty_id, covers, order_id, line_id, project_id, article, serial_number, quantity, from_on,
  until_on, own_months, supplier_months, settings_days)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: extend_warranty
-- It lasts longer, for a price.
with done as (
  update warranty set until_on = $3 where provider = $1 and warranty_id = $2 returning 1
), noted as (
  insert into warranty_extension (provider, warranty_id, extension, account, months, net, extended_on)
  values ($1, $2, $4, $5, $6, $7, $8)
) select expect_rows(count(*)) from done;

-- name: start_lease
-- A lease began.
insert into lease (provider, account, lease_id, version, module_id, order_id, title, months, starts_on, ends_on, warn_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: extend_lease
-- It has another end.
with done as (
  update lease set version = $3, months = $4, ends_on = $5, warn_on = $6 where provider = $1 and lease_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: end_lease
-- It is over.
with done as (
  update lease set version = $3, ended_on = $4 where provider = $1 and lease_id = $2 returning 1
) select expect_rows(count(*)) from done;

-- name: raise_task
-- A manager must look.
insert into manager_task (provider, account, task_id, kind, subject_id, reason, raised_on, raised_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: finish_task
-- It needs nobody any more.
with done as (
  update manager_task set done_at = $3, outcome = $4 where provider = $1 and task_id = $2 returning 1
) select expect_rows(count(*)) from done;
