-- Money of an account's IBANs or names that is no payment, or not yet, found when it was asked whether the account can be deleted: it
-- may stand in the way, and who paid it goes with the account (CON-7). Noted while names and IBANs can still be compared.
create table money_from_account (
  provider text not null,
  account text not null,
  money_id text not null,
  primary key (provider, account, money_id)
);
-- Whose answer changes when somebody says what the money is.
create index money_from_account_money on money_from_account (provider, money_id);
