-- A refund is a withdrawal whose parent is the deposit it gives back.
comment on column money_transaction.parent_id is 'of a deposit: the one it belongs to, as a late or extra payment; of a withdrawal: the deposit it gives back';
create index on money_transaction (parent_id) where parent_id is not null;
