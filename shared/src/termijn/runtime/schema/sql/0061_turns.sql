-- What waited goes before what came later of its publisher and account, so both are known of it. Rows of before are opened once.
alter table waiting_message add column publisher text, add column number bigint;
update waiting_message set publisher = convert_from(envelope, 'UTF8')::jsonb ->> 'publisher',
  number = (convert_from(envelope, 'UTF8')::jsonb ->> 'number')::bigint;
-- Each page asks for its accounts; few wait, if any.
create index waiting_turn on waiting_message (provider, publisher, account);
