-- Operators set passwords as well, and it is written down from where.
alter table password_change
  drop constraint password_change_type_check,
  add constraint password_change_type_check check (type in ('restored', 'changed', 'changedByAdmin')),
  add column ip text,
  add column update_time timestamptz; -- for lists only
