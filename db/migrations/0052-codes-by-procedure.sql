-- Codes are counted for each kind of procedure, so that nobody uses up those of another, and for each channel of the whole hub.
alter table code_sending
  add column type text not null default '', -- of the wizard; 'taken': no code, but the answer that an e-mail is taken
  add column channel text not null default '';
create index on code_sending (channel, create_time);
