-- Who charged a line: rating, or contracts for what bills by itself (projects, goods, longer warranties), so that each is compared
-- with its own sums (INV-17). Lines from before this were all rating's.
alter table charge_line add column source text not null default 'rating' check (source in ('rating', 'contracts'));
