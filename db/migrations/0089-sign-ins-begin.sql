-- When the sign-in of a token began: it outlives the token it began with, and one by QR code began with that of the phone.
alter table refresh_token add column began_at timestamptz not null default now();
update refresh_token t set began_at = f.began_at
  from (select family, min(create_time) as began_at from refresh_token group by family) f where f.family = t.family;
