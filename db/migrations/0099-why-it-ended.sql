-- `resolution` is what the client reads; why a movement ended, in the words for operators, stands beside it.
alter table money_transaction add column why text;
update money_transaction
   set why = resolution, resolution = case stage when 'cancelled' then 'Cancelled.' else 'It could not be completed.' end
 where stage in ('failed', 'cancelled') and resolution is not null;
