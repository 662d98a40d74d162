-- The broker's commission was set by an operator: it is not worked out anew when another amount comes or the rate is quoted anew.
alter table money_transaction add column commission_set boolean not null default false;
