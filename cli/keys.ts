import { KeyRing } from '../config/key-ring.ts';
import { settingsOrExit } from '../config/settings.ts';
import { createPool, inTransaction } from '../db/pool.ts';
import { recordAudit } from '../db/repositories/audit.ts';
import { keysInUse, resealAll } from '../db/repositories/sealed.ts';
import { addTokenKey, loadTokenKeys } from '../db/repositories/token-keys.ts';

/** `npm run keys`: which keys of CONFIG_KEYS are in use, everything sealed anew with the first of them, and new keys for access tokens. */
const USAGE = `npm run keys -- list                     which keys seal what, and which sign access tokens
npm run keys -- rotate                   seal everything anew with the first key of CONFIG_KEYS
npm run keys -- rotate-tokens            a new key signs access tokens, in a minute; those of before live on until they expire
npm run keys -- rotate-tokens --leaked   it signs at once, and every access token of before is refused`;

/** Those who check our tokens by the published keys ask for them anew within this time. */
const PUBLISHED_BEFORE_SECONDS = 60;

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
  for (const { kid, signsFrom } of await loadTokenKeys(pool, ring))
    say(`${kid} signs access tokens from ${new Date(signsFrom).toISOString()}`);
};

const rotate = async (): Promise<void> => {
  const { done, unreadable } = await resealAll(pool, ring);
  await recordAudit(pool, { actor: 'system', action: 'keys.rotate', object: `key:${ring.currentId}`, after: { done } });
  say(`${done} sealed anew with key ${ring.currentId}.`);
  for (const one of unreadable) say(`cannot be opened with any key of CONFIG_KEYS: ${one}`);
  if (unreadable.length > 0) process.exitCode = 1;
};

const rotateTokens = async (leaked: boolean): Promise<void> => {
  const { kid, signsFrom } = await inTransaction(pool, async (db) => {
    const key = await addTokenKey(db, ring, { seconds: leaked ? 0 : PUBLISHED_BEFORE_SECONDS, endsEarlier: leaked });
    await recordAudit(db, {
      actor: 'system',
      action: 'keys.rotate-tokens',
      object: `token-key:${key.kid}`,
      after: { leaked },
    });
    return key;
  });
  say(`${kid} signs access tokens from ${signsFrom.toISOString()}.`);
  say(leaked ? 'Every access token of before is refused.' : 'Those of before live on until they expire.');
};

try {
  if (command === 'list' && rest.length === 0) await list();
  else if (command === 'rotate' && rest.length === 0) await rotate();
  else if (command === 'rotate-tokens' && (rest.length === 0 || (rest.length === 1 && rest[0] === '--leaked')))
    await rotateTokens(rest.length === 1);
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
