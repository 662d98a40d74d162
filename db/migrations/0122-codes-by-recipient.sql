-- Operators look for the procedure of somebody who is no client yet by where its codes went.
create index on wizard_code (recipient_mark);
