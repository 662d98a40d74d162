-- A fresh code confirms a request once. When the request fails after that, its repeat is not asked for another code: what it ordered may be there already.
alter table idempotency
  add column confirmed boolean not null default false; -- a code was taken for this very request, not only asked for
