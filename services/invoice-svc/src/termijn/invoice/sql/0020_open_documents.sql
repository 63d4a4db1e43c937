-- The answer to a step of dunning asks for the account's other open invoices; without this it reads all that the account ever had.
create index document_open on document (provider, account, due_on, invoice_id) where open > 0 and standing_misses = 0 and not is_test;
