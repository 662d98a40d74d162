-- Payouts may go anywhere from then on, although listed_addresses_only: it was switched off where new addresses wait.
alter table client add column any_address_from timestamptz;

-- Lists of callbacks are asked for by their time too; they come in its order, so that blocks of it are enough to know.
create index webhook_create_time_idx on webhook using brin (create_time) with (autosummarize = on);

-- A method that is deleted takes along the templates that go by it.
alter table payout_template
  drop constraint payout_template_method_id_fkey,
  add constraint payout_template_method_id_fkey foreign key (method_id) references payment_method on delete cascade;
create index on payout_template (method_id);
