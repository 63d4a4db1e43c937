-- name: projects
-- Projects of an account after a cursor.
select project_id, version, title, state, price, remainder, agreed_on, quote, delivered_on, over_on
from project where provider = $1 and account = $2 and ($3::text is null or project_id > $3) order by project_id limit $4;

-- name: project
-- One project with what it has billed so far.
select p.*, p.price - p.dropped - p.remainder * (p.delivered_on is null and p.state <> 'stopped')::integer
    - coalesce((select sum(net) from project_milestone m where m.provider = $1 and m.project_id = $3 and m.reached_on is null
      and p.state <> 'stopped'), 0) as billed
from project p where p.provider = $1 and p.account = $2 and p.project_id = $3;

-- name: milestones
-- The milestones of a project, as planned.
select milestone_id, title, net, vat_rate, kind, planned_on, reached_on from project_milestone
where provider = $1 and project_id = $2 order by place;

-- name: project_orders
-- The orders of goods within a project.
select order_id from goods_order where provider = $1 and project_id = $2 order by order_id;

-- name: orders
-- Orders of an account after a cursor; only those with something to deliver where $5.
select o.order_id, o.version, o.project_id, o.ordered_on, o.agreed_on, o.goes_to_lease_company, l.net, l.outstanding
from goods_order o
cross join lateral (
  select sum(unit_price * (quantity - cancelled)) as net, sum(quantity - delivered - cancelled) as outstanding
  from goods_line where provider = o.provider and order_id = o.order_id
) l
where o.provider = $1 and o.account = $2 and ($3::text is null or o.order_id > $3) and (not $5 or l.outstanding > 0)
order by o.order_id limit $4;

-- name: order
-- One order of the account.
select * from goods_order where provider = $1 and account = $2 and order_id = $3;

-- name: lines
-- The lines of an order.
select line_id, article, sku, quantity, unit_price, vat_rate, kind, revenue_group, ledger_account, supplier_months,
  delivered, cancelled, placed, quantity - delivered - cancelled as outstanding
from goods_line where provider = $1 and order_id = $2 order by place;

-- name: deliveries
-- What came when.
select delivery_id, line_id, delivered_on, quantity, net from goods_delivery
where provider = $1 and order_id = $2 order by delivered_on, delivery_id, line_id;

-- name: warranties
-- Covers of an account ($2), of one order ($3) or project ($4) where one is asked for, after a cursor, with what was bought on top.
select w.*, coalesce((
    select array_agg(e.months order by e.extension) from warranty_extension e
    where e.provider = w.provider and e.warranty_id = w.warranty_id
  ), array[]::integer[]) as extensions
from warranty w
where w.provider = $1 and w.account = $2 and ($3::text is null or w.order_id = $3) and ($4::text is null or w.project_id = $4)
  and ($5::text is null or w.warranty_id > $5)
order by w.warranty_id limit $6;

-- name: warranty
-- One cover, with what was bought on top.
select w.*, coalesce((
    select array_agg(e.months order by e.extension) from warranty_extension e
    where e.provider = w.provider and e.warranty_id = w.warranty_id
  ), array[]::integer[]) as extensions
from warranty w where w.provider = $1 and w.warranty_id = $2;

-- name: leases
-- Leases of an account after a cursor.
select lease_id, version, module_id, order_id, title, months, starts_on, ends_on, warn_on, ended_on
from lease where provider = $1 and account = $2 and ($3::text is null or lease_id > $3) order by lease_id limit $4;

-- name: lease
-- One lease of the account.
select * from lease where provider = $1 and account = $2 and lease_id = $3;

-- name: running_lease
-- The lease of a module, while it runs.
select lease_id from lease where provider = $1 and module_id = $2 and ended_on is null;

-- name: tasks
-- What managers are to look at, oldest first, after a cursor.
select raised_at, task_id, account, kind, subject_id, reason, raised_on from manager_task
where provider = $1 and done_at is null and ($2::text is null or (raised_at, task_id) > ($2::text::timestamptz, $3::text))
order by raised_at, task_id limit $4;

-- name: task_account
-- Whose task it is.
select account from manager_task where provider = $1 and task_id = $2;

-- name: open_late_tasks
-- Tasks about the lateness of an order that wait for somebody.
select task_id from manager_task
where provider = $1 and subject_id = $2 and kind = 'delivery_late' and done_at is null order by task_id;

-- name: open_lease_tasks
-- Tasks about the end of a lease that wait for somebody.
select task_id from manager_task
where provider = $1 and subject_id = $2 and kind = 'lease_ends' and done_at is null order by task_id;

-- name: delivered
-- Net of all that bills by itself: reached milestones, what bills on a project's delivery, goods that came, warranties bought on top.
select provider, account, sum(net) as amount from (
  select p.provider, p.account, m.net from project_milestone m
  join project p on p.provider = m.provider and p.project_id = m.project_id where m.reached_on is not null
  union all
  select provider, account, remainder from project where delivered_on is not null
  union all
  select provider, account, net from goods_delivery
  union all
  select provider, account, net from warranty_extension
) n group by provider, account;

-- name: project_adds_up
-- Projects whose milestones and remainder are not their price.
select p.provider, p.account, p.project_id as subject,
  'price ' || p.price || ', milestones ' || m.net || ', on delivery ' || p.remainder as detail
from project p
cross join lateral (
  select coalesce(sum(net), 0) as net from project_milestone where provider = p.provider and project_id = p.project_id
) m
where p.price <> m.net + p.remainder;

-- name: delivered_adds_up
-- Lines whose deliveries are not as many pieces, or not as much money, as they say.
select l.provider, o.account, l.order_id || ' ' || l.line_id as subject,
  l.delivered || ' delivered at ' || l.unit_price || ', deliveries of ' || d.quantity || ' for ' || d.net as detail
from goods_line l
join goods_order o on o.provider = l.provider and o.order_id = l.order_id
cross join lateral (
  select coalesce(sum(quantity), 0) as quantity, coalesce(sum(net), 0) as net
  from goods_delivery where provider = l.provider and order_id = l.order_id and line_id = l.line_id
) d
where l.delivered <> d.quantity or l.delivered * l.unit_price <> d.net;

-- name: warranty_of_placed
-- Orders with pieces in use that no warranty speaks of.
select l.provider, o.account, l.order_id || ' ' || l.line_id as subject, l.placed || ' placed, warranty on ' || w.quantity as detail
from goods_line l
join goods_order o on o.provider = l.provider and o.order_id = l.order_id
cross join lateral (
  select coalesce(sum(quantity), 0) as quantity from warranty where provider = l.provider and order_id = l.order_id and line_id = l.line_id
) w
where l.placed <> w.quantity;
