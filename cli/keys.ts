import { KeyRing } from '../config/key-ring.ts';
import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import { recordAudit } from '../db/repositories/audit.ts';
import { keysInUse, resealAll } from '../db/repositories/sealed.ts';

/** `npm run keys -- list | rotate`: which keys of CONFIG_KEYS are in use, and everything sealed anew with the first of them. */
const USAGE = `npm run keys -- list     which keys seal what
npm run keys -- rotate   seal everything anew with the first key of CONFIG_KEYS`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [command, ...rest] = process.argv.slice(2);
const settings = settingsOrExit();
const ring = new KeyRing(settings.configKeys);
const pool = createPool(settings.databaseUrl, 2);

const list = async (): Promise<void> => {
  const uses = await keysInUse(pool);
  for (const { table, keyId, count } of uses) {
    const state = keyId === ring.currentId ? 'the first key' : ring.has(keyId) ? 'to be rotated' : 'NOT IN CONFIG_KEYS';
    say(`${keyId.padEnd(12)} ${String(count).padStart(6)} × ${table.padEnd(20)} ${state}`);
  }
  const used = new Set(uses.map(({ keyId }) => keyId));
  for (const id of ring.ids.filter((one) => !used.has(one) && one !== ring.currentId))
    say(`${id.padEnd(12)} seals nothing: it can be taken out of CONFIG_KEYS`);
};

const rotate = async (): Promise<void> => {
  const { done, unreadable } = await resealAll(pool, ring);
  await recordAudit(pool, { actor: 'system', action: 'keys.rotate', object: `key:${ring.currentId}`, after: { done } });
  say(`${done} sealed anew with key ${ring.currentId}.`);
  for (const one of unreadable) say(`cannot be opened with any key of CONFIG_KEYS: ${one}`);
  if (unreadable.length > 0) process.exitCode = 1;
};

try {
  if (command === 'list' && rest.length === 0) await list();
  else if (command === 'rotate' && rest.length === 0) await rotate();
  else {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await pool.end();
}
