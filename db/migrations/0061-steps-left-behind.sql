-- The sweep looks for steps that were kept a while ago and that no run is noted to have taken.
create index on wizard_input (create_time);
