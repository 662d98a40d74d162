-- What people have settled of what a provider tells under a reference of ours: they are not asked about it again, and it is never credited.
create table settled_payment (
  reference text not null, -- of a deposit or of a client's address
  what text not null, -- 'payment:{id}', or kind and id of what was taken back: 'dispute:{id}'; the ids are the provider's
  rejected boolean not null, -- else it was settled by hand, and may have been credited so
  settled_at timestamptz not null default now(),
  primary key (reference, what)
);
