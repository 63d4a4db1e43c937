-- One index less over all that waits. Only the laws of dunning asked for the timers of an account, all of them at once; and as long as
-- nobody had counted the table, what is due was looked for through this index: 30,000 rows read for 100 that were due.
drop index timer_account;
