-- An invoice to a lease company is owed by it and not by the account that ordered (CON-11).
alter table document add column is_billed_elsewhere boolean not null default false;
