-- What clients were told a currency costs, and until when: a quote is honoured as it was given.
create table client_quote (
  id uuid primary key default gen_random_uuid(),
  client_id integer not null references client,
  from_currency integer not null references currency,
  to_currency integer not null references currency,
  rate numeric(38,18) not null check (rate > 0), -- `to` for one `from`, markup inside
  market_rate numeric(38,18) not null,
  source text not null,
  source_time timestamptz not null,
  max_amount numeric(38,18), -- of `from`
  expires_at timestamptz not null,
  create_time timestamptz not null default now()
);
create index on client_quote (client_id);
create index on client_quote (expires_at);
