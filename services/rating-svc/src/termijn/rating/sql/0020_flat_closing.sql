-- What a closing asks must not cost more every year; ten sandbox years showed these reading all that an account ever had.

-- Charges that bill once count for good; a closing asks for them whatever their day.
create index billed_line_once on billed_line (provider, account, module_id) where origin in ('once', 'connect', 'disconnect');
-- Use that no closing of the account has looked at.
create index usage_sum_closing on usage_sum (provider, account, closing);
