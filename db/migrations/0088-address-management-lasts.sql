-- Payouts may go anywhere from then on, although listed_addresses_only: it was switched off where new addresses wait.
alter table client add column any_address_from timestamptz;
