-- Lists of callbacks go by their numbers, which grow as time does: each is written with one index entry less, twice.
drop index webhook_create_time_idx;
