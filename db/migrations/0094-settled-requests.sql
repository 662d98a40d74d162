-- A decision about a verification is settled once, however often its run has it settled: by the second time the client may have handed in what nobody has seen.
alter table kyc_case
  add column settled_request integer references application; -- the last request that was settled; null: none since this is kept
