-- Further collections that are announced to the debtor by mail (PAY-4); ``void`` where there is nothing to announce any more.

create table announcement (
  provider text not null,
  invoice_id text not null,
  attempt integer not null,
  account text not null,
  message_id text not null,
  status text not null check (status in ('due', 'sent', 'failed', 'void')),
  primary key (provider, invoice_id, attempt)
);
-- What the mail takes next.
create index announcement_due on announcement (provider, invoice_id) where status = 'due';
