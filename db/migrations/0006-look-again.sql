-- A callback may never come. An invoice that ended unpaid, and a client's own address, are looked at again from time to time.
alter table money_transaction add column next_look timestamptz;
create index on money_transaction (next_look) where next_look is not null;
alter table deposit_address add column next_look timestamptz not null default now() + interval '1 day';
create index on deposit_address (next_look);
