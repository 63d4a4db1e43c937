-- The fiscal years whose documents are kept, each under a key of its own, and what became of them (CON-7).
create table kept_year (
  provider text not null,
  account text not null,
  year integer not null,
  is_over boolean not null,
  is_gone boolean not null,
  primary key (provider, account, year)
);
-- What is to be destroyed.
create index kept_year_over on kept_year (provider, year) where is_over and not is_gone;
