-- Products, their groups and platforms as the Back Office keeps them.
alter table platform
  add column short_caption text not null default '',
  add column create_time timestamptz not null default now(),
  add column update_time timestamptz;
alter table product_group add column resources jsonb not null default '[]';
alter table product add column resources jsonb not null default '[]';
alter table product_currency add column resources jsonb not null default '[]';
