-- The hash of a record tells a repeated one from another one. A called number can be found from it by trying all there are, so it is
-- emptied with the account (CON-7); the id stays, and what comes again under it still counts once (USE-1).
alter table usage_id alter column content drop not null;
