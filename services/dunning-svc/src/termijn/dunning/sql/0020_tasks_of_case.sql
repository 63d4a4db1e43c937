-- What a case asked for is withdrawn by the case; without this each step of each case read all tasks that there ever were.
create index task_of_case on task (provider, case_id) where state = 'open';
