-- The broker's commission was set by an operator: it is not worked out anew when another amount comes or the rate is quoted anew.
alter table money_transaction add column commission_set boolean not null default false;
-- What an operator entered as the provider's commission was in the currency of the account, and booked by nobody; from now on it is booked, in the currency that is paid out.
update money_transaction t set provider_commission = 0
 where t.type = 'withdrawal' and t.process_time is null and t.provider_commission > 0 and exists (select from transaction_exchange x where x.transaction_id = t.transaction_id);
