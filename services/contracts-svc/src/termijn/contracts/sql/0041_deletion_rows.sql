-- Accounts that were opened before there were deletions get the row that changes lock and closing changes (CON-7).
insert into account_erasure (provider, account, question, attempt, access, is_stale)
select provider, account, '', 0, 'open', false from account
on conflict (provider, account) do nothing;
