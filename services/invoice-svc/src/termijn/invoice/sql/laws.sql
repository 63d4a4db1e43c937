-- name: numbers_are_gapless
-- Series whose numbers are not 1, 2, 3 and so on.
select provider, '~catalogue' as account, series || ' ' || year as subject,
  count(*) || ' numbers from ' || min(number) || ' to ' || max(number) as detail
from number_given group by provider, series, year having min(number) <> 1 or max(number) <> count(*);

-- name: dates_do_not_go_down
-- Numbers that are dated before the number before them.
select provider, '~catalogue' as account, series || ' ' || year || ' ' || number as subject,
  issued_on || ' comes after ' || before as detail
from (
  select *, lag(issued_on) over (partition by provider, series, year order by number) as before from number_given
) n where issued_on < before;

-- name: numbers_are_documents
-- Numbers without a document, documents without a number, and dates that differ.
select coalesce(n.provider, d.provider) as provider, coalesce(d.account, '~catalogue') as account,
  coalesce(n.invoice_id, d.invoice_id) as subject,
  coalesce(n.series || ' ' || n.year || ' ' || n.number, 'no number given') || ' / ' || coalesce(d.number, 'no document') as detail
from number_given n full join document d on d.provider = n.provider and d.invoice_id = n.invoice_id
where n.provider is null or d.provider is null or n.issued_on <> d.issued_on or n.series <> d.series
  or extract(year from n.issued_on) <> n.year;

-- name: lines_are_in_one_place
-- Lines on a document that does not exist, on a draft that is none, and drafts whose lines are not as many as they say.
select l.provider, l.account, l.line_id as subject, 'is said to be on ' || l.place || ' ' || l.invoice_id as detail
from charge_line l
left join draft f on f.provider = l.provider and f.invoice_id = l.invoice_id
left join document d on d.provider = l.provider and d.invoice_id = l.invoice_id
where (l.place = 'document' and (d.invoice_id is null or f.number is null or d.account <> l.account))
  or (l.place = 'draft' and (f.invoice_id is null or f.number is not null or d.invoice_id is not null or f.account <> l.account))
union all
select f.provider, f.account, f.invoice_id, 'has ' || count(l.line_id) || ' of ' || f.line_count || ' lines'
from draft f left join charge_line l on l.provider = f.provider and l.invoice_id = f.invoice_id
group by f.provider, f.account, f.invoice_id, f.line_count having count(l.line_id) <> f.line_count;

-- name: documents_are_their_lines
-- Documents whose net is not the sum of their lines, or whose gross is not net and VAT.
select d.provider, d.account, d.number as subject, 'net ' || d.net || ', lines ' || l.net || ', vat ' || v.vat || ', gross ' || d.gross as detail
from document d
cross join lateral (
  select coalesce(sum(net), 0) as net from charge_line where provider = d.provider and invoice_id = d.invoice_id
) l
cross join lateral (
  select coalesce(sum((part ->> 'vat')::numeric), 0) as vat, coalesce(sum((part ->> 'base')::numeric), 0) as base
  from jsonb_array_elements(d.vat) part
) v
where d.net <> l.net or d.net <> v.base or d.gross <> d.net + v.vat or (d.kind = 'invoice') <> (d.gross > 0);

-- name: invoiced_is_accounted_for
-- Invoices where a cent is missing or too many.
select d.provider, d.account, d.number as subject,
  'gross ' || d.gross || ', paid ' || d.paid || ' (payments ' || p.applied || '), open ' || d.open || ', credited ' || d.credited
    || ', written off ' || d.written_off as detail
from document d
cross join lateral (
  select coalesce(sum(applied) filter (where reversed_on is null), 0) as applied
  from payment where provider = d.provider and invoice_id = d.invoice_id
) p
where d.kind = 'invoice'
  and (d.gross <> d.paid + d.open + d.credited + d.written_off or d.paid <> p.applied or (d.settled_on is null) <> (d.open > 0));

-- name: payments_are_kept
-- Payments of which a part is nowhere, and over-payments that are no credit.
select p.provider, p.account, p.payment_id as subject,
  'amount ' || p.amount || ', applied ' || p.applied || ', surplus ' || p.surplus || ', credit ' || coalesce(c.amount - c.withdrawn, 0) as detail
from payment p left join credit c on c.provider = p.provider and c.credit_id = p.payment_id and c.source = 'overpayment'
where p.amount <> p.applied + p.surplus
  or coalesce(c.amount, 0) <> p.surplus
  or (p.reversed_on is not null and coalesce(c.amount - c.withdrawn, 0) <> 0)
  or (p.reversed_on is null and coalesce(c.withdrawn, 0) <> 0)
union all
select c.provider, c.account, c.credit_id, 'a credit of ' || c.amount || ' that no payment made'
from credit c left join payment p on p.provider = c.provider and p.payment_id = c.credit_id
where c.source = 'overpayment' and p.payment_id is null;

-- name: credit_notes_are_owed
-- Credit notes that are no credit, and the other way round.
select coalesce(d.provider, c.provider) as provider, coalesce(d.account, c.account) as account,
  coalesce(d.number, c.credit_id) as subject,
  'credit note ' || coalesce(d.gross, 0) || ', credit ' || coalesce(c.amount, 0) as detail
from (select * from document where kind = 'credit_note') d
full join (select * from credit where source = 'credit_note') c on c.provider = d.provider and c.credit_id = d.invoice_id
where d.gross is distinct from -c.amount;

-- name: charged
-- All lines that rating sent.
select provider, account, sum(net) as amount from charge_line where source = 'rating' group by provider, account;

-- name: delivered
-- All lines that contracts sent: milestones, deliveries, longer warranties.
select provider, account, sum(net) as amount from charge_line where source = 'contracts' group by provider, account;

-- name: charged_waiting
-- Of these, what is on no document yet.
select provider, account, sum(net) as amount from charge_line where place <> 'document' group by provider, account;

-- name: invoiced
-- Invoices and credit notes.
select provider, account, sum(gross) as amount from document group by provider, account;

-- name: paid
-- Money that invoices took and kept.
select provider, account, sum(paid) as amount from document group by provider, account;

-- name: open
-- What is owed to the provider.
select provider, account, sum(open) as amount from document group by provider, account;

-- name: missed_open
-- Of that, what was missed: dunning has a case for it.
select provider, account, sum(open) as amount from document where standing_misses > 0 group by provider, account;

-- name: written_off
-- What is not asked for any more.
select provider, account, sum(written_off) as amount from document group by provider, account;

-- name: credit
-- What the provider owes.
select provider, account, sum(amount - withdrawn) as amount from credit group by provider, account;

-- name: missed_open
-- What is open on invoices that were missed, where the miss stands: what dunning should be asking for.
select provider, account, sum(open) as amount from document where standing_misses > 0 and open > 0 group by provider, account;

-- name: assigned_money_is_paid
-- Unmatched money that was assigned and is no payment of its amount.
select m.provider, coalesce(p.account, '~catalogue') as account, m.money_id as subject,
  'amount ' || m.amount || ' for ' || m.invoice_id || ', payment ' || coalesce(p.amount || ' for ' || p.invoice_id, 'none') as detail
from unmatched_money m left join payment p on p.provider = m.provider and p.payment_id = m.money_id
where m.state = 'assigned' and (p.payment_id is null or p.amount <> m.amount or p.invoice_id <> m.invoice_id);
