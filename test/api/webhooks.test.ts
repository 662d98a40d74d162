import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KeyRing } from '../../config/key-ring.ts';
import { gather } from '../../db/gather.ts';
import { CONNECTION_PURPOSE } from '../../db/repositories/connections.ts';
import { createDeliveries } from '../../api/webhooks/deliveries.ts';
import { createLog } from '../../api/kit/log.ts';
import { lendTools } from '../../worker/tools.ts';
import {
  type IncomingWebhook,
  loadWebhooks,
  settleWebhooks,
  storeWebhooks,
  type WebhookRow,
} from '../../db/repositories/webhooks.ts';
import { eventually } from '../kit/hub.ts';
import { CONFIG_KEYS, PAYLOAD_KEYS } from '../kit/keys.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

const USDT = 2145;
const HOUR = 3_600_000;

interface Row {
  id: string;
  status: string;
  copies: number;
  reason: string | null;
  workflow_id: string | null;
  headers: Record<string, string>;
  body: Buffer;
}

let api: MoneyApi;
let olga: Caller;
let invoice: number;
let connection: number;

beforeAll(async () => {
  // Nobody asks by himself: what moves, moves because of a callback.
  api = await MoneyApi.start({ polls: [HOUR] });
  olga = await api.operator();
  ({ id: invoice, connection } = await api.hub.methodId('usdt-invoice'));
});
afterAll(() => api.stop());
afterEach(() => sandbox().setCallbacks('normal'));

const sandbox = () => api.hub.sandbox('b2binpay');
const rows = async (since: string): Promise<Row[]> =>
  (await api.hub.pool.query<Row>('select * from webhook where id > $1 order by id', [since])).rows;
const newest = async (): Promise<string> =>
  (await api.hub.one<{ id: string }>('select coalesce(max(id), 0) as id from webhook')).id;

/** A callback that its run was told of: that is noted a moment after the run has heard it. */
const delivered = (transactionId: number): Promise<Row> =>
  eventually(
    async () =>
      (await rows('0')).find((one) => one.status === 'delivered' && one.workflow_id === `deposit:${transactionId}`),
    'the callback to be delivered',
  );

const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${api.url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

/** A client's invoice of 40 USDT, waiting to be paid. */
const opened = async () => {
  const ann = await api.clientWith('0', 'USDT');
  const body = { accountId: ann.wallet, methodId: invoice, currencyCode: USDT, amount: '40' };
  const made = await ann.call('POST /my/deposits/sync', body);
  const transactionId: number = made.body.data.transaction.transactionId;
  await api.hub.rests(`deposit:${transactionId}`);
  const theirs = await api.hub.providerId(transactionId);
  return { ann, transactionId, theirs, balance: async () => (await ann.of.balance()).balance };
};

/** The provider's last message about a paid invoice, never sent. */
const unsent = async (theirs: string): Promise<string> => {
  sandbox().setCallbacks('drop');
  const before = sandbox().callbacks().length;
  await sandbox().pay(theirs, {});
  const written = await eventually(
    () => Promise.resolve(sandbox().callbacks().slice(before).at(-1)),
    'the provider to write a callback',
  );
  sandbox().setCallbacks('normal');
  return written.body;
};

describe('a callback', () => {
  it('is kept, answered, and resumes the run that waits', async () => {
    const { transactionId, theirs, balance } = await opened();
    await sandbox().pay(theirs, {});
    await api.hub.reaches(transactionId, 'done');
    expect(await balance()).toBe('40');
    const kept = await delivered(transactionId);
    expect(kept.copies).toBe(1);
    expect(kept.body.toString()).toContain('"type":"deposit"');
  });

  it('that is forged is kept as rejected, answered 401, and moves nothing', async () => {
    const since = await newest();
    const { transactionId, theirs } = await opened();
    sandbox().setCallbacks('bad_signature');
    await sandbox().pay(theirs, {});
    await sandbox().callbacksSettled();
    expect(sandbox().callbacks().at(-1)!.attempts.at(-1)!.status).toBe(401);
    const kept = await rows(since);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.every(({ status, reason }) => status === 'rejected' && reason === 'bad_signature')).toBe(true);
    expect(await api.hub.stage(transactionId)).toBe('awaiting_payer');
  });

  it('that was sent a week ago is taken: this provider resends by hand', async () => {
    const { transactionId, theirs, balance } = await opened();
    sandbox().setCallbacks('stale');
    await sandbox().pay(theirs, {});
    await api.hub.reaches(transactionId, 'done');
    expect(await balance()).toBe('40');
  });

  it('that comes a hundred times at once is one row, and credited once', async () => {
    const since = await newest();
    const { transactionId, theirs, balance } = await opened();
    const body = await unsent(theirs);
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(`/webhooks/${connection}`, body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await rows(since)).toMatchObject([{ copies: 100 }]);
    await api.hub.reaches(transactionId, 'done');
    expect(await balance()).toBe('40');
  });

  it('may call itself anything: the bytes are what counts', async () => {
    const { transactionId, theirs } = await opened();
    const answer = await post(`/webhooks/${connection}`, await unsent(theirs), { 'content-type': 'text/plain' });
    expect(answer.status).toBe(200);
    await api.hub.reaches(transactionId, 'done');
  });

  it('keeps its headers without what opens doors', async () => {
    const since = await newest();
    await post(`/webhooks/${connection}`, '{}', {
      authorization: 'Bearer secret',
      cookie: 'a=b',
      'x-signature': 'abc',
    });
    const [kept] = await rows(since);
    expect(kept!.headers).toMatchObject({ 'x-signature': 'abc' });
    expect(Object.keys(kept!.headers)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(kept!.headers['cookie']).toBeUndefined();
    expect(kept).toMatchObject({ status: 'rejected', reason: 'malformed' });
  });

  it('for a connection that does not exist is kept and told nothing', async () => {
    const since = await newest();
    const answer = await post('/webhooks/987654', '{"any":"thing"}');
    expect([answer.status, await answer.text()]).toEqual([401, '']);
    expect(await rows(since)).toMatchObject([
      { status: 'rejected', reason: 'unknown_connection', connection_id: 987654 },
    ]);
  });

  it('of five megabytes is refused and not kept; so is another method, and a path that is none', async () => {
    const since = await newest();
    const large = await post(`/webhooks/${connection}`, Buffer.alloc(5 * 1024 * 1024, 0x20));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: { details: [{ reason: 'body_too_large' }] } });
    const got = await fetch(`${api.url}/webhooks/${connection}`);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect((await post('/webhooks/none', '{}')).status).toBe(404);
    expect((await post('/webhooks/99999999999', '{}')).status).toBe(404);
    expect(await rows(since)).toEqual([]);
  });

  it('that comes before the answer to the order finds its payout', async () => {
    await api.hub.approvals('withdrawal', 0);
    try {
      const ann = await api.clientWith('100', 'USDT');
      const creation = { method: 'POST', path: '/payout/', body: '"type":"payout"' };
      sandbox().fault({ match: creation, kind: 'reset_after_commit', times: 1 });
      const methodId = await api.methodId('usdt-payout');
      const data = { address: 'TXYZtestaddress0000000000000000001' };
      const body = { accountId: ann.wallet, methodId, amount: '25', currencyCode: USDT, data };
      const made = await ann.call('POST /my/withdrawals', body);
      expect(made.status).toBe(200);
      await api.hub.reaches(made.body.data.transaction.transactionId, 'done');
      expect(await ann.of.balance()).toEqual({ balance: '75', held: '0' });
    } finally {
      await api.hub.pool.query(`delete from approval_policy where name = 'test withdrawal'`);
    }
  });

  it('that comes after the end changes nothing', async () => {
    const { transactionId, theirs, balance } = await opened();
    const late = await unsent(theirs);
    await api.hub.steering.news({
      workflowId: `deposit:${transactionId}`,
      type: 'deposit',
      transactionId,
      webhookId: '0',
      said: 'look',
    });
    await api.hub.reaches(transactionId, 'done');
    await api.hub.ends(`deposit:${transactionId}`);
    const since = await newest();
    expect((await post(`/webhooks/${connection}`, late)).status).toBe(200);
    await eventually(async () => (await rows(since))[0]?.status === 'ignored', 'the late callback to be ignored');
    expect(await balance()).toBe('40');
    expect(await api.hub.breaches()).toEqual([]);
  });
});

describe('callbacks that come together', () => {
  const incoming = (dedupeKey: string): IncomingWebhook => ({
    connectionId: connection,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(dedupeKey),
    remoteAddress: '127.0.0.1',
    verdict: { ok: true, dedupeKey, trust: 'signed' },
  });
  const rejected = (): IncomingWebhook => ({
    ...incoming('none'),
    verdict: { ok: false, reason: 'bad_signature' },
  });

  it('are kept with one insert, each as if it came alone', async () => {
    const since = await newest();
    const kept = await storeWebhooks(api.hub.pool, [
      incoming('b'),
      rejected(),
      incoming('a'),
      incoming('b'),
      rejected(),
    ]);
    expect(kept).toEqual([
      { id: expect.any(String), fresh: true },
      null,
      { id: expect.any(String), fresh: true },
      { id: kept[0]!.id, fresh: false },
      null,
    ]);
    expect(await storeWebhooks(api.hub.pool, [incoming('b')])).toEqual([{ id: kept[0]!.id, fresh: false }]);
    const stored = (await rows(since)).map(({ body, status, copies }) => `${body.toString()} ${status} ${copies}`);
    expect(stored.sort()).toEqual(['a received 1', 'b received 3', 'none rejected 1', 'none rejected 1']);
  });

  it('are kept byte by byte, under names that are no proper text too', async () => {
    const since = await newest();
    const bodies = [Buffer.from('ü€'), Buffer.alloc(0), Buffer.from([0, 0xff, 0x5c, 0x22])];
    const named = bodies.map((body, i) => ({ ...incoming(`half ${i} \ud83d`), body }));
    expect(await storeWebhooks(api.hub.pool, named)).toEqual(
      bodies.map(() => ({ id: expect.any(String), fresh: true })),
    );
    expect((await rows(since)).map(({ body }) => body)).toEqual(expect.arrayContaining(bodies));
    expect(await storeWebhooks(api.hub.pool, named.slice(0, 1))).toMatchObject([{ fresh: false }]);
  });

  it('do not fall with one that cannot be kept', async () => {
    const keep = gather((many: IncomingWebhook[]) => storeWebhooks(api.hub.pool, many), { most: 10 });
    const outcomes = await Promise.allSettled(['c', 'bad \u0000', 'd'].map((key) => keep(incoming(key))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[2]).toMatchObject({ value: { fresh: true } });
  });
});

describe('what is gathered', () => {
  const turn = () => new Promise(setImmediate);

  it('waits for the lane under way while it is few, and gets a lane of its own as a crowd', async () => {
    const batches: number[][] = [];
    const open = Promise.withResolvers<void>();
    const work = async (many: number[]) => {
      batches.push(many);
      await open.promise;
      return many;
    };
    const give = gather(work, { most: 10, lanes: 2, crowd: 3 });
    const given = [give(1)];
    await turn();
    given.push(give(2), give(3));
    await turn();
    expect(batches).toEqual([[1]]);
    given.push(give(4));
    await turn();
    expect(batches).toEqual([[1], [2, 3, 4]]);
    given.push(give(5));
    open.resolve();
    expect(await Promise.all(given)).toEqual([1, 2, 3, 4, 5]);
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('waits for no lane that is slow, however few it is', async () => {
    const batches: number[][] = [];
    const stuck = Promise.withResolvers<void>();
    const give = gather(
      async (many: number[]) => {
        batches.push(many);
        if (many.includes(1)) await stuck.promise;
        return many;
      },
      { most: 10, lanes: 2, crowd: 3 },
    );
    const first = give(1);
    await turn();
    const later = performance.now() + 1_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => later);
    const others = [give(2)];
    expect(await others[0]).toBe(2);
    others.push(give(3));
    expect(await others[1]).toBe(3);
    clock.mockRestore();
    stuck.resolve();
    expect(await first).toBe(1);
    expect(batches).toEqual([[1], [2], [3]]);
  });
});

describe('a callback that two deliver', () => {
  const stored = async (): Promise<WebhookRow> => {
    const incoming = { connectionId: connection, headers: {}, body: Buffer.from('{}'), remoteAddress: null };
    const [kept] = await storeWebhooks(api.hub.pool, [
      { ...incoming, verdict: { ok: true, dedupeKey: `two:${Math.random()}`, trust: 'signed' } },
    ]);
    return (await loadWebhooks(api.hub.pool, [kept!.id]))[0]!;
  };
  const now = async ({ id }: WebhookRow) => {
    const { status, attempts } = (await loadWebhooks(api.hub.pool, [id]))[0]!;
    return { status, attempts };
  };

  it('is noted by the first: who is late changes nothing', async () => {
    const webhook = await stored();
    await settleWebhooks(api.hub.pool, [{ webhook, as: 'delivered', workflowId: 'deposit:1' }]);
    await settleWebhooks(api.hub.pool, [{ webhook, as: 'parked', reason: 'late' }]);
    expect(await now(webhook)).toEqual({ status: 'delivered', attempts: 1 });
  });

  it('is left to the sweep when it has waited until that takes it', async () => {
    const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
    const deliver = createDeliveries(() => tools, createLog('silent'));
    const [old, fresh] = [await stored(), await stored()];
    deliver(old);
    const clock = jest.spyOn(performance, 'now');
    const late = performance.now() + 6_000;
    clock.mockReturnValue(late);
    deliver(fresh);
    await eventually(async () => (await now(fresh)).attempts === 1, 'the fresh one').finally(() => clock.mockRestore());
    expect(await now(old)).toEqual({ status: 'received', attempts: 0 });
  });

  it('is delivered in a flood too, one lot after the other', async () => {
    const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
    const deliver = createDeliveries(
      () => tools,
      createLog('silent'),
      () => true,
    );
    const [one, other] = [await stored(), await stored()];
    deliver(one);
    await eventually(async () => (await now(one)).attempts === 1, 'the first');
    deliver(other);
    await eventually(async () => (await now(other)).attempts === 1, 'the other');
  });
});

describe('operators', () => {
  it('list callbacks, look into one, and replay it', async () => {
    const { transactionId, theirs } = await opened();
    await sandbox().pay(theirs, {});
    await api.hub.reaches(transactionId, 'done');
    await api.hub.ends(`deposit:${transactionId}`);
    const path = `/webhooks?filter[connectionId]=${connection}&filter[status]=delivered&sort_by=createTime&sort_order=desc&limit=1`;
    const listed = await eventually(async () => {
      const answer = await olga.call(`GET ${path}`);
      return answer.body.data[0]?.workflowId === `deposit:${transactionId}` ? answer : null;
    }, 'the callback in the list');
    expect(listed).toMatchObject({ status: 200, body: { data: [{ connectionId: connection, status: 'delivered' }] } });
    expect(listed.body.data[0]).not.toHaveProperty('body');

    const { id } = listed.body.data[0];
    const one = await olga.call(`GET /webhooks/${id}`);
    expect(JSON.parse(one.body.body)).toMatchObject({ data: { type: 'deposit' } });
    const replayed = await olga.call(`POST /webhooks/${id}/replay`);
    expect(replayed).toMatchObject({ status: 200, body: { id, status: 'ignored' } });
    expect((await olga.call('GET /webhooks/999999')).status).toBe(404);
    expect((await olga.call('POST /webhooks/999999/replay')).status).toBe(404);

    const reader = await api.operator(['connections.read']);
    expect((await reader.call(`GET /webhooks/${id}`)).status).toBe(200);
    expect((await reader.call(`POST /webhooks/${id}/replay`)).status).toBe(403);
    expect((await (await api.operator(['clients.read'])).call('GET /webhooks')).status).toBe(403);
  });

  it('do the same from the command line', async () => {
    const { transactionId, theirs } = await opened();
    await sandbox().pay(theirs, {});
    await api.hub.reaches(transactionId, 'done');
    await api.hub.ends(`deposit:${transactionId}`);
    const { id } = await delivered(transactionId);
    const { databaseUrl, temporalAddress, temporalNamespace } = api.hub.settings;
    const env = {
      ...process.env,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
      PAYLOAD_KEYS,
      CONFIG_KEYS,
    };
    const run = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, ['cli/webhooks.ts', ...args], { env })).stdout;
    expect(await run('list', 'delivered')).toContain(`deposit:${transactionId}`);
    expect(await run('show', id)).toContain('"type":"deposit"');
    expect(await run('replay', id)).toBe(`${id}  ignored\n`);
    await expect(run('replay', 'all')).rejects.toMatchObject({ code: 2 });
  });

  it('replay a rejected one after mending the secret it was judged by', async () => {
    const ring = new KeyRing(CONFIG_KEYS);
    const { config } = await api.hub.one<{ config: Buffer }>('select config from connection where id = $1', [
      connection,
    ]);
    const plain = JSON.parse(ring.open(config, CONNECTION_PURPOSE).toString()) as Record<string, unknown>;
    const save = (values: Record<string, unknown>) =>
      api.hub.pool.query('update connection set config = $2, update_time = now() where id = $1', [
        connection,
        ring.seal(Buffer.from(JSON.stringify(values)), CONNECTION_PURPOSE),
      ]);
    const [one, other] = [await opened(), await opened()];
    const [body, probe] = [await unsent(one.theirs), await unsent(other.theirs)];
    await save({ ...plain, callbackSecret: 'mistyped' });
    // Settings are remembered for a moment.
    const judged = async () => (await post(`/webhooks/${connection}`, probe)).status;
    await eventually(async () => (await judged()) === 401, 'the wrong secret to be used');
    const since = await newest();
    expect((await post(`/webhooks/${connection}`, body)).status).toBe(401);
    const [rejected] = await rows(since);
    expect((await olga.call(`POST /webhooks/${rejected!.id}/replay`)).status).toBe(409);
    await save(plain);
    expect((await olga.call(`POST /webhooks/${rejected!.id}/replay`)).body).toMatchObject({ status: 'delivered' });
    await api.hub.reaches(one.transactionId, 'done');
  });
});

describe('a callback that an operator looks at', () => {
  /** One about something we do not know, rightly signed. */
  const stranger = async (): Promise<string> => {
    const { transactionId, theirs } = await opened();
    const body = await unsent(theirs);
    await api.hub.pool.query(`update money_transaction set reference = 'X' || reference where transaction_id = $1`, [
      transactionId,
    ]);
    const since = await newest();
    // Settings are remembered for a moment.
    await eventually(async () => (await post(`/webhooks/${connection}`, body)).ok, 'the callback to be taken');
    return (await eventually(async () => (await rows(since)).find(({ status }) => status === 'parked'), 'parking')).id;
  };

  it('is parked when it names nothing we know, and can be kept for later or ignored', async () => {
    const id = await stranger();
    const seen = (await olga.call('GET /webhooks?filter[status]=parked')).body.data;
    expect(seen.find((one: any) => String(one.id) === id)).toMatchObject({ reason: 'it names nothing we know' });
    const parked = await olga.call(`POST /webhooks/${id}/park`, { comment: 'asked the provider' });
    expect(parked.body).toMatchObject({
      status: 'parked',
      nextAttempt: null,
      reason: `parked by user:${olga.id}: asked the provider`,
    });
    expect((await olga.call(`POST /webhooks/${id}/ignore`)).body).toMatchObject({
      status: 'ignored',
      nextAttempt: null,
    });
    const reader = await api.operator(['connections.read']);
    expect((await reader.call(`POST /webhooks/${id}/ignore`)).status).toBe(403);
    expect((await olga.call('POST /webhooks/999999/park')).status).toBe(404);
    const { rows: audit } = await api.hub.pool.query(`select action from audit where object = $1 order by id`, [
      `webhook:${id}`,
    ]);
    expect(audit.map(({ action }) => action)).toEqual(['webhooks.park', 'webhooks.ignore']);
  });

  it('is neither once it was delivered or was never proved', async () => {
    const since = await newest();
    await post('/webhooks/999999', 'hello');
    const [unknown] = await rows(since);
    expect(unknown).toMatchObject({ status: 'rejected', reason: 'unknown_connection' });
    expect((await olga.call(`POST /webhooks/${unknown!.id}/ignore`)).status).toBe(409);
  });
});

describe('a callback that was sent before its secret was changed', () => {
  it('is still taken for a day', async () => {
    const { transactionId, theirs } = await opened();
    const body = await unsent(theirs);
    const { settings } = (await olga.call(`GET /connections/${connection}`)).body;
    const secrets = { ...settings, callbackSecret: 'another secret' };
    expect((await olga.call(`PATCH /connections/${connection}`, { settings: secrets })).status).toBe(200);
    // Longer than settings are remembered.
    await new Promise((done) => setTimeout(done, 2_500));
    await eventually(async () => (await post(`/webhooks/${connection}`, body)).ok, 'the callback to be taken');
    await api.hub.reaches(transactionId, 'done');
    await api.hub.pool.query(
      `update connection set config = (select config from connection_settings where connection_id = $1 order by version desc limit 1), update_time = now() where id = $1`,
      [connection],
    );
  });
});

describe('a callback for a connection that is disabled', () => {
  it('is kept and answered as ever, and what was begun is finished by it', async () => {
    const { ann, transactionId, theirs, balance } = await opened();
    await olga.call(`PATCH /connections/${connection}`, { enabled: false });
    const order = { accountId: ann.wallet, methodId: invoice, currencyCode: USDT, amount: '40' };
    const refused = await ann.call('POST /my/deposits/sync', order);
    expect(refused.body.error.details[0]).toMatchObject({ field: 'methodId', reason: 'restricted' });
    await sandbox().pay(theirs, {});
    await api.hub.reaches(transactionId, 'done');
    expect(await balance()).toBe('40');
    await delivered(transactionId);
    await olga.call(`PATCH /connections/${connection}`, { enabled: true });
  });
});
