/** Messages from their promise to a provider, over the sandboxes of smtp, sendgrid and twilio. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type MessageOrder,
  outdateMessages,
  queueMessage,
  startMessages,
} from '../../activities/messaging/queue-message.ts';
import { startWaiting } from '../../activities/ops/start-waiting.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { inTransaction } from '../../db/pool.ts';
import { savePhone } from '../../db/repositories/client-phones.ts';
import { sealSettings } from '../../db/repositories/connections.ts';
import { noteDelivery } from '../../db/repositories/messages.ts';
import { resealAll } from '../../db/repositories/sealed.ts';
import { QUICK_TIMINGS } from '../../domain/timings.ts';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { randomKeys } from '../kit/api-client.ts';
import { eventually, TestHub } from '../kit/hub.ts';
import { lateWait } from '../kit/late-wait.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { CONFIG_KEYS, PAYLOAD_KEYS } from '../kit/keys.ts';
import { Steering } from '../../worker/steering.ts';

let hub: TestHub;
const ring = new KeyRing(CONFIG_KEYS);
const connection: Record<string, number> = {};

beforeAll(async () => {
  hub = await TestHub.start({ sendFor: 6_000, settleAfter: 3_000 }, ['smtp', 'sendgrid', 'twilio']);
  for (const [name, channel, priority] of [
    ['sendgrid', 'email', 1],
    ['smtp', 'email', 2],
    ['twilio', 'sms', 1],
  ] as const) {
    connection[name] = (await hub.one<{ id: number }>(`select id from connection where name = $1`, [name])).id;
    await hub.pool.query(
      `insert into message_route (channel, connection_id, priority) values ($1, $2, $3) on conflict (channel, connection_id) do update set priority = $3`,
      [channel, connection[name], priority],
    );
  }
  // Its own port is known only now.
  const listening = hub.sandbox('smtp').vendor.defaultConfig(hub.sandboxes.origin);
  await hub.pool.query(`update connection set config = $2 where id = $1`, [
    connection['smtp'],
    sealSettings(ring, listening),
  ]);
});
afterAll(() => hub?.stop());
afterEach(async () => {
  for (const id of ['sendgrid', 'smtp', 'twilio']) hub.sandbox(id).reset();
  await hub.pool.query(
    `update connection_health set state = 'closed', failures_in_row = 0, trials = 0, paused_until = null`,
  );
  await hub.pool.query(`update connection set enabled = true`);
});

const promise = (order: Omit<MessageOrder, 'key'> & { key?: string }): Promise<number[]> =>
  inTransaction(hub.pool, (db) => queueMessage(db, ring, { key: randomUUID(), ...order }));
const queue = async (order: Omit<MessageOrder, 'key'> & { key?: string }): Promise<number> => {
  const ids = await promise(order);
  await startMessages(hub.steering, ids);
  return ids[0]!;
};
const row = (id: number) =>
  hub.one<{ state: string; reason: string | null; attempts: number; reference: string; connection_id: number }>(
    `select state, reason, attempts, reference, connection_id from message where id = $1`,
    [id],
  );
const becomes = (id: number, ...states: string[]) =>
  eventually(async () => states.includes((await row(id)).state), `message ${id} to be ${states.join(' or ')}`).catch(
    async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await row(id))}`);
    },
  );
const attempts = async (id: number) =>
  (
    await hub.pool.query(
      `select c.name, a.state from message_attempt a join connection c on c.id = a.connection_id where message_id = $1 order by number`,
      [id],
    )
  ).rows.map(({ name, state }) => `${name} ${state}`);
const sentBy = (provider: string) => hub.sandbox(provider).vendor.things!();
const mail = (email = 'ann@client.example', more: Partial<MessageOrder> = {}) => ({
  to: { email },
  template: 'RequestRejected',
  parameters: { firstName: '<Ann>', amount: '5', currency: 'USD', transactionId: '1', reason: 'No' },
  ...more,
});
const code = (phone: string) => ({ to: { phone }, template: 'registerConfirm', parameters: { code: '493027' } });
/** Waits there: nobody takes it up while the connection is paused. */
const inQueueOfPausedTwilio = async (): Promise<number> => {
  await hub.pauseConnection(connection['twilio']!);
  const id = await queue(code('+15005550017'));
  const handle = hub.handle(`message:${id}`);
  await eventually(async () => ((await handle.describe()).raw.pendingActivities ?? []).length > 0, 'the order to wait');
  return id;
};
const goOn = (name: string) =>
  hub.pool.query(`update connection_health set state = 'closed', paused_until = null where connection_id = $1`, [
    connection[name],
  ]);
const SEND = { method: 'POST', path: '/v3/mail/send' };
const SMS = { method: 'POST', path: '/2010-04-01/' };

describe('a message', () => {
  it('is promised once for one key, sent by the first connection of its channel, and escaped in HTML', async () => {
    const key = randomUUID();
    const [id] = await Promise.all([queue({ ...mail(), key }), queue({ ...mail(), key })]);
    await becomes(id, 'accepted');
    expect(await promise({ ...mail(), key })).toEqual([]);
    expect(sentBy('sendgrid')).toEqual([
      expect.objectContaining({ html: expect.stringContaining('&lt;Ann&gt;'), text: expect.stringContaining('<Ann>') }),
    ]);
    expect(sentBy('smtp')).toEqual([]);
    expect(await attempts(id)).toEqual(['sendgrid success']);
  });

  it('goes on every channel of a client that has a template, in the language nearest to his', async () => {
    const { clientId } = await hub.clientWith('0', 'USD');
    await hub.pool.query(`update client set locale = 'de_DE' where client_id = $1`, [clientId]);
    await savePhone(hub.pool, clientId, { number: '+15005550010' });
    const ids = await promise({ to: { clientId }, template: 'registerConfirm', parameters: { code: '1' } });
    await startMessages(hub.steering, ids);
    expect(ids).toHaveLength(2);
    for (const id of ids) await becomes(id, 'accepted');
    expect([sentBy('sendgrid').length, sentBy('twilio').length]).toEqual([1, 1]);
  });

  it('whose run somebody terminated while it waited is sent after all', async () => {
    const id = await inQueueOfPausedTwilio();
    await hub.handle(`message:${id}`).terminate('by mistake');
    await goOn('twilio');
    await eventually(async () => {
      await startWaiting(undefined, { pool: hub.pool, steer: hub.steering } as never);
      return (await row(id)).state === 'accepted';
    }, 'it to be sent');
    expect(sentBy('twilio')).toHaveLength(1);
  });

  it('whose run somebody terminated while it was being sent is not sent twice: it is unknown, and shows why', async () => {
    hub.sandbox('twilio').fault({ match: SMS, kind: 'timeout_after_commit', times: 1 });
    // However late it is terminated: nobody has found it by then.
    hub.sandbox('twilio').fault({ match: { method: 'GET', path: '/2010-04-01/' }, kind: 'http_500', times: 1_000 });
    const id = await queue(code('+15005550018'));
    await becomes(id, 'sending');
    await eventually(() => Promise.resolve(sentBy('twilio').length === 1), 'the provider to have it');
    await hub.handle(`message:${id}`).terminate('by mistake');
    await eventually(async () => {
      await startWaiting(undefined, { pool: hub.pool, steer: hub.steering } as never);
      return (await row(id)).state === 'unknown';
    }, 'it to be left to a person');
    expect((await row(id)).reason).toContain('ended from outside');
    expect(sentBy('twilio')).toHaveLength(1);
  });

  it('whose starter died is started by the sweep', async () => {
    const [id] = await promise(mail());
    await hub.pool.query(`update message set create_time = now() - interval '1 minute' where id = $1`, [id]);
    await startWaiting(undefined, { pool: hub.pool, steer: hub.steering } as never);
    await becomes(id!, 'accepted');
  });

  it('that was rolled back with its transaction is never sent', async () => {
    const failing = inTransaction(hub.pool, async (db) => {
      await queueMessage(db, ring, { ...mail(), key: 'rolled-back' });
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    const { rows } = await hub.pool.query(`select from message where key like 'rolled-back%'`);
    expect(rows).toEqual([]);
  });

  it('is sent by the next connection when the first surely did not', async () => {
    hub.sandbox('sendgrid').fault({ match: SEND, kind: 'http_429', times: 50 });
    const id = await queue(mail());
    await becomes(id, 'accepted');
    expect(await attempts(id)).toEqual(['sendgrid fail', 'smtp success']);
    expect([sentBy('sendgrid').length, sentBy('smtp').length]).toEqual([0, 1]);
  });

  it('waits while no connection can send it, and is sent once one can', async () => {
    await hub.pool.query(`update connection set enabled = false where name in ('sendgrid', 'smtp')`);
    const id = await queue(mail());
    await eventually(async () => (await row(id)).reason, 'a reason');
    expect(await row(id)).toMatchObject({ state: 'queued', reason: 'No connection could send it.' });
    await hub.pool.query(`update connection set enabled = true`);
    await becomes(id, 'accepted');
  });

  it('is given up with its reason when nobody can send it for too long', async () => {
    await hub.pool.query(`update connection set enabled = false where name in ('sendgrid', 'smtp')`);
    const id = await queue(mail());
    await becomes(id, 'failed');
    expect((await row(id)).reason).toContain('Given up');
  });

  it('that its provider refuses is failed at once, without saying to whom it went', async () => {
    await hub.pool.query(`update connection set enabled = false where name = 'sendgrid'`);
    const id = await queue(mail('perm@client.example'));
    await becomes(id, 'failed');
    expect((await row(id)).reason).toMatch(/550|refused/);
    expect((await row(id)).reason).not.toContain('perm@');
  });

  it('is worthless after its lifetime', async () => {
    await hub.pool.query(`update connection set enabled = false where name = 'twilio'`);
    await hub.pool.query(`update message_type set lifetime_seconds = 1 where name = 'registerConfirm'`);
    const id = await queue(code('+15005550011'));
    await becomes(id, 'expired');
    await hub.pool.query(`update message_type set lifetime_seconds = 600 where name = 'registerConfirm'`);
    expect(sentBy('twilio')).toEqual([]);
  });

  it('that outlives its lifetime in the queue of its connection is expired, not failed', async () => {
    const id = await inQueueOfPausedTwilio();
    await hub.pool.query(`update message set expires_at = now() where id = $1`, [id]);
    await goOn('twilio');
    expect(await hub.handle(`message:${id}`).result()).toEqual({ state: 'expired' });
    expect((await row(id)).reason).toBe('It was not sent within its lifetime.');
    expect(sentBy('twilio')).toEqual([]);
  });

  it('that is cancelled in the queue of its connection stays cancelled', async () => {
    const id = await inQueueOfPausedTwilio();
    await hub.pool.query(`update message set state = 'cancelled' where id = $1`, [id]);
    await goOn('twilio');
    expect(await hub.handle(`message:${id}`).result()).toEqual({ state: 'cancelled' });
    expect(sentBy('twilio')).toEqual([]);
  });

  it('that was cancelled before it was sent is not sent', async () => {
    await hub.pool.query(`update connection set enabled = false where name in ('sendgrid', 'smtp')`);
    const id = await queue(mail());
    await hub.pool.query(`update message set state = 'cancelled' where id = $1`, [id]);
    await hub.pool.query(`update connection set enabled = true`);
    expect(await hub.handle(`message:${id}`).result()).toEqual({ state: 'cancelled' });
    expect(sentBy('sendgrid')).toEqual([]);
  });

  it('opens with a new key after the keys were rotated', async () => {
    const [id] = await promise(mail());
    const another = randomKeys().replace('k1', 'k9');
    const rotated = new KeyRing(`${another},${CONFIG_KEYS}`);
    const before = await hub.one<{ sealed: Buffer }>(`select sealed from message where id = $1`, [id]);
    expect((await resealAll(hub.pool, rotated)).unreadable).toEqual([]);
    const after = await hub.one<{ sealed: Buffer }>(`select sealed from message where id = $1`, [id]);
    expect(after.sealed.equals(before.sealed)).toBe(false);
    expect(rotated.open(after.sealed, 'message').equals(ring.open(before.sealed, 'message'))).toBe(true);
    // Back, for the worker of this test.
    await resealAll(hub.pool, new KeyRing(`${CONFIG_KEYS},${another}`));
    await hub.pool.query(`update message set state = 'cancelled' where id = $1`, [id]);
  });
});

describe('in the queue of a connection', () => {
  it('what expires goes before what does not', async () => {
    const priorityOf = async (id: number) => {
      await becomes(id, 'accepted');
      const { events } = await hub.handle(`message:${id}`).fetchHistory();
      return (events ?? []).flatMap(
        ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.priority?.priorityKey ?? [],
      );
    };
    expect(await priorityOf(await queue(code('+15005550018')))).toEqual([1]);
    expect(await priorityOf(await queue(mail()))).toEqual([4]);
  });
});

describe('after a lost answer', () => {
  it('a provider that can be asked is asked, and sends nothing twice', async () => {
    hub.sandbox('twilio').fault({ match: SMS, kind: 'reset_after_commit', times: 1 });
    const id = await queue(code('+15005550012'));
    await becomes(id, 'accepted', 'sent');
    expect(sentBy('twilio')).toHaveLength(1);
    expect(await attempts(id)).toEqual(['twilio success']);
  });

  it('it is sent again when two looks say that it never arrived', async () => {
    hub.sandbox('twilio').fault({ match: SMS, kind: 'reset', times: 1 });
    const id = await queue(code('+15005550013'));
    await becomes(id, 'accepted');
    expect(sentBy('twilio')).toHaveLength(1);
    expect(await attempts(id)).toEqual(['twilio unknown', 'twilio success']);
  });

  it('it is not sent again once another one says it anew', async () => {
    hub.sandbox('twilio').fault({ match: SMS, kind: 'reset', times: 1 });
    const key = randomUUID();
    const id = await queue({ ...code('+15005550021'), key });
    await becomes(id, 'sending');
    await eventually(async () => (await row(id)).reason !== null, 'its answer to be lost');
    await outdateMessages(hub.pool, key);
    expect(await hub.handle(`message:${id}`).result()).toEqual({ state: 'unknown' });
    expect(sentBy('twilio')).toEqual([]);
  });

  const unanswering = () => {
    hub.sandbox('twilio').fault({ match: SMS, kind: 'reset', times: 1 });
    hub.sandbox('twilio').fault({ match: { method: 'GET', path: '/2010-04-01/' }, kind: 'http_500', times: 1_000 });
  };

  it('a provider that cannot be asked is asked ever more rarely, and the message is sent once it never arrived', async () => {
    unanswering();
    const ids = await promise(code('+15005550020'));
    await startMessages(new Steering(hub.client, PAYLOAD_KEYS, { ...hub.timings, sendFor: 120_000 }), ids);
    // Not again and again as soon as after a miss.
    expect(await lateWait(hub, `message:${ids[0]}`)).toBe(QUICK_TIMINGS.probes!.at(-1));
    hub.sandbox('twilio').faults.clear();
    await becomes(ids[0]!, 'accepted');
    expect(sentBy('twilio')).toHaveLength(1);
  });

  it('a message whose provider can never be asked is left to a person in the end', async () => {
    unanswering();
    const id = await queue(code('+15005550016'));
    await becomes(id, 'unknown');
    expect((await row(id)).reason).toContain('could not be asked');
    expect(sentBy('twilio')).toEqual([]);
  });

  it('a callback tells where the provider cannot be asked, and nothing is sent twice', async () => {
    hub.sandbox('sendgrid').fault({ match: SEND, kind: 'reset_after_commit', times: 1 });
    const id = await queue(mail());
    await becomes(id, 'sending');
    await eventually(async () => sentBy('sendgrid').length === 1, 'the mail');
    const { reference } = await row(id);
    const news = { reference, providerId: 'x', state: 'delivered', providerStatus: 'delivered' } as const;
    await noteDelivery(hub.pool, { connectionId: connection['sendgrid']!, ...news });
    expect(await hub.handle(`message:${id}`).result()).toEqual({ state: 'delivered' });
    expect([sentBy('sendgrid').length, sentBy('smtp').length]).toEqual([1, 0]);
  });

  it('where nobody can tell it is sent once more by the same connection, under the same id, and then left to a person', async () => {
    hub.sandbox('sendgrid').fault({ match: SEND, kind: 'reset_after_commit', times: 9 });
    const id = await queue(mail());
    await becomes(id, 'unknown');
    expect(await attempts(id)).toEqual(['sendgrid unknown', 'sendgrid unknown']);
    expect([sentBy('sendgrid').length, sentBy('smtp').length]).toEqual([2, 0]);
  });

  const inDoubt = async (): Promise<number> => {
    hub.sandbox('sendgrid').fault({ match: SEND, kind: 'reset_after_commit', times: 1 });
    hub.sandbox('sendgrid').fault({ match: SEND, kind: 'http_429', times: 1_000 });
    const id = await queue(mail());
    await eventually(async () => (await attempts(id))[0] === 'sendgrid unknown', 'the lost answer');
    return id;
  };

  it('and whose repeat cannot be sent there is sent by another connection: rather twice than never', async () => {
    const id = await inDoubt();
    await becomes(id, 'accepted');
    expect(await attempts(id)).toEqual(['sendgrid unknown', 'sendgrid fail', 'smtp success']);
    expect([sentBy('sendgrid').length, sentBy('smtp').length]).toEqual([1, 1]);
  });

  it('the repeat that nobody could send does not make it unsent: a person is left to look', async () => {
    await hub.pool.query(`update connection set enabled = false where name = 'smtp'`);
    const id = await inDoubt();
    await eventually(async () => (await attempts(id))[1] === 'sendgrid fail', 'the repeat');
    expect((await row(id)).state).toBe('sending');
    await becomes(id, 'unknown');
    expect(new Set(await attempts(id))).toEqual(new Set(['sendgrid unknown', 'sendgrid fail']));
    await hub.pool.query(`update connection set enabled = true where name = 'smtp'`);
  });

  it('the repeat that is refused does not make it failed', async () => {
    hub.sandbox('sendgrid').fault({ match: SEND, kind: 'reset_after_commit', times: 1 });
    const id = await queue(mail('no address'));
    await becomes(id, 'unknown');
    expect(await attempts(id)).toEqual(['sendgrid unknown', 'sendgrid fail']);
    expect(sentBy('smtp')).toEqual([]);
  });
});

describe('a message that another connection has begun to send', () => {
  it('is not failed by the first one', async () => {
    const id = await queue(mail());
    await becomes(id, 'accepted');
    // A run that is not over yet would find it to be sent once more.
    await hub.ends(`message:${id}`);
    await hub.pool.query(`update message set state = 'sending' where id = $1`, [id]);
    const { reference } = await row(id);
    const news = { reference, state: 'failed', providerStatus: 'bounced' } as const;
    await meanwhile(
      hub.pool,
      (db) => db.query(`update message set connection_id = $2 where id = $1`, [id, connection['smtp']]),
      () => noteDelivery(hub.pool, { connectionId: connection['sendgrid']!, ...news }),
    );
    expect((await row(id)).state).toBe('sending');
    await hub.pool.query(`update message set state = 'cancelled' where id = $1`, [id]);
  });
});

describe('one recipient', () => {
  it('gets no more SMS than the limit allows, whatever asks for them at once', async () => {
    await hub.pool.query(`update message_limit set most = 2 where channel = 'sms'`);
    const ids = (await Promise.all(Array.from({ length: 5 }, () => promise(code('+15005550014'))))).flat();
    expect(ids).toHaveLength(2);
    const { rows } = await hub.pool.query(`select reason from message where state = 'failed' and channel = 'sms'`);
    expect(rows.filter(({ reason }) => reason === 'limit_exceeded')).toHaveLength(3);
    expect(await promise(code('+15005550015'))).toHaveLength(1);
    await hub.pool.query(`update message_limit set most = 20 where channel = 'sms'`);
  });

  it('gets the codes of procedures beyond it, which have limits of their own, and everything else as if there had been none', async () => {
    await hub.pool.query(`update message_limit set most = 2 where channel = 'sms'`);
    const to = '+15005550019';
    const ofProcedure = (n: number) => promise({ ...code(to), key: `wizard:0:code:${n}` });
    for (let n = 0; n < 3; n++) expect(await ofProcedure(n)).toHaveLength(1);
    for (let n = 0; n < 2; n++) expect(await promise(code(to))).toHaveLength(1);
    expect(await promise(code(to))).toEqual([]);
    expect(await ofProcedure(3)).toHaveLength(1);
    await hub.pool.query(`update message_limit set most = 20 where channel = 'sms'`);
  });
});

describe('whom a message goes to and what it says', () => {
  it('stand nowhere in clear: not in histories, search attributes or tables', async () => {
    const canary = 'canary7f3';
    const id = await queue(
      mail(`${canary}@client.example`, {
        parameters: { firstName: canary, amount: '5', currency: 'USD', transactionId: '1', reason: canary },
      }),
    );
    await becomes(id, 'accepted');
    const handle = hub.handle(`message:${id}`);
    await handle.result();
    const told = [
      historyToJSON(await handle.fetchHistory()),
      JSON.stringify((await handle.describe()).searchAttributes),
      JSON.stringify(
        (await hub.pool.query(`select m::text, a::text from message m join message_attempt a on a.message_id = m.id`))
          .rows,
      ),
    ].join('\n');

    expect(told).not.toContain(canary);
    for (const [, data] of told.matchAll(/"data": "([^"]+)"/g))
      expect(Buffer.from(data!, 'base64').toString()).not.toContain(canary);
  });
});
