import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createSecretKey } from 'node:crypto';
import { z } from 'zod';
import { HubFailure } from '../../domain/failures.ts';
import { problem } from '../../api/kit/errors.ts';
import { type Once, withKey } from '../../api/kit/idempotency.ts';
import { procedure } from '../../api/kit/procedure.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };
let ran: string[] = [];
let answerWith: (call: { key: string | undefined; n: number }) => Promise<{ n: number }>;

const work = procedure('POST /work', {
  summary: 'Work',
  tags: ['Test'],
  access: 'user',
  permission: 'work.create',
  body: z.strictObject({ a: z.int().optional(), b: z.int().optional() }),
  answer: z.object({ n: z.int() }),
  status: 201,
  idempotent: true,
  handle: ({ key }) => answerWith({ key, n: ran.push(key ?? 'none') }),
});

beforeAll(async () => {
  api = await startTestApi({ additions: { procedures: () => [work] } });
  admin = await api.operator();
});
beforeEach(() => {
  ran = [];
  answerWith = ({ n }) => Promise.resolve({ n });
});
afterAll(() => api.stop());

const key = (value: string) => ({ 'idempotency-key': value });
const post = (body: unknown, value: string, who: Caller = admin) => who.call('POST /api/v2/work', body, key(value));
const kept = (value: string) => api.sql('select status from idempotency where key = $1', [value]);

describe('an Idempotency-Key', () => {
  it('replays the first outcome, whatever the order of fields', async () => {
    const first = await post({ a: 1, b: 2 }, 'k1');
    expect(first).toMatchObject({ status: 201, body: { n: 1 } });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const again = await post('{"b": 2, "a": 1}', 'k1');
    expect(again).toMatchObject({ status: 201, body: { n: 1 } });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(ran).toEqual([`user:${admin.id}:k1`]);
  });

  it('with another body is refused', async () => {
    await post({ a: 1 }, 'k2');
    expect(await post({ a: 2 }, 'k2')).toMatchObject({
      status: 409,
      body: { error: { code: 0, details: [{ reason: 'idempotency_key_reused', field: 'Idempotency-Key' }] } },
    });
    expect((await admin.call('POST /api/v2/tags', { name: 'k2' }, key('k2'))).status).toBe(409);
    expect(ran).toHaveLength(1);
  });

  it('of another person is another key', async () => {
    const other = await api.operator();
    await post({ a: 1 }, 'k3');
    expect((await post({ a: 2 }, 'k3', other)).body).toEqual({ n: 2 });
  });

  it('keeps a business no', async () => {
    answerWith = () =>
      Promise.reject(new HubFailure('Rejected', 'insufficient_funds', 'Insufficient funds.', { field: 'amount' }));
    const no = await post({}, 'k4');
    expect(no).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'insufficient_funds', field: 'amount' }] } },
    });
    answerWith = ({ n }) => Promise.resolve({ n });
    expect(await post({}, 'k4')).toMatchObject({ status: 400, body: no.body });
    expect(ran).toHaveLength(1);
  });

  it('keeps nothing of validation errors, refusals of access and faults of ours', async () => {
    expect((await post({ a: 'x' }, 'k5')).status).toBe(400);
    const nobody = await api.operator([]);
    expect((await post({}, 'k5', nobody)).status).toBe(403);
    expect(await kept('k5')).toEqual([]);
    answerWith = () => Promise.reject(new Error('a fault'));
    const fault = await post({ a: 1 }, 'k5');
    expect(fault).toMatchObject({ status: 500, body: { error: { code: 500, details: [{ reason: 'internal' }] } } });
    expect(JSON.stringify(fault.body)).not.toContain('a fault');
    answerWith = ({ n }) => Promise.resolve({ n });
    expect((await post({ a: 2 }, 'k5')).status).toBe(409); // something may have happened for { a: 1 }
    expect((await post({ a: 1 }, 'k5')).body).toEqual({ n: 2 });
  });

  it('lets twins run at once, and answers all of them the same', async () => {
    let release = () => {};
    const gate = new Promise<void>((open) => (release = open));
    answerWith = async ({ n }) => {
      if (n === 5) release();
      await gate;
      return { n };
    };
    const answers = await Promise.all(Array.from({ length: 5 }, () => post({ a: 1 }, 'k6')));
    expect(new Set(answers.map((one) => one.body.n)).size).toBe(1);
    expect(answers.every((one) => one.status === 201)).toBe(true);
    expect(answers.filter((one) => one.headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(new Set(ran)).toEqual(new Set([`user:${admin.id}:k6`]));
  });

  it('makes one row of twenty creations at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => admin.call('POST /api/v2/resolutions/types', { name: 'Twenty' }, key('k7'))),
    );
    expect(new Set(answers.map((one) => `${one.status} ${one.body.id}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(201);
    const clients = await Promise.all(
      Array.from({ length: 20 }, () =>
        admin.call('POST /api/v2/clients', { email: 'one@example.com', firstName: 'O', lastName: 'Ne' }, key('k8')),
      ),
    );
    expect(new Set(clients.map((one) => `${one.status} ${one.body.clientId}`)).size).toBe(1);
    expect(await api.sql(`select count(*)::int as n from audit where action = 'clients.create'`)).toEqual([{ n: 1 }]);
  });

  it.each(['', '\u00e4', 'x'.repeat(256)])('that is malformed is refused', async (wrong) => {
    const response = await admin.call('POST /api/v2/work', {}, key(wrong));
    expect(response).toMatchObject({ status: 400, body: { error: { details: [{ field: 'Idempotency-Key' }] } } });
  });

  it('is not needed', async () => {
    expect((await admin.call('POST /api/v2/work', {})).status).toBe(201);
    expect(ran).toEqual(['none']);
  });
});

describe('a request that was confirmed by a code and failed then', () => {
  const secret = createSecretKey(Buffer.alloc(32));
  let asked = 0;
  beforeEach(() => void (asked = 0));
  const right = () => {
    asked++;
    return Promise.resolve(true);
  };
  const refuse = (): Promise<boolean> => {
    asked++;
    return Promise.reject(problem(403, 'invalid_code', 'The code is incorrect.'));
  };
  const request = (value: string, body: unknown, work: (once: Once) => Promise<unknown>) =>
    withKey(
      {
        ...{ db: api.deps.pool, secret, requestId: 'r' },
        ...{ actor: { kind: 'user', id: admin.id } as never, key: value, route: 'POST /work', body },
      },
      async (once) => ({ status: 201, body: await work(once), isProvisional: false }),
    );
  const failing = (value: string, take: () => Promise<boolean>, body: unknown = 1) =>
    expect(
      request(value, body, async (once) => {
        await once.confirm(take);
        throw new Error('a fault');
      }),
    ).rejects.toThrow();
  const done = (value: string, take: () => Promise<boolean>, body: unknown = 1) =>
    request(value, body, (once) => once.confirm(take));

  it('is not asked for another one, neither is what has its outcome', async () => {
    await failing('c1', right);
    await done('c1', refuse);
    await done('c1', refuse);
    expect(asked).toBe(1);
  });

  it('is asked for one where none was taken: the key alone confirms nothing', async () => {
    await failing('c2', () => Promise.resolve(false));
    await expect(done('c2', refuse)).rejects.toThrow('incorrect');
    await failing('c3', () => Promise.reject(new Error('a fault')));
    await expect(done('c3', refuse)).rejects.toThrow('incorrect');
  });

  it('stays so though a twin that came before it is refused after it', async () => {
    await failing('c4', async () => {
      await failing('c4', right);
      return refuse();
    });
    await done('c4', refuse);
    expect(asked).toBe(2);
  });

  it('stays so though a twin is refused, and frees the key, while its code is taken', async () => {
    await failing('c5', async () => {
      await failing('c5', refuse);
      return right();
    });
    await done('c5', refuse);
    expect(asked).toBe(2);
  });

  it('confirms no other one that got the key meanwhile', async () => {
    const confirmedLate = done('c6', async () => {
      await failing('c6', refuse);
      await failing('c6', () => Promise.resolve(false), 'another');
      return right();
    });
    await expect(confirmedLate).rejects.toThrow('used for another request');
    await expect(done('c6', refuse, 'another')).rejects.toThrow('incorrect');
  });

  it('answers for itself alone, also where another one got the key meanwhile', async () => {
    let ran = '';
    const first = request('c7', 'first', async () => {
      await expect(request('c7', 'first', () => Promise.reject(problem(403, 'forbidden', 'No.')))).rejects.toThrow();
      const second = request('c7', 'second', () => Promise.resolve((ran = 'second')));
      expect(await second).toEqual({ status: 201, body: 'second', replayed: false });
      return 'first';
    });
    await expect(first).rejects.toThrow('used for another request');
    expect(ran).toBe('second');
    expect((await request('c7', 'second', () => Promise.resolve('again'))).body).toBe('second');
  });
});
