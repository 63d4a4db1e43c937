#!/bin/sh
# Makes the two roles and the databases of a deployment. The PostgreSQL image runs it once, when its data folder is new; by hand:
# PGHOST=... PGUSER=postgres TERMIJN_OWNER_PASSWORD=... TERMIJN_APP_PASSWORD=... deploy/postgres/init.sh
# A server per service is as good: run it on each, with TERMIJN_DATABASES naming what lies there.
set -eu
: "${TERMIJN_OWNER_PASSWORD:?}" "${TERMIJN_APP_PASSWORD:?}"

run() {
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-${PGUSER:-postgres}}" "$@"
}

run --dbname postgres --set owner_password="$TERMIJN_OWNER_PASSWORD" --set app_password="$TERMIJN_APP_PASSWORD" <<'SQL'
-- Owns databases and tables; migrations only.
create role termijn_owner login nosuperuser nobypassrls nocreaterole nocreatedb password :'owner_password';
-- What services connect as: owns nothing, and row-level security holds for it.
create role termijn_app login nosuperuser nobypassrls nocreaterole nocreatedb noinherit password :'app_password';
SQL

for name in ${TERMIJN_DATABASES:-contracts rating invoice dunning keys}; do
  run --dbname postgres <<SQL
create database termijn_$name owner termijn_owner;
revoke all on database termijn_$name from public;
grant connect, temporary on database termijn_$name to termijn_app;
SQL
  run --dbname "termijn_$name" <<'SQL'
alter schema public owner to termijn_owner;
grant usage on schema public to termijn_app;
SQL
done
