import { parseArgs } from 'node:util';
import { KeyRing } from '../config/key-ring.ts';
import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import { acceptAudit, checkAudit, linkFrom, linkText } from '../db/repositories/audit-chain.ts';
import { recordAudit } from '../db/repositories/audit.ts';

/** `npm run audit:check`: recomputes the chain of the audit; exit code 1 names the first row that is wrong. */
const USAGE = `npm run audit:check                        is the chain of the audit whole?
npm run audit:check -- --from 1234:9f86…   is what was noted still there, and all after it whole?
npm run audit:check -- --accept            take it as it is, after a person has looked`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const read = () => {
  try {
    const { values } = parseArgs({ options: { from: { type: 'string' }, accept: { type: 'boolean' } } });
    const from = values.from === undefined ? undefined : linkFrom(values.from);
    return from === null ? null : { from, accept: values.accept === true };
  } catch {
    return null;
  }
};

const asked = read();
if (!asked) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
const settings = settingsOrExit();
const ring = new KeyRing(settings.configKeys);
const pool = createPool(settings.databaseUrl, 1);
try {
  const { rows, unsealed, end, broken } = await checkAudit(pool, ring, asked.from);
  if (broken !== null) say(`BROKEN  ${broken}.`);
  say(`Audit: ${rows} rows ${broken === null ? 'chained' : 'are whole before that'}, ${unsealed} not sealed yet.`);
  if (broken === null) say(`It ends at ${linkText(end)}`);
  process.exitCode = broken === null ? 0 : 1;
  if (asked.accept && broken !== null) {
    const accepted = await acceptAudit(pool, ring);
    await recordAudit(pool, {
      actor: 'system',
      action: 'audit.accept',
      object: `audit:${accepted.seq}`,
      after: { broken },
    });
    say(`Accepted: sealing goes on after row ${accepted.seq}.`);
  }
} catch (error) {
  process.stderr.write(`The audit could not be checked: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  await pool.end();
}
