-- Which payments (the provider's ids) have the fixed rate. Null: all that the deposit is credited with; a payout, a bank transfer, or fixed by a worker of before.
alter table transaction_exchange add column payments text[];
