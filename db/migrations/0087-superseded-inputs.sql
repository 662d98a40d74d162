-- Of two inputs that were kept for one step while the run could not be reached, only the later one is to reach it. 'unanswered': whoever sent it was told that
-- nobody could take it now; 'taken': the run has done something with it.
alter table wizard_input
  add column state text not null default 'kept' check (state in ('kept', 'unanswered', 'taken', 'superseded'));
