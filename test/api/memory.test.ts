import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Memory } from '../../db/memory.ts';
import { eventually } from '../kit/hub.ts';
import { MoneyApi } from './money-hub.ts';

/** Less than what is remembered is believed for anyway. */
const SOON = 2_500;

let api: MoneyApi;

beforeAll(async () => {
  api = await MoneyApi.start();
});
afterAll(() => api.stop());

const preview = async (ann: Awaited<ReturnType<MoneyApi['clientWith']>>, more: object = { isPretend: true }) => {
  const methodId = await api.methodId('bank-transfer');
  const body = { accountId: ann.wallet, methodId, currencyCode: 840, amount: '100', ...more };
  return ann.call('POST /my/deposits/sync', body);
};

describe('what a process remembers', () => {
  it('is forgotten when somebody else changes a method, a client or his account', async () => {
    const ann = await api.clientWith('0', 'USD');
    expect((await preview(ann)).status).toBe(201);
    const { rows } = await api.hub.pool.query(
      `update payment_method set enabled = false where name = 'bank-transfer' returning id`,
    );
    expect(rows).toHaveLength(1);
    await eventually(async () => (await preview(ann)).status !== 201, 'the method to be off', SOON);
    await api.hub.pool.query(`update payment_method set enabled = true where name = 'bank-transfer'`);
    await eventually(async () => (await preview(ann)).status === 201, 'the method to be on', SOON);
    await api.hub.pool.query(
      `update account set permissions = array_remove(permissions, 'deposit') where account_id = $1`,
      [ann.wallet],
    );
    await eventually(async () => (await preview(ann)).status !== 201, 'the right to be gone', SOON);
  });

  it('is forgotten when the level of a client, or what it allows, changes', async () => {
    const ann = await api.clientWith('0', 'USD');
    const mayNot = async () => (await preview(ann)).status === 403;
    const { rows } = await api.hub.pool.query<{ id: number }>(
      `with strict as (insert into client_role (name, caption, permissions) values ('strict', 'Strict', '{"deposits": false}') returning id)
       insert into verification_level (name, caption, index, role_id) select 'Strict', 'Strict', 99, id from strict returning id`,
    );
    expect(await mayNot()).toBe(false);
    await api.hub.pool.query(`update client set verification_level_id = $2 where client_id = $1`, [
      ann.id,
      rows[0]!.id,
    ]);
    await eventually(mayNot, 'the level to be there', SOON);
    await api.hub.pool.query(`update client_role set permissions = '{}' where name = 'strict'`);
    await eventually(async () => !(await mayNot()), 'the role to allow it', SOON);
  });

  it('never lets money move: an order that is placed is checked against what is true now', async () => {
    const ann = await api.clientWith('0', 'USD');
    expect((await preview(ann)).status).toBe(201);
    await api.hub.pool.query(`update payment_method set enabled = false where name = 'bank-transfer'`);
    const placed = await preview(ann, {});
    await api.hub.pool.query(`update payment_method set enabled = true where name = 'bank-transfer'`);
    expect(placed).toMatchObject({ status: 403, body: { error: { details: [{ reason: 'restricted' }] } } });
  });
});

describe('a signed-in caller', () => {
  it('is out as soon as the session is revoked, or the client banned, by whatever process', async () => {
    for (const end of [
      `update refresh_token set revoked_at = now() where subject = 'client:' || $1`,
      `update client set status = 'banned' where client_id = $1::integer`,
    ]) {
      const ann = await api.clientWith('0', 'USD');
      expect((await ann.call('GET /my/accounts')).status).toBe(200);
      await api.hub.pool.query(end, [String(ann.id)]);
      await eventually(async () => (await ann.call('GET /my/accounts')).status === 401, 'the end of the session', SOON);
    }
  });
});

describe('a memory', () => {
  const counting = (memory: Memory) => {
    let loads = 0;
    const fact = memory.remember({ tables: ['currency'], load: async (key: number) => `${key}: ${++loads}` });
    return { fact, loads: () => loads };
  };

  it('remembers while it listens, and nothing while it does not', async () => {
    const memory = new Memory(api.hub.settings.databaseUrl, () => undefined);
    const { fact, loads } = counting(memory);
    await fact.get(1);
    await fact.get(1);
    expect(loads()).toBe(2);
    await memory.listen();
    expect([await fact.get(1), await fact.get(1)]).toEqual(['1: 3', '1: 3']);
    const { rows } = await api.hub.pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and query = 'listen changed' order by backend_start desc limit 1`,
    );
    await api.hub.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await eventually(async () => (await fact.get(1)) !== '1: 3', 'the memory to be off', SOON);
    await eventually(async () => (await fact.get(1)) === (await fact.get(1)), 'the memory to listen again');
    const now = await fact.get(1);
    await api.hub.pool.query(`update currency set name = name where numeric_code = 840`);
    await eventually(async () => (await fact.get(1)) !== now, 'the change to be heard', SOON);
    await memory.close();
  });

  it('does not keep what changed while it was read', async () => {
    const memory = new Memory(api.hub.settings.databaseUrl, () => undefined);
    await memory.listen();
    let value = 'old';
    let read!: () => void;
    const reading = new Promise<void>((done) => (read = done));
    const fact = memory.remember({
      tables: ['currency'],
      load: async () => {
        const seen = value;
        if (seen === 'old') await reading;
        return seen;
      },
    });
    const asked = fact.get('one');
    value = 'new';
    await api.hub.pool.query(`update currency set name = name where numeric_code = 840`);
    const soonNew = () => Promise.race([fact.get('one'), new Promise<string>((done) => setTimeout(done, 50, 'old'))]);
    await eventually(async () => (await soonNew()) === 'new', 'the change to be heard', SOON);
    read();
    expect(await asked).toBe('old');
    expect(await fact.get('one')).toBe('new');
    await memory.close();
  });
});
