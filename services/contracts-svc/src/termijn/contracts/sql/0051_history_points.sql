-- States of streams at every hundredth version, so that a history is read from the nearest and not from its beginning. Sealed under
-- the account's key; written by readers, for what has been is the same whoever computes it.
create table history_point (
  provider text not null,
  stream text not null,
  version integer not null,
  account text not null,
  fingerprint text not null,
  sealed_state text not null,
  primary key (provider, stream, version)
);
-- What goes when an account is erased.
create index history_point_of_account on history_point (provider, account);
