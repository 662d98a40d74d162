/** Connections that fail, change and go while money moves through them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../config/key-ring.ts';
import { openPassword, sealPassword } from '../../db/repositories/account-changes.ts';
import { healthView } from '../../api/back-office/connections/health.ts';
import { claimTrial, loadHealth } from '../../db/repositories/connection-health.ts';
import { openConnectionRow, replaceSettings, sealSettings } from '../../db/repositories/connections.ts';
import { seedDemo } from '../../db/seed/demo.ts';
import { keysInUse, resealAll } from '../../db/repositories/sealed.ts';
import { randomKeys } from '../kit/api-client.ts';
import { eventually, TestHub } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';

let hub: TestHub;
let olga: number;
let b2binpay: number;
const ring = new KeyRing(CONFIG_KEYS);
const write = { method: 'POST', path: '/payout/', body: '"type":"payout"' };

beforeAll(async () => {
  hub = await TestHub.start({ sendFor: 4_000 });
  olga = await hub.operator('Olga');
  b2binpay = (await hub.methodId('usdt-payout')).connection;
  await hub.approvals('withdrawal', 0);
});
afterAll(() => hub?.stop());
afterEach(async () => {
  hub.sandbox('b2binpay').reset();
  await hub.pool.query(
    `update connection_health set state = 'closed', failures_in_row = 0, trials = 0, paused_until = null`,
  );
});

const state = async (): Promise<string> =>
  (await hub.pool.query(`select state from connection_health where connection_id = $1`, [b2binpay])).rows[0]?.state ??
  'closed';
const stages = async (ids: number[]): Promise<string[]> =>
  (await hub.pool.query(`select distinct stage from money_transaction where transaction_id = any($1)`, [ids])).rows.map(
    (row) => row.stage,
  );
const paid = async (transactionId: number) => {
  const { reference } = await hub.one<{ reference: string }>(
    `select reference from money_transaction where transaction_id = $1`,
    [transactionId],
  );
  return hub
    .sandbox('b2binpay')
    .books()
    .filter((entry) => entry.kind === 'payout' && entry.reference === reference);
};
const config = async (): Promise<any> => (await openConnectionRow(hub.pool, ring, b2binpay)).config;
const change = (settings: object) => replaceSettings(hub.pool, b2binpay, sealSettings(ring, settings));
const dead = (times = 1_000_000) => hub.sandbox('b2binpay').fault({ match: {}, kind: 'reset', times });

describe('a provider that does not answer', () => {
  it('is left alone: its work waits and all of it finishes when it is back, and others never notice', async () => {
    const client = await hub.clientWith('100', 'USDT');
    dead();
    const payouts = await Promise.all(Array.from({ length: 6 }, () => client.withdraw('5.00')));
    await eventually(async () => (await state()) === 'open', 'the breaker to open');

    const trader = await hub.clientWith('100', 'USD');
    const { accountId } = await hub.openTradingAccount(trader.clientId);
    await hub.reaches(await trader.transfer('10.00', trader.wallet, accountId), 'done');

    const late = await client.withdraw('5.00');
    // Longer than orders are tried to be sent for.
    await new Promise((done) => setTimeout(done, 5_000));
    expect(await state()).not.toBe('closed');
    const asked = hub.sandbox('b2binpay').received.length;
    expect(asked).toBeLessThan(60);
    const { stage } = await hub.one<{ stage: string }>(
      `select stage from money_transaction where transaction_id = $1`,
      [late],
    );
    expect(stage).not.toBe('failed');
    expect(await stages(payouts)).not.toContain('failed');

    hub.sandbox('b2binpay').faults.clear();
    for (const payout of [...payouts, late]) await hub.reaches(payout, 'done', 60_000);
    for (const payout of [...payouts, late]) expect(await paid(payout)).toHaveLength(1);
    expect(await client.balance()).toEqual({ balance: '65', held: '0' });
    expect(await state()).toBe('closed');
    expect(await hub.breaches()).toEqual([]);
    // The next time it is silent its pauses are short again.
    const { trials } = await hub.one<{ trials: number }>(
      `select trials from connection_health where connection_id = $1`,
      [b2binpay],
    );
    expect(trials).toBe(0);
  });

  it('does not make an order give up because it had to wait in the queue', async () => {
    const client = await hub.clientWith('100', 'USDT');
    await hub.pauseConnection(b2binpay);
    hub.sandbox('b2binpay').fault({ match: write, kind: 'http_429', times: 1 });
    const payout = await client.withdraw('25.00');
    // Longer than orders are tried to be sent for.
    await hub.pool.query(
      `update connection_health set paused_until = now() + interval '5 seconds' where connection_id = $1`,
      [b2binpay],
    );
    await hub.reaches(payout, 'done');
    expect(await paid(payout)).toHaveLength(1);
  });

  it('but with garbage is not called well, until it answers as it should', async () => {
    const { faults } = hub.sandbox('b2binpay');
    const health = async () => healthView((await loadHealth(hub.pool, [b2binpay]))[0]!);
    const client = await hub.clientWith('100', 'USDT');
    hub.sandbox('b2binpay').fault({ match: {}, kind: 'garbage', times: 1_000 });
    const payout = await client.withdraw('25.00');
    await eventually(async () => (await health()).state === 'garbled', 'it to be seen');
    expect((await health()).lastError?.message).toContain('cannot be read');
    faults.clear();
    await eventually(async () => (await health()).state === 'ok', 'it to be well');
    await hub.reaches(payout, 'done');
  });

  it('is tried by one worker at a time, and by another when that one dies', async () => {
    await hub.pause();
    await hub.pool.query(
      `insert into connection_health (connection_id, state, paused_until) values ($1, 'open', now())
       on conflict (connection_id) do update set state = 'open', paused_until = excluded.paused_until`,
      [b2binpay],
    );
    const claims = await Promise.all(Array.from({ length: 5 }, () => claimTrial(hub.pool, b2binpay, 3_600_000)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    // An hour later.
    await hub.pool.query(`update connection_health set paused_until = now() where connection_id = $1`, [b2binpay]);
    expect(await claimTrial(hub.pool, b2binpay, 300)).toBe(true);
    await eventually(() => claimTrial(hub.pool, b2binpay, 300), 'the dead worker to be given up');
    await hub.resume();
    await eventually(async () => (await state()) === 'closed', 'the provider to be found well');
  });

  it('is not asked while it wants silence', async () => {
    const client = await hub.clientWith('100', 'USDT');
    hub.sandbox('b2binpay').fault({ match: write, kind: 'http_429', retryAfter: 3, times: 1 });
    const ordered = client.withdraw('25.00');
    await eventually(
      async () =>
        (
          await hub.pool.query(`select from connection_health where connection_id = $1 and paused_until > now()`, [
            b2binpay,
          ])
        ).rowCount,
      'the silence',
    );
    expect(await state()).toBe('closed');
    const payout = await ordered;
    await hub.reaches(payout, 'done');
    expect(await paid(payout)).toHaveLength(1);
  });
});

describe('settings that change while a payout runs', () => {
  it('are the same after the demo was seeded again', async () => {
    const { name, caption, provider, config: settings, version } = await openConnectionRow(hub.pool, ring, b2binpay);
    const again = { name, caption, provider, config: settings as Record<string, unknown> };
    await seedDemo(hub.pool, CONFIG_KEYS, [again]);
    expect((await openConnectionRow(hub.pool, ring, b2binpay)).version).toBe(version);
    await seedDemo(hub.pool, CONFIG_KEYS, [{ ...again, config: { ...again.config, timeLimitSeconds: 901 } }]);
    expect((await openConnectionRow(hub.pool, ring, b2binpay)).version).toBe(version + 1);
    await seedDemo(hub.pool, CONFIG_KEYS, [again]);
  });

  it('are used by the next attempt: a wrong secret waits until it is mended', async () => {
    const right = await config();
    await change({ ...right, clientSecret: 'wrong' });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await eventually(
      async () =>
        (
          await hub.pool.query(
            `select from connection_health where connection_id = $1 and last_error_type = 'Config'`,
            [b2binpay],
          )
        ).rowCount,
      'the refusal',
    );
    await change(right);
    await hub.reaches(payout, 'done');
    expect(await paid(payout)).toHaveLength(1);
  });

  it('never make a payout whose answer was lost go out a second time through the new account', async () => {
    const right = await config();
    hub.sandbox('b2binpay').fault({ match: write, kind: 'reset_after_commit', times: 1 });
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 2 });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await eventually(async () => (await paid(payout)).length === 1, 'the payout at the provider');
    // Another wallet, whose owner never heard of this payout.
    await change({ ...right, walletId: '999', walletType: 'enterprise' });
    await hub.reaches(payout, 'done');
    expect(await paid(payout)).toHaveLength(1);
    await change(right);
  });

  it('do not lose it either when the old credentials are revoked: the new ones may find it', async () => {
    const right = await config();
    hub.sandbox('b2binpay').fault({ match: write, kind: 'reset_after_commit', times: 1 });
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 2 });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await eventually(async () => (await paid(payout)).length === 1, 'the payout at the provider');
    const { version } = await openConnectionRow(hub.pool, ring, b2binpay);
    await change(right);
    await hub.pool.query(`update connection_settings set config = $3 where connection_id = $1 and version = $2`, [
      b2binpay,
      version,
      sealSettings(ring, { ...right, clientSecret: 'revoked' }),
    ]);
    await hub.reaches(payout, 'done');
    expect(await paid(payout)).toHaveLength(1);
  });

  it('that know nothing of it are no proof: a person is asked', async () => {
    const right = await config();
    hub.sandbox('b2binpay').fault({ match: write, kind: 'reset', times: 1 });
    // Until they have changed nothing is found out: this provider keeps our key, so one look that misses it has it sent again.
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await eventually(
      async () =>
        (
          await hub.pool.query(
            `select from settings_used u join money_transaction t using (reference) where transaction_id = $1`,
            [payout],
          )
        ).rowCount,
      'the attempt',
    );
    await hub.pause();
    const { version } = await openConnectionRow(hub.pool, ring, b2binpay);
    await change(right);
    await hub.pool.query(`update connection_settings set config = $3 where connection_id = $1 and version = $2`, [
      b2binpay,
      version,
      sealSettings(ring, { ...right, clientSecret: 'revoked' }),
    ]);
    hub.sandbox('b2binpay').faults.clear();
    await hub.resume();
    await hub.reaches(payout, 'assistance');
    expect(await paid(payout)).toHaveLength(0);
    await hub.decide(payout, olga, 'mark_failed');
    await hub.reaches(payout, 'failed');
  });
});

describe('a worker that begins', () => {
  it('while the database stumbles begins nevertheless, and polls when it is read', async () => {
    await hub.pause();
    const { query } = hub.pool;
    const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    hub.pool.query = (() => {
      hub.pool.query = query;
      return Promise.reject(lost);
    }) as unknown as typeof query;
    await hub.resume();
    const payout = await (await hub.clientWith('20', 'USDT')).withdraw('10.00');
    await hub.reaches(payout, 'done');
  });
});

describe('a connection that is disabled', () => {
  it('takes no new orders, and finishes what was begun', async () => {
    const client = await hub.clientWith('100', 'USDT');
    hub.sandbox('b2binpay').fault({ match: write, kind: 'http_429', times: 1_000 });
    const running = await client.withdraw('25.00');
    const sent = () => hub.sandbox('b2binpay').received.some(({ body }) => body.includes(write.body));
    await eventually(async () => sent(), 'the payout to be on its way');
    await hub.pool.query(`update connection set enabled = false where id = $1`, [b2binpay]);
    hub.sandbox('b2binpay').faults.clear();
    const late = await client.withdraw('5.00');
    await hub.reaches(late, 'failed');
    expect(await paid(late)).toHaveLength(0);
    await hub.reaches(running, 'done');
    await hub.pool.query(`update connection set enabled = true where id = $1`, [b2binpay]);
  });

  it('while its provider is silent gives back what was never sent', async () => {
    const client = await hub.clientWith('100', 'USDT');
    await hub.pauseConnection(b2binpay);
    const payout = await client.withdraw('25.00');
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    await hub.pool.query(`update connection set enabled = false where id = $1`, [b2binpay]);
    await hub.reaches(payout, 'failed');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await paid(payout)).toHaveLength(0);
    expect(
      (
        await hub.pool.query(
          `select from settings_used u join money_transaction t using (reference) where transaction_id = $1`,
          [payout],
        )
      ).rowCount,
    ).toBe(0);
    await hub.pool.query(`update connection set enabled = true where id = $1`, [b2binpay]);
  });
});

describe('keys', () => {
  it('are rotated while payouts run, and the old one can go afterwards', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const fresh = randomKeys().replace('k1:', 'k2:');
    await hub.pause();
    hub.settings.configKeys = `${CONFIG_KEYS},${fresh}`;
    await hub.resume();
    const before = await Promise.all(Array.from({ length: 3 }, () => client.withdraw('5.00')));
    const both = new KeyRing(`${fresh},${CONFIG_KEYS}`);
    // One whose password is yet to be set, and one whose password was.
    const change = `insert into account_change (account_id, client_id, wanted, sealed, state, requested_by, workflow_started)
      select account_id, client_id, '{"password": "main"}', $1, $2, 'user:1', true from account order by account_id limit 1 returning id`;
    const waiting = await hub.one<{ id: number }>(change, [sealPassword(ring, 'Secret 12345'), 'waiting']);
    await hub.one(change, [null, 'done']);
    const [rotated, during] = await Promise.all([
      resealAll(hub.pool, both),
      Promise.all(Array.from({ length: 3 }, () => client.withdraw('5.00'))),
    ]);
    expect(rotated.done).toBeGreaterThanOrEqual(4);
    expect(rotated.unreadable).toEqual([]);
    expect(await resealAll(hub.pool, both)).toEqual({ done: 0, unreadable: [] });
    expect(new Set((await keysInUse(hub.pool)).map(({ keyId }) => keyId))).toEqual(new Set(['k2']));
    const { sealed } = await hub.one<{ sealed: Buffer }>('select sealed from account_change where id = $1', [
      waiting.id,
    ]);
    expect(openPassword(new KeyRing(fresh), sealed)).toBe('Secret 12345');
    const env = { ...process.env, DATABASE_URL: hub.settings.databaseUrl, CONFIG_KEYS: `${fresh},${CONFIG_KEYS}` };
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['cli/keys.ts', 'list'], { env });
    expect(stdout).toMatch(/^k2 +\d+ × connection +the first key$/m);
    expect(stdout).toContain('can be taken out of CONFIG_KEYS');
    const again = await run(process.execPath, ['cli/keys.ts', 'rotate'], { env });
    expect(again.stdout).toBe('0 sealed anew with key k2.\n');
    for (const key of `${fresh},${CONFIG_KEYS}`.split(','))
      expect(stdout + again.stdout).not.toContain(key.split(':')[1]);
    await hub.pause();
    hub.settings.configKeys = fresh;
    await hub.resume();
    const after = await client.withdraw('5.00');
    for (const payout of [...before, ...during, after]) await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '65', held: '0' });
  });
});
