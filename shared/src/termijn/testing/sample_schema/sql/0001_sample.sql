-- The read models of the sample service.
create table jar (provider text not null, account text not null, marbles bigint not null, owner text, primary key (provider, account));
create table jar_total (provider text not null, account text not null, marbles bigint not null, primary key (provider, account));
create table jar_name (provider text not null, name text not null, account text not null, primary key (provider, name));
