-- What the API found out before the first step. A worker goes by this and by the sealed inputs, not by what it is told.
alter table wizard_run add column opening_facts jsonb not null default '{}';
update wizard_run set opening_facts = facts where state in ('opening', 'open');
