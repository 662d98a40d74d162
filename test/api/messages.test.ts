/** The queue and log of messages, and what providers tell of them. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Recipient, queueMessage, startMessages } from '../../activities/messaging/queue-message.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { inTransaction } from '../../db/pool.ts';
import { eventually } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;

beforeAll(async () => {
  api = await MoneyApi.start({ sendFor: 1_000 }, ['sendgrid', 'twilio']);
  olga = await api.operator();
});
afterAll(() => api?.stop());
afterEach(async () => {
  for (const id of ['sendgrid', 'twilio']) {
    await api.hub.sandbox(id).callbacksSettled();
    api.hub.sandbox(id).reset();
  }
  await api.hub.pool.query(`update connection set enabled = true`);
});

const PASSWORD = 'aB3!aB3!aB3!';
const PARAMETERS: Record<string, Record<string, string>> = {
  registerConfirm: { code: '493027' },
  TradingPassword: { account: '2100000001', platform: 'MT5 Live', password: PASSWORD },
};
const queue = async (to: Recipient, template = 'registerDone', start = true): Promise<number> => {
  const parameters = { firstName: 'Ann', ...PARAMETERS[template] };
  const order = { to, template, parameters, key: randomUUID() };
  const [id] = await inTransaction(api.hub.pool, (db) => queueMessage(db, new KeyRing(CONFIG_KEYS), order));
  if (start) await startMessages(api.hub.steering, [id!]);
  return id!;
};
const MAIL = { email: 'ann@client.example' };
const SMS = { phone: '+15005550010' };
const get = async (id: number) => (await olga.call(`GET /messages/${id}`)).body;
const becomes = (id: number, state: string) =>
  eventually(async () => (await get(id)).state === state, `message ${id} to be ${state}`);

describe('the queue', () => {
  it('shows what was sent to whom, with its attempts, and by state', async () => {
    const id = await queue(MAIL);
    await becomes(id, 'accepted');
    expect(await get(id)).toMatchObject({
      recipient: 'ann@client.example',
      subject: 'Welcome',
      text: expect.stringContaining('Hello Ann'),
      attemptLog: [{ number: 1, state: 'success' }],
    });
    const listed = (await olga.call('GET /messages?filter[state]=accepted,delivered,sent&filter[channel]=email')).body;
    expect(listed.data.map((one: any) => one.id)).toContain(id);
  });

  it('shows neither codes, nor anything to those who must not see personal data', async () => {
    const id = await queue(SMS, 'registerConfirm');
    await eventually(async () => (await get(id)).attempts === 1, 'the attempt');
    expect(await get(id)).toMatchObject({ recipient: SMS.phone, text: null });
    await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [olga.id]);
    const masked = await eventually(async () => {
      const view = await get(id);
      return view.recipient === '*' && view;
    }, 'the mask');
    expect(JSON.stringify([masked, (await olga.call('GET /messages')).body])).not.toContain(SMS.phone);
    await api.hub.pool.query(`update hub_user set mask_data = false where id = $1`, [olga.id]);
    await eventually(async () => (await get(id)).recipient !== '*', 'no mask');
  });

  it('shows no password, neither in texts nor in subjects, whatever operators make of its type', async () => {
    const { pool } = api.hub;
    await pool.query(`update message_type set lifetime_seconds = null where name = 'TradingPassword'`);
    await pool.query(
      `update message_template m set subject = '{{ password }}' from message_type t where t.id = m.type_id and t.name = 'TradingPassword'`,
    );
    const id = await queue(MAIL, 'TradingPassword');
    await becomes(id, 'accepted');
    const shown = await get(id);
    expect(shown).toMatchObject({ recipient: MAIL.email, subject: null, text: null, html: null, expiresAt: null });
    const list = (await olga.call('GET /messages?filter[type]=TradingPassword')).body;
    expect(list.total).toBe(1);
    expect(JSON.stringify([shown, list])).not.toContain(PASSWORD);
  });

  it('cancels what waits, tries again what was given up, and refuses both where it makes no sense', async () => {
    await api.hub.pool.query(`update connection set enabled = false where name in ('sendgrid', 'twilio')`);
    const waiting = await queue(MAIL, 'registerDone', false);
    expect((await olga.call(`POST /messages/${waiting}/retry`)).status).toBe(409);
    expect((await olga.call(`DELETE /messages/${waiting}`)).status).toBe(204);
    expect((await olga.call(`DELETE /messages/${waiting}`)).status).toBe(409);
    const failed = await queue(MAIL);
    await becomes(failed, 'failed');
    // Else the retry would find the run that is just ending, and wait for the sweep.
    await api.hub.ends(`message:${failed}`);
    await api.hub.pool.query(`update connection set enabled = true`);
    expect((await olga.call(`POST /messages/${failed}/retry`)).status).toBe(200);
    await becomes(failed, 'accepted');
    expect((await olga.call('GET /messages/999999')).status).toBe(404);
    const reader = await api.operator(['messages.read']);
    expect((await reader.call(`DELETE /messages/${failed}`)).status).toBe(403);
  });
});

describe('what a provider tells of a message', () => {
  const sentMail = async () => {
    const id = await queue(MAIL);
    await becomes(id, 'accepted');
    return { id, providerId: (await get(id)).providerId as string };
  };

  it('is noted: delivered, or failed with its reason', async () => {
    const { id, providerId } = await sentMail();
    await api.hub.sandbox('sendgrid').advance(providerId, 'deliver');
    await becomes(id, 'delivered');
    const sms = await queue(SMS, 'registerConfirm');
    await eventually(async () => (await get(sms)).providerId, 'the id');
    await api.hub.sandbox('twilio').advance((await get(sms)).providerId, 'fail');
    await becomes(sms, 'failed');
    expect((await get(sms)).reason).toContain('30003');
  });

  it('may come twice and in any order: what was delivered stays delivered', async () => {
    const { id, providerId } = await sentMail();
    api.hub.sandbox('sendgrid').setCallbacks('reorder');
    await api.hub.sandbox('sendgrid').advanceClock('1s'); // processed
    await api.hub.sandbox('sendgrid').advance(providerId, 'deliver');
    api.hub.sandbox('sendgrid').setCallbacks('normal');
    await becomes(id, 'delivered');
    await api.hub.sandbox('sendgrid').callbacksSettled();
    api.hub.sandbox('sendgrid').setCallbacks('duplicate');
    await api.hub.sandbox('sendgrid').advance(providerId, 'deliver');
    await api.hub.sandbox('sendgrid').callbacksSettled();
    expect((await get(id)).state).toBe('delivered');
  });

  it('counts for nothing when it is forged', async () => {
    const { id, providerId } = await sentMail();
    const count = () => api.hub.one<{ n: number }>(`select count(*)::int as n from webhook where status = 'rejected'`);
    const before = (await count()).n;
    api.hub.sandbox('sendgrid').setCallbacks('bad_signature');
    await api.hub.sandbox('sendgrid').advance(providerId, 'fail');
    await eventually(async () => (await count()).n > before, 'the forged callback');
    expect((await get(id)).state).toBe('accepted');
  });
});
