-- What a confirmation says about a person (a number, a bank account, an address), until the letter has left; the facts are kept for good.
alter table confirmation add column personal jsonb;
-- Which versions of the module's stream began and ended it: a letter names the numbers that the module had when it was decided.
alter table subject_owner add column assigned_version integer, add column released_version integer;
