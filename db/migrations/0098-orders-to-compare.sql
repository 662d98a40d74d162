-- Whoever orders a comparison and hears nothing orders it again under the same key: once is enough.
alter table reconciliation
  add column order_key text; -- of the last order by a user; null where none was given
