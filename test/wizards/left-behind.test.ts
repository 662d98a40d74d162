/** Where a run is stands in the run; the books follow it. Here whoever was to write them died: whatever is asked next finds the run where it is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noteWhereabouts } from '../../activities/wizards/bring-step.ts';
import { canonical } from '../../api/kit/json-body.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { insertInput, loadRun, noteReached, noteUnanswered } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { MoneyApi } from '../api/money-hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { eventually } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { anEmail, Device, PASSWORD, startWizardApi } from './devices.ts';

const ring = new KeyRing(CONFIG_KEYS);
let api: MoneyApi;
let wizard: string;
beforeAll(async () => {
  api = await startWizardApi();
  wizard = await threeForms();
});
afterAll(() => api?.stop());

/** A registration of forms only: none of its steps begins with an effect. */
const threeForms = async (): Promise<string> => {
  const form = (name: string, stage: string, fields: [string, string, string[]][]) => ({
    name,
    kind: 'form',
    settings: { stage, fields: fields.map(([field, type, rules]) => ({ name: field, type, rules })) },
  });
  const steps = [
    form('main', 'basic_register_form', [
      ['email', 'input', ['required']],
      ['password', 'passwordButton', ['required']],
    ]),
    form('hobby', 'additional_info', [['hobby', 'input', ['required']]]),
    form('pet', 'phone_form', [['pet', 'input', ['required']]]),
    { name: 'client', kind: 'create-client', settings: {} },
  ];
  const operator = await api.operator();
  const made = await operator.call('POST /wizards', { type: 'registration', name: 'Three forms', steps });
  expect([made.status, made.body]).toEqual([201, expect.anything()]);
  return made.body.uuid as string;
};

const device = () => new Device(api);
const send = (from: Device, uuid: string, body: object) => from.call('POST /my/signup', { uuid, ...body });
const told = ({ status, body }: { status: number; body: any }) =>
  status === 200 ? body.workflow : [status, body.error.details[0].reason, body.error.workflow];

/** A run that waits at `hobby`. */
const atHobby = async (from: Device): Promise<{ uuid: string; email: string }> => {
  const email = anEmail();
  const { uuid } = await from.step('POST /my/signup/wizard', { wizard });
  const main = { email, password: PASSWORD, device_fingerprint: from.fingerprint };
  expect(told(await send(from, uuid, main))).toBe('additional_info');
  await notedAt(uuid, 'hobby');
  return { uuid, email };
};

const idOf = async (uuid: string) =>
  (await api.hub.one<{ id: number }>(`select id from wizard_run where uuid = $1`, [uuid])).id;
const noted = async (uuid: string) => loadRun(api.hub.pool, await idOf(uuid));
/** The run once the books show it at this step: its client may be answered a moment before. */
const notedAt = async (uuid: string, step: string) =>
  eventually(async () => {
    const run = await noted(uuid);
    return run.step === step ? run : null;
  }, `the run to be noted at ${step}`);

/** Takes `hobby`, of which nothing but its input is left: as when the API dies after the run took it. */
const takenUnnoted = async (from: Device, uuid: string): Promise<{ before: number[]; after: number[] }> => {
  const before = await noted(uuid);
  expect(told(await send(from, uuid, { hobby: 'chess' }))).toBe('phone_form');
  const after = await notedAt(uuid, 'pet');
  await api.hub.pool.query(`update wizard_run set step = $2, position = $3, inputs = $4 where id = $1`, [
    before.id,
    before.step,
    before.position,
    before.inputs,
  ]);
  return { before: before.inputs, after: after.inputs };
};

/** Something that was sent for a step, and never reached its run. */
const kept = async (uuid: string, step: string, said = 'chess') =>
  insertInput(api.hub.pool, ring, {
    runId: await idOf(uuid),
    step,
    mark: Buffer.from(`${uuid} ${said}`),
    keep: { [`extra:${step}`]: { [step]: said }, facts: {} },
  });

/** Sends something to a process of the API that knows nothing of the run. */
const elsewhere = async (uuid: string, body: object) => {
  const other = await api.another(await api.clientWith('0', 'USDT'));
  return other.call('POST /my/signup', { uuid, ...body }).finally(() => other.stop());
};

/** As if a minute had passed since everything was sent. */
const aMinuteLater = async (uuid: string) =>
  api.hub.pool.query(
    `update wizard_input set create_time = create_time - interval '1 minute' where run_id = (select id from wizard_run where uuid = $1)`,
    [uuid],
  );
let sweeps = 0;
const sweep = () => api.hub.client.workflow.execute('sweep', { workflowId: `sweep-${++sweeps}`, taskQueue: 'hub' });

const isRegistered = async (email: string) =>
  (await api.hub.pool.query(`select from client where email = $1`, [email])).rowCount === 1;

describe('a step that the run took and nobody noted', () => {
  it('has the same answer when it is sent again, and is noted then', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    const { after } = await takenUnnoted(phone, uuid);
    expect(told(await send(phone, uuid, { hobby: 'chess' }))).toBe('phone_form');
    expect(await notedAt(uuid, 'pet')).toMatchObject({ inputs: after });
    expect((await send(phone, uuid, { pet: 'cat' })).body).toMatchObject({ code: 202, done: true });
    expect(await isRegistered(email)).toBe(true);
  });

  it('is not taken twice: another answer to it hears where the run is, and goes on from there', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    const { after } = await takenUnnoted(phone, uuid);
    expect(told(await send(phone, uuid, { hobby: 'go' }))).toEqual([409, 'wrong_step', 'phone_form']);
    expect(await noted(uuid)).toMatchObject({ step: 'pet', inputs: after });
    expect((await send(phone, uuid, { pet: 'cat' })).body).toMatchObject({ code: 202, done: true });
    const { extra } = await api.hub.one<{ extra: object }>(`select extra from client where email = $1`, [email]);
    expect(extra).toMatchObject({ hobby: 'chess' });
  });

  it('is known to be done by the next step, which is judged by the form that its client was shown', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    await takenUnnoted(phone, uuid);
    const { status, body } = await elsewhere(uuid, { pet: '' });
    expect([status, body.error.details[0].field]).toEqual([400, 'pet']);
    expect((await elsewhere(uuid, { pet: 'cat' })).body).toMatchObject({ code: 202, done: true });
    const { extra } = await api.hub.one<{ extra: object }>(`select extra from client where email = $1`, [email]);
    expect(extra).toMatchObject({ hobby: 'chess', pet: 'cat' });
  });

  it('is known to be done by the same process too, which noted it', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await takenUnnoted(phone, uuid);
    expect((await send(phone, uuid, { pet: 'cat' })).body).toMatchObject({ code: 202, done: true });
  });

  it('is known to be done by an operator', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await takenUnnoted(phone, uuid);
    const operator = await api.operator();
    expect((await operator.call(`POST /wizards/runs/${await idOf(uuid)}/resend`)).status).toBe(409);
    expect(await noted(uuid)).toMatchObject({ step: 'pet' });
  });

  it('is noted by the sweep when nobody comes again', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const { after } = await takenUnnoted(phone, uuid);
    await sweep();
    expect(await noted(uuid)).toMatchObject({ step: 'hobby' });
    await aMinuteLater(uuid);
    await sweep();
    expect(await noted(uuid)).toMatchObject({ state: 'open', step: 'pet', inputs: after });
  });
});

describe('a step that was kept and never reached its run', () => {
  it('is brought there by the sweep', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const input = await kept(uuid, 'hobby');
    await aMinuteLater(uuid);
    await sweep();
    const { step, inputs } = await noted(uuid);
    expect([step, inputs.at(-1)]).toEqual(['pet', input]);
    expect((await send(phone, uuid, { pet: 'cat' })).body).toMatchObject({ code: 202 });
  });

  it('is dropped when its run was ended by force, which keeps nothing else from being brought', async () => {
    const phone = device();
    const [ended, other] = [await atHobby(phone), await atHobby(phone)];
    const inputs = [await kept(ended.uuid, 'hobby'), await kept(other.uuid, 'hobby')];
    await api.hub.handle(`wizard:${ended.uuid}`).terminate('by hand');
    await aMinuteLater(ended.uuid);
    await aMinuteLater(other.uuid);
    await sweep();
    expect(await noted(other.uuid)).toMatchObject({ step: 'pet' });
    const left = await api.hub.pool.query(`select id from wizard_input where id = any($1)`, [inputs]);
    expect(left.rows).toEqual([{ id: inputs[1] }]);
  });

  it('is dropped when the run does not wait for it any more, and the run stays where it is', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const input = await kept(uuid, 'main');
    await aMinuteLater(uuid);
    await sweep();
    expect(await noted(uuid)).toMatchObject({ step: 'hobby' });
    expect((await api.hub.pool.query(`select from wizard_input where id = $1`, [input])).rowCount).toBe(0);
  });
});

describe('a step that was kept twice, because the second corrects the first', () => {
  const late = (uuid: string, step: string, input: number) =>
    api.hub.steering.submitStep(uuid, { step, input, facts: {} });

  it('reaches its run as it was sent last', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await kept(uuid, 'hobby', 'chess');
    await aMinuteLater(uuid);
    const last = await kept(uuid, 'hobby', 'go');
    await aMinuteLater(uuid);
    await sweep();
    expect(await noted(uuid)).toMatchObject({ step: 'pet', inputs: [expect.any(Number), last] });
  });

  it('reaches it so also when nobody could be asked, as it came, where the run is', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const first = await kept(uuid, 'hobby', 'chess');
    await aMinuteLater(uuid);
    const hasty = await api.impatient(await api.clientWith('0', 'USDT'));
    await api.hub.pause();
    expect((await hasty.call('POST /my/signup', { uuid, hobby: 'go' })).status).toBe(503);
    await hasty.stop();
    await api.hub.resume();
    await aMinuteLater(uuid);
    await sweep();
    const { step, inputs } = await noted(uuid);
    expect([step, inputs.length]).toEqual(['pet', 2]);
    expect(inputs).not.toContain(first);
  });

  it('reaches it as it was first, when that is sent once more', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const hasty = await api.impatient(await api.clientWith('0', 'USDT'));
    await api.hub.pause();
    for (const hobby of ['chess', 'go', 'chess'])
      expect((await hasty.call('POST /my/signup', { uuid, hobby })).status).toBe(503);
    await hasty.stop();
    await api.hub.resume();
    const { rows } = await api.hub.pool.query<{ state: string }>(
      `select state from wizard_input where run_id = $1 and step = 'hobby' order by id`,
      [await idOf(uuid)],
    );
    expect(rows.map(({ state }) => state)).toEqual(['unanswered', 'superseded']);
  });

  it('does nothing by the first, which comes to the run late: it is over, and its client starts again', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    await send(phone, uuid, { hobby: 'chess' });
    const first = await kept(uuid, 'pet', 'dog');
    await aMinuteLater(uuid);
    await kept(uuid, 'pet', 'cat');
    await expect(late(uuid, 'pet', first)).rejects.toMatchObject({ reason: 'wrong_step' });
    expect(await isRegistered(email)).toBe(false);
    expect(told(await send(phone, uuid, { pet: 'cat' }))).toEqual([404, 'wizard_not_found', undefined]);
    expect(await noted(uuid)).toMatchObject({ state: 'failed' });
  });

  it('stands as the run took it where nothing was done for it yet: whoever corrects it hears where the run is', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    const first = await kept(uuid, 'hobby', 'chess');
    await aMinuteLater(uuid);
    await kept(uuid, 'hobby', 'go');
    await late(uuid, 'hobby', first);
    expect(told(await send(phone, uuid, { hobby: 'darts' }))).toEqual([409, 'wrong_step', 'phone_form']);
    expect((await send(phone, uuid, { pet: 'cat' })).body).toMatchObject({ code: 202, done: true });
    const { extra } = await api.hub.one<{ extra: object }>(`select extra from client where email = $1`, [email]);
    expect(extra).toMatchObject({ hobby: 'chess' });
  });
});

describe('a kept step that cannot be opened', () => {
  it('keeps no other from its run', async () => {
    const phone = device();
    const [broken, other] = [await atHobby(phone), await atHobby(phone)];
    for (const { uuid } of [broken, other]) {
      await takenUnnoted(phone, uuid);
      const { inputs } = await noted(uuid);
      expect(inputs).toHaveLength(1);
      await aMinuteLater(uuid);
    }
    await api.hub.pool.query(`update wizard_input set sealed = '\\x00' where run_id = $1 and step = 'hobby'`, [
      await idOf(broken.uuid),
    ]);
    await sweep();
    expect(await noted(other.uuid)).toMatchObject({ step: 'pet' });
    expect(await noted(broken.uuid)).toMatchObject({ step: 'hobby' });
  });

  it('does not keep an operator from ending its run', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await takenUnnoted(phone, uuid);
    await api.hub.pool.query(`update wizard_input set sealed = '\\x00' where run_id = $1 and step = 'hobby'`, [
      await idOf(uuid),
    ]);
    const operator = await api.operator();
    expect((await operator.call(`POST /wizards/runs/${await idOf(uuid)}/cancel`)).status).toBe(204);
    expect(await noted(uuid)).toMatchObject({ state: 'cancelled' });
  });
});

describe('a step that is sent again while a twin of it, which the run did not take, is dropped', () => {
  it('is sent anew', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const [mark] = ring.marks(canonical({ hobby: 'chess' }), 'wizard-input');
    const twin = await insertInput(api.hub.pool, ring, { runId: await idOf(uuid), step: 'hobby', mark, keep: {} });
    await noteUnanswered(api.hub.pool, twin);
    const again = await meanwhile(
      api.hub.pool,
      (db) => db.query(`delete from wizard_input where id = $1`, [twin]),
      () => elsewhere(uuid, { hobby: 'chess' }),
    );
    expect(told(again)).toBe('phone_form');
  });
});

describe('where a run is', () => {
  it('is no step that asks nothing: it is about to leave that by itself', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await send(phone, uuid, { hobby: 'chess' });
    const run = await notedAt(uuid, 'pet');
    const inputs = [...run.inputs, await kept(uuid, 'pet', 'cat')];
    const { pool } = api.hub;
    const whereIsWizard = () => Promise.resolve({ step: 'client', over: null, inputs });
    const steer = { whereIsWizard, submitStep: () => Promise.reject(new Error('nothing is sent')) };
    expect(await noteWhereabouts({ pool, ring, steer }, run)).toEqual(run);
  });

  it('is noted forward only: who comes late changes nothing', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const late = await noted(uuid);
    await send(phone, uuid, { hobby: 'chess' });
    const present = await notedAt(uuid, 'pet');
    await noteReached(api.hub.pool, late, 1_800);
    expect(await noted(uuid)).toEqual(present);
  });

  it('can be stopped after somebody asked in Temporal UI to cancel it, which only an operator here can', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await api.hub.handle(`wizard:${uuid}`).cancel();
    await api.hub.rests(`wizard:${uuid}`);
    expect(await api.hub.shown(`wizard:${uuid}`)).toContain(
      'Cancellation was asked for in Temporal UI, which stops nothing here: cancel it in the Back Office',
    );
    expect(told(await send(phone, uuid, { hobby: 'chess' }))).toBe('phone_form');
    expect(await api.hub.steering.stopWizard(uuid, 'user:1', 'cancelled')).toMatchObject({ over: 'cancelled' });
  });

  it('is not noted again once it is over', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    const open = await noted(uuid);
    await api.hub.steering.stopWizard(uuid, 'user:1', 'cancelled');
    await noteReached(api.hub.pool, { ...open, position: open.position + 1, step: 'pet' }, 1_800);
    expect(await noted(uuid)).toMatchObject({ state: 'cancelled', step: 'hobby' });
    expect(told(await send(phone, uuid, { hobby: 'chess' }))).toEqual([404, 'wizard_not_found', undefined]);
  });

  it('is believed only with its inputs: a step made up in Temporal leads nowhere', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    await api.hub.steering.submitStep(uuid, { step: 'hobby', input: 2_000_000_000, facts: {} });
    expect(told(await send(phone, uuid, { hobby: 'chess' }))).toEqual([404, 'wizard_not_found', undefined]);
    await api.hub.steering
      .submitStep(uuid, { step: 'pet', input: 2_000_000_001, facts: {} })
      .catch((error: unknown) => expect(error).toBeInstanceOf(HubFailure));
    expect(await isRegistered(email)).toBe(false);
  });
});

describe('two devices at a step that begins with nothing', () => {
  it('send it at the same moment: one wins, the other is told where the run is', async () => {
    const [one, other] = [device(), device()];
    const { uuid } = await atHobby(one);
    const answers = await Promise.all([send(one, uuid, { hobby: 'chess' }), send(other, uuid, { hobby: 'go' })]);
    expect(answers.map(told)).toEqual(expect.arrayContaining(['phone_form', [409, 'wrong_step', 'phone_form']]));
    expect(await notedAt(uuid, 'pet')).toMatchObject({ inputs: [expect.any(Number), expect.any(Number)] });
  });

  it('send the very same: both have the answer, and it counts once', async () => {
    const [one, other] = [device(), device()];
    const { uuid } = await atHobby(one);
    const answers = await Promise.all([one, other].map((from) => send(from, uuid, { hobby: 'chess' })));
    expect(answers.map(told)).toEqual(['phone_form', 'phone_form']);
    expect((await notedAt(uuid, 'pet')).inputs).toHaveLength(2);
  });
});

describe('a run that goes on over another process of the API, and comes back', () => {
  it('is judged by the form it is at, not by the one it was answered with there', async () => {
    const phone = device();
    const { uuid, email } = await atHobby(phone);
    await elsewhere(uuid, { hobby: 'chess' });
    expect((await send(phone, uuid, { pet: 'cat' })).body).toMatchObject({ code: 202, done: true });
    const { extra } = await api.hub.one<{ extra: object }>(`select extra from client where email = $1`, [email]);
    expect(extra).toMatchObject({ hobby: 'chess', pet: 'cat' });
  });

  it('hears what is wrong with that form', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await elsewhere(uuid, { hobby: 'chess' });
    const { status, body } = await send(phone, uuid, { pet: '' });
    expect([status, body.error.details[0].field]).toEqual([400, 'pet']);
  });

  it('goes nowhere when it was ended there', async () => {
    const phone = device();
    const { uuid } = await atHobby(phone);
    await api.hub.steering.stopWizard(uuid, 'user:1', 'cancelled');
    expect(told(await send(phone, uuid, { hobby: 'chess' }))).toEqual([404, 'wizard_not_found', undefined]);
    expect((await api.hub.pool.query(`select from wizard_input where run_id = $1`, [await idOf(uuid)])).rowCount).toBe(
      1,
    );
  });
});
