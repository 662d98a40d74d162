import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshPool } from '../kit/hub.ts';
import { randomKeys } from '../kit/api-client.ts';

let database: Awaited<ReturnType<typeof freshPool>>;

beforeAll(async () => {
  database = await freshPool(2);
});
afterAll(() => database.drop());

const run = (): Promise<{ code: number; said: string }> =>
  new Promise((done) => {
    const env = { ...process.env, DATABASE_URL: database.url, CONFIG_KEYS: randomKeys() };
    const script = resolve(import.meta.dirname, '../../cli/ledger-check.ts');
    execFile(process.execPath, [script], { env }, (error, out, err) =>
      done({ code: error ? Number(error.code) : 0, said: out + err }),
    );
  });

describe('the check of the ledger', () => {
  it('reads books to their end that take longer than any statement of the hub may', async () => {
    await database.pool.query(
      `create or replace function ledger_check() returns table (invariant text, subject text, detail text) language plpgsql as $$
         begin perform pg_sleep(16); end $$`,
    );
    expect(await run()).toEqual({ code: 0, said: 'Ledger: 0 postings, 0 breaches.\n' });
  });

  it('names each breach', async () => {
    await database.pool.query(
      `create or replace function ledger_check() returns table (invariant text, subject text, detail text) language sql as
         $$ select 'a client never owes', 'wallet:1', 'available -5' $$`,
    );
    expect(await run()).toEqual({
      code: 1,
      said: 'BREACH  a client never owes: wallet:1, available -5\nLedger: 0 postings, 1 breaches.\n',
    });
  });
});
