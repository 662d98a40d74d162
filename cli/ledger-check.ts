import { settingsOrExit } from '../config/settings.ts';
import { AS_LONG_AS_IT_TAKES, createPool } from '../db/pool.ts';
import { checkLedger } from '../db/repositories/ledger.ts';

/** `npm run ledger:check`: recomputes every ledger invariant from the postings; exit code 1 on a breach. */
const pool = createPool(settingsOrExit().databaseUrl, 1, AS_LONG_AS_IT_TAKES);
try {
  const breaches = await checkLedger(pool);
  for (const { invariant, subject, detail } of breaches)
    process.stdout.write(`BREACH  ${invariant}: ${subject}, ${detail}\n`);
  const { rows } = await pool.query<{ postings: string }>('select count(*) as postings from ledger_posting');
  process.stdout.write(`Ledger: ${rows[0]?.postings} postings, ${breaches.length} breaches.\n`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`The ledger could not be checked: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  await pool.end();
}
