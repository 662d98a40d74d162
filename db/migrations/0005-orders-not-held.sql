-- What an account has promised and not held yet: read at every order.
create index on money_transaction (debit_account_id) where stage = 'created';
