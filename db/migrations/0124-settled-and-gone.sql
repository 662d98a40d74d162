-- A settled difference that is none any more: it explains no balance, and is raised when it comes again.
alter table reconciliation_difference add column gone_time timestamptz; -- settled, and then the books agreed, or differed in another way

-- Of several that were settled about one thing, the last is how it stands.
update reconciliation_difference d set gone_time = now() where state = 'settled' and exists (
  select from reconciliation_difference l where l.connection_id = d.connection_id and l.subject = d.subject and l.id > d.id and l.state <> 'resolved');
