import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';

/** `npm run ledger:check`: recomputes every ledger invariant from the postings; exit code 1 on a breach. */
const pool = createPool(settingsOrExit().databaseUrl, 1);
try {
  const { rows } = await pool.query<{ invariant: string; subject: string; detail: string }>(
    'select * from ledger_check()',
  );
  for (const { invariant, subject, detail } of rows)
    process.stdout.write(`BREACH  ${invariant}: ${subject}, ${detail}\n`);
  const { rows: counted } = await pool.query<{ postings: string }>('select count(*) as postings from ledger_posting');
  process.stdout.write(`Ledger: ${counted[0]?.postings} postings, ${rows.length} breaches.\n`);
  process.exitCode = rows.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`The ledger could not be checked: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  await pool.end();
}
