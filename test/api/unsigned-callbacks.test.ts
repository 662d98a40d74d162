import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { deliverWebhooks } from '../../activities/webhooks/deliver-webhooks.ts';
import { TIMINGS } from '../../domain/timings.ts';
import { loadWebhooks } from '../../db/repositories/webhooks.ts';
import { lendTools } from '../../worker/tools.ts';
import { eventually } from '../kit/hub.ts';
import { MoneyApi } from './money-hub.ts';

const HOUR = 3_600_000;

let api: MoneyApi;
let connection: number;

beforeAll(async () => {
  // Nobody asks by himself: what moves, moves because of a callback.
  api = await MoneyApi.start({ polls: [HOUR], unsignedWakes: TIMINGS.unsignedWakes });
  ({ connection } = await api.hub.methodId('usdt-invoice'));
});
afterAll(() => api?.stop());

/** Anybody can write one: B2BINPAY signs no callback that names no transfer. */
interface Unsigned {
  id: string;
  status?: string;
  trackingId?: string;
  time?: string;
}

const post = async ({ id, status = '2', trackingId, time = 'x' }: Unsigned): Promise<number> => {
  const attributes = { status, ...(trackingId !== undefined && { tracking_id: trackingId }) };
  const body = JSON.stringify({ data: { type: 'deposit', id, attributes }, meta: { time } });
  return (await fetch(`${api.url}/webhooks/${connection}`, { method: 'POST', body })).status;
};

interface Row {
  id: string;
  status: string;
  reason: string | null;
  workflow_id: string | null;
}
const since = async (id: string): Promise<Row[]> =>
  (await api.hub.pool.query<Row>('select * from webhook where id > $1 order by id', [id])).rows;
const newest = async (): Promise<string> =>
  (await api.hub.one<{ id: string }>('select coalesce(max(id), 0) as id from webhook')).id;

/** A client's invoice, waiting to be paid. */
const opened = async () => {
  const client = await api.hub.clientWith('0', 'USDT');
  const deposit = await client.deposit('40');
  await api.hub.reaches(deposit, 'awaiting_payer');
  await api.hub.rests(`deposit:${deposit}`);
  return { client, deposit, theirs: await api.hub.providerId(deposit) };
};

/** The provider is paid, and says nothing. */
const paidInSilence = async (theirs: string): Promise<void> => {
  const sandbox = api.hub.sandbox('b2binpay');
  sandbox.setCallbacks('drop');
  await sandbox.pay(theirs, {});
  await sandbox.callbacksSettled();
  sandbox.setCallbacks('normal');
};

let sweeps = 0;
const sweep = () => api.hub.client.workflow.execute('sweep', { workflowId: `sweep-${++sweeps}`, taskQueue: 'hub' });

describe('an unsigned callback that no database can look up', () => {
  it('is parked, and those that came with it are delivered', async () => {
    const before = await newest();
    const { deposit, theirs } = await opened();
    await paidInSilence(theirs);
    await Promise.all([post({ id: '1', trackingId: 'K\u0000' }), post({ id: theirs })]);
    await api.hub.reaches(deposit, 'done');
    const settled = await eventually(async () => {
      const rows = await since(before);
      return rows.every(({ status }) => status !== 'received') ? rows : null;
    }, 'both to be settled');
    const [bad, good] = settled.toSorted((a, b) => b.status.localeCompare(a.status));
    expect(bad).toMatchObject({ status: 'parked', reason: expect.stringContaining('cannot be read') });
    expect(good).toMatchObject({ status: 'delivered', workflow_id: `deposit:${deposit}` });
  });

  it('holds up nothing of the sweep, which goes on to the end', async () => {
    await api.hub.pause();
    const { rows } = await api.hub.pool.query<{ id: string }>(
      `insert into webhook (connection_id, headers, body, status, dedupe_key, next_attempt)
       select $1, '{}', $2, 'received', n::text, now() - interval '1 day' from generate_series(1, 2) n returning id`,
      [
        connection,
        Buffer.from(
          `{"data":{"type":"deposit","id":"1","attributes":{"status":"2","tracking_id":"K\\u0000"}},"meta":{"time":"x"}}`,
        ),
      ],
    );
    await api.hub.resume();
    await sweep();
    const now = await loadWebhooks(
      api.hub.pool,
      rows.map(({ id }) => id),
    );
    expect(now).toMatchObject([
      { status: 'parked', attempts: 1 },
      { status: 'parked', attempts: 1 },
    ]);
  });

  it('is not taken up by the sweep with more of its kind than fit in memory', async () => {
    const before = await newest();
    await api.hub.pool.query(
      `insert into webhook (connection_id, headers, body, status, next_attempt)
       select $1, '{}', convert_to(repeat(' ', 1024 * 1024), 'utf8'), 'received', now() - interval '1 day' from generate_series(1, 20)`,
      [connection],
    );
    const left = async () => (await since(before)).filter(({ status }) => status === 'received').length;
    await sweep();
    expect(await left()).toBe(4);
    await sweep();
    expect(await left()).toBe(0);
    await api.hub.pool.query(`delete from webhook where id > $1`, [before]);
  });

  it('is refused at once when it has no name it could be kept under', async () => {
    const before = await newest();
    expect(await post({ id: '1\u0000' })).toBe(401);
    expect(await post({ id: '1', status: randomBytes(200_000).toString('base64') })).toBe(401);
    expect(await since(before)).toMatchObject([
      { status: 'rejected', reason: 'malformed' },
      { status: 'rejected', reason: 'malformed' },
    ]);
  });
});

describe('a callback that cannot be looked up for another reason', () => {
  it('fails alone: those that are delivered with it go on', async () => {
    const { deposit, theirs } = await opened();
    await paidInSilence(theirs);
    const { rows } = await api.hub.pool.query<{ id: string }>(
      `insert into webhook (connection_id, headers, body, status) select $1, '{}', convert_to(body, 'utf8'), 'received' from unnest($2::text[]) body returning id`,
      [connection, ['bad', theirs]],
    );
    const ids = rows.map(({ id }) => id);
    const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
    // An adapter of somebody else's, with a fault of its own.
    const translate = (_config: unknown, { body }: { body: Buffer }) => {
      const about = body.toString();
      return [{ kind: about === 'bad' ? 'a\u0000b' : 'deposit', providerId: about, said: 'look' }];
    };
    const faulty = (id: string) => ({ ...tools.provider(id), adapter: { webhook: { translate } } }) as never;
    const deliveries = await deliverWebhooks(await loadWebhooks(api.hub.pool, ids), {
      ...tools,
      provider: faulty,
      run: { workflowId: '', runId: '' },
      signal: AbortSignal.timeout(30_000),
    });
    expect(ids.map((id) => deliveries.get(id))).toMatchObject([{ error: { code: '22021' } }, { status: 'delivered' }]);
    await api.hub.reaches(deposit, 'done');
  });
});

describe('unsigned callbacks about one deposit', () => {
  /** Bytes of each. What comes while the run is at work shows a moment later. */
  const signalsOf = async (deposit: number): Promise<number[]> =>
    ((await api.hub.handle(`deposit:${deposit}`).fetchHistory()).events ?? []).flatMap(
      ({ workflowExecutionSignaledEventAttributes: signal }) =>
        signal ? [(signal.input?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0)] : [],
    );
  const untilSettled = async (before: string): Promise<Row[]> =>
    eventually(async () => {
      const rows = await since(before);
      return rows.every(({ status }) => status !== 'received') ? rows : null;
    }, 'all to be settled');

  it('tell its run little, however much they say', async () => {
    const before = await newest();
    const { deposit, theirs } = await opened();
    expect(await post({ id: theirs, status: 'paid '.repeat(90) })).toBe(200);
    await untilSettled(before);
    const signals = await eventually(async () => {
      const seen = await signalsOf(deposit);
      return seen.length > 0 ? seen : null;
    }, 'the news');
    expect(signals).toHaveLength(1);
    expect(signals[0]).toBeLessThan(1_000);
  });

  it('wake its run a few times, however many they are, and what they tell of is seen', async () => {
    const before = await newest();
    const { client, deposit, theirs } = await opened();
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 10 }, (_, i) => post({ id: theirs, time: `${round}:${i}` })));
      await untilSettled(before);
    }
    await api.hub.rests(`deposit:${deposit}`);
    await paidInSilence(theirs);
    await post({ id: theirs, time: 'paid' });
    const rows = await untilSettled(before);
    expect(rows).toHaveLength(101);
    expect(rows.at(-1)).toMatchObject({ status: 'parked', reason: expect.stringContaining('unsigned') });
    expect(await api.hub.stage(deposit)).toBe('awaiting_payer');

    // A minute later.
    await api.hub.pool.query(`update unsigned_wake set last_time = last_time - interval '61 seconds'`);
    await api.hub.pool.query(`update webhook set next_attempt = now() where status = 'parked' and id > $1`, [before]);
    await sweep();
    await api.hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '40', held: '0' });
    expect(new Set((await since(before)).map(({ status }) => status))).toEqual(new Set(['delivered']));
    expect((await signalsOf(deposit)).length).toBeLessThan(6);
  });

  it('wake it ever more rarely, and those from before the last time not at all', async () => {
    const before = await newest();
    const { deposit, theirs } = await opened();
    const another = async (pause: string): Promise<string> => {
      await api.hub.pool.query(`update unsigned_wake set last_time = last_time - $1::interval`, [pause]);
      await post({ id: theirs, time: randomBytes(4).toString('hex') });
      return (await untilSettled(before)).at(-1)!.status;
    };
    expect(await another('0')).toBe('delivered');
    expect(await another('1 minute')).toBe('delivered');
    expect(await another('1 minute')).toBe('parked');
    expect(await another('3 minutes')).toBe('delivered');
    await api.hub.pool.query(`update webhook set next_attempt = now() where status = 'parked' and id > $1`, [before]);
    await sweep();
    expect(new Set((await since(before)).map(({ status }) => status))).toEqual(new Set(['delivered']));
    await api.hub.rests(`deposit:${deposit}`);
    await paidInSilence(theirs);
    await another('16 minutes');
    await api.hub.reaches(deposit, 'done');
    expect(await signalsOf(deposit)).toHaveLength(4);
  });

  it('reach it at once when an operator vouches for one', async () => {
    const before = await newest();
    const { deposit, theirs } = await opened();
    await post({ id: theirs, time: '1' });
    await untilSettled(before);
    await api.hub.rests(`deposit:${deposit}`);
    await paidInSilence(theirs);
    await post({ id: theirs, time: '2' });
    const [, second] = await untilSettled(before);
    expect(second).toMatchObject({ status: 'parked' });
    const olga = await api.operator();
    expect((await olga.call(`POST /webhooks/${second!.id}/replay`)).body).toMatchObject({ status: 'delivered' });
    await api.hub.reaches(deposit, 'done');
  });
});

describe('signed callbacks that are delivered together', () => {
  it('are one piece of news to the run they are about', async () => {
    const { deposit, theirs } = await opened();
    const { rows } = await api.hub.pool.query<{ id: string }>(
      `insert into webhook (connection_id, headers, body, status)
       select $1, '{}', convert_to(format('{"data":{"type":"deposit","id":"%s","attributes":{"status":"%s"}},"meta":{}}', $2::text, n), 'utf8'), 'received'
         from generate_series(1, 20) n returning id`,
      [connection, theirs],
    );
    const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
    const callbacks = await loadWebhooks(
      api.hub.pool,
      rows.map(({ id }) => id),
    );
    const during = { run: { workflowId: '', runId: '' }, signal: AbortSignal.timeout(30_000) };
    const deliveries = await deliverWebhooks(callbacks, { ...tools, ...during });
    expect(new Set([...deliveries.values()].map((one) => 'status' in one && one.status))).toEqual(
      new Set(['delivered']),
    );
    const signals = await eventually(async () => {
      const { events } = await api.hub.handle(`deposit:${deposit}`).fetchHistory();
      const seen = events!.filter((one) => one.workflowExecutionSignaledEventAttributes);
      return seen.length > 0 ? seen : null;
    }, 'the news');
    expect(signals).toHaveLength(1);
  });
});
