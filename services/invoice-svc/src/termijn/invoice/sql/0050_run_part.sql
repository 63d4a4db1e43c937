-- Which accounts a run has to do with, and what it did with them: of runs of support nothing else tells that they are there (INV-4).
create table run_part (
  provider text not null,
  run_on date not null,
  stream text not null,
  account text not null,
  state text not null check (state in ('planned', 'billed', 'carried')),
  primary key (provider, stream, run_on, account)
);
