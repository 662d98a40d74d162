-- What came of a decision, under the Update that brought it: the API and the run both write it down, and whoever comes second finds it here.
create table decision_outcome (
  application_id integer not null references application,
  update_id text not null,
  outcome jsonb not null, -- {"recorded": …} or {"refused": …}
  create_time timestamptz not null default now(),
  primary key (application_id, update_id)
);
