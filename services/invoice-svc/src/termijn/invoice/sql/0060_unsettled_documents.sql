-- The list of what is open or missed, of one account or of all: without this it reads every document that there ever was.
create index document_unsettled on document (provider, account, issued_on, invoice_id) where open > 0;
