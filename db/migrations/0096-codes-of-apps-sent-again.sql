-- A code of an app is used up before what it is sent for is kept. When that fails it is sent again, and is still right where it was taken, and nowhere else.
alter table client_totp
  add column taken_by_run integer, -- the wizard run that took the code of last_step; null: nobody may send it again
  add column taken_at_step text; -- and at which of its steps
alter table hub_user_totp
  add column taken_by_challenge integer; -- the challenge that the code of last_step was given for; null: it was for something else
