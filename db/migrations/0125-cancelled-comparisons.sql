-- A comparison that somebody cancelled in Temporal.
alter table reconciliation drop constraint reconciliation_state_check;
alter table reconciliation add constraint reconciliation_state_check
  check (state in ('waiting', 'reading', 'comparing', 'done', 'cannot_compare', 'cancelled'));
