/** Wizards as operators see them: definitions made of data, and runs of clients who are stuck. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Queryable } from '../../db/pool.ts';
import { noteOpening } from '../../db/repositories/wizards.ts';
import { DEFAULT_WIZARDS } from '../../db/seed/wizards.ts';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { anEmail, codeSentTo, codesSentTo, Device, mainForm, startWizardApi, nextCodeTo } from './devices.ts';
import { setBroker } from './signed-in.ts';

let api: MoneyApi;
let olga: Caller;
beforeAll(async () => {
  api = await startWizardApi();
  olga = await api.operator();
});
afterAll(() => api?.stop());

const defaultOf = (type: string) => DEFAULT_WIZARDS.find((one) => one.type === type);
const registration = defaultOf('registration');
const recovery = defaultOf('passwordRecovery');
const authorization = defaultOf('authorization');
const seeded = async (type: string) => (await olga.call(`GET /wizards?filter[type]=${type}`)).body.data[0];
const countryId = async (code: string) =>
  (await api.hub.one<{ id: number }>(`select country_id as id from country where numeric_code = $1`, [code])).id;
const typeId = async (name: string) =>
  (await api.hub.one<{ id: number }>(`select id from client_type where name = $1`, [name])).id;
const label = (value: string, locale = 'en_US') => ({ key: 'label', locale, value });

describe('a registration of the broker’s own', () => {
  it('made of data only: phone before e-mail, further fields, client type by country', async () => {
    const germany = await countryId('276');
    const main = registration!.steps[0]!;
    const fields = [
      ...(main.settings['fields'] as object[]),
      {
        ...{ name: 'phones', type: 'group', multiple: true, rules: ['required'], texts: [label('Phones')] },
        fields: [
          { name: 'phone', type: 'phone', rules: ['required', 'phone:AUTO', 'distinct'], texts: [label('Phone')] },
        ],
      },
    ];
    const made = await olga.call('POST /wizards', {
      type: 'registration',
      name: 'Companies',
      steps: [
        { ...main, settings: { ...main.settings, fields } },
        { name: 'phone', kind: 'phone-code', settings: { template: 'registerConfirm' } },
        { name: 'email', kind: 'email-code', settings: { template: 'registerConfirm' } },
        {
          name: 'company',
          kind: 'form',
          when: { countryIds: [germany] },
          settings: {
            fields: [
              {
                ...{ name: 'vat', type: 'input', rules: ['required', 'min:5'] },
                texts: [label('VAT number'), label('USt-Id', 'de_DE')],
              },
              { name: 'terms', type: 'boolean', rules: ['accepted'], texts: [label('I accept')] },
            ],
          },
        },
        {
          name: 'client',
          kind: 'create-client',
          settings: { typeByCountry: [{ countryIds: [germany], typeId: await typeId('Corporate') }] },
        },
      ],
    });
    expect(made).toMatchObject({ status: 201, body: { version: 1, default: false, uuid: expect.any(String) } });

    const device = new Device(api);
    const email = anEmail();
    const list = await device.step('POST /my/signup/wizard', {});
    expect(list).toMatchObject({ workflow: 'registration_list', done: true });
    expect(list.data.wizards).toContainEqual({
      id: made.body.id,
      uuid: made.body.uuid,
      name: 'Companies',
      description: '',
      default: false,
    });
    const { uuid } = list;
    const early = await device.call('POST /my/signup', { uuid, ...mainForm(device, email) });
    expect([early.status, early.body.error.workflow]).toEqual([409, 'registration_list']);
    const choose = () => device.step('POST /my/signup', { uuid, wizard_id: made.body.id });
    const [form, same] = await meanwhile(
      api.hub.pool,
      (db) => db.query(`select from wizard_run where uuid = $1 for update`, [uuid]),
      () => Promise.all([choose(), choose()]),
      { many: 2 },
    );
    expect(same).toEqual(form);
    expect(form.workflow).toBe('basic_register_form');
    expect(await choose()).toEqual(form);

    const wrongPhone = await device.call('POST /my/signup', {
      uuid,
      ...mainForm(device, email, { phones: { '0': { phone: '12345' } } }),
    });
    expect(wrongPhone.body.error.details[0].field).toBe('phones.0.phone');
    const phone = '+995555123456';
    const phones = { '0': { phone }, '1': { phone: '+995 555 123 456' } };
    const twice = await device.call('POST /my/signup', { uuid, ...mainForm(device, email, { phones }) });
    expect(twice.body.error.details[0].issue).toMatch(/is there twice/);
    const sms = await device.step('POST /my/signup', {
      uuid,
      ...mainForm(device, email, { phones: { '0': { phone } } }),
    });
    expect(sms).toMatchObject({
      workflow: 'confirm_phone',
      data: { confirmationChannel: 'sms', recipient: '+9955****3456' },
    });
    const mail = await device.step('POST /my/signup', { uuid, code: await codeSentTo(api, phone) });
    expect(mail.workflow).toBe('confirm_email');

    const german = { 'accept-language': 'de' };
    const company = (await device.call('POST /my/signup', { uuid, code: await codeSentTo(api, email) }, german)).body;
    expect(company).toMatchObject({
      workflow: 'additional_info',
      data: { fields: [{ name: 'vat', label: 'USt-Id' }, { name: 'terms' }] },
    });
    const refused = await device.call('POST /my/signup', { uuid, vat: 'DE1', terms: false });
    expect(refused.body.error.details.map((one: any) => one.field)).toEqual(['vat', 'terms']);
    expect((await device.step('POST /my/signup', { uuid, vat: 'DE123456789', terms: true })).code).toBe(202);
    expect(await api.hub.one(`select c.phone, type_id, extra from client c where email = $1`, [email])).toEqual({
      phone,
      type_id: await typeId('Corporate'),
      extra: { vat: 'DE123456789', terms: true },
    });

    // Another country: the company's form is passed by, the type is the usual one.
    const other = anEmail();
    const next = (await device.step('POST /my/signup/wizard', { wizard: made.body.uuid })).uuid;
    await device.step('POST /my/signup', {
      uuid: next,
      ...mainForm(device, other, {
        addresses: { '0': { country_code: 470 } },
        phones: { '0': { phone: '+995555123457' } },
      }),
    });
    await device.step('POST /my/signup', { uuid: next, code: await codeSentTo(api, '+995555123457') });
    expect((await device.step('POST /my/signup', { uuid: next, code: await codeSentTo(api, other) })).code).toBe(202);
    expect(await api.hub.one(`select type_id from client where email = $1`, [other])).toEqual({
      type_id: await typeId('Individual'),
    });

    // Where a number is one client's only, the last step names the field.
    await setBroker(api, 'clients.uniquePhone', true);
    const third = anEmail();
    const { uuid: again } = await device.step('POST /my/signup/wizard', { wizard: made.body.uuid });
    const taken = codesSentTo(api, '+995555123457').length;
    await device.step('POST /my/signup', {
      uuid: again,
      ...mainForm(device, third, {
        addresses: { '0': { country_code: 470 } },
        phones: { '0': { phone: '+995555123457' } },
      }),
    });
    await device.step('POST /my/signup', { uuid: again, code: await nextCodeTo(api, '+995555123457', taken) });
    const late = await device.call('POST /my/signup', { uuid: again, code: await codeSentTo(api, third) });
    await setBroker(api, 'clients.uniquePhone', false);
    expect([late.status, late.body.error.details[0]]).toMatchObject([
      409,
      { field: 'phones.0.phone', reason: 'already_exists' },
    ]);
    expect((await api.hub.pool.query(`select from client where email = $1`, [third])).rowCount).toBe(0);

    expect((await olga.call(`DELETE /wizards/${made.body.id}`)).body.error.details[0].reason).toBe('in_use');
    await olga.call(`PATCH /wizards/${made.body.id}`, { enabled: false });
  });

  it('is opened with what was known then, also for a twin that had to wait', async () => {
    const { uuid } = await new Device(api).step('POST /my/signup/wizard', {});
    const { id } = await api.hub.one<{ id: number }>(
      `update wizard_run set state = 'opening', opening_facts = '{}' where uuid = $1 returning id`,
      [uuid],
    );
    const note = (db: Queryable) => noteOpening(db, id, { captcha: true }, Buffer.from('none'));
    const noted = await meanwhile(api.hub.pool, note, () => note(api.hub.pool));
    expect(noted).toEqual({ facts: { captcha: true }, inputs: [] });
  });

  it('is refused when a run of it could not reach its end', async () => {
    const [main, email, client] = registration!.steps as [any, any, any];
    const form = (name: string, when: object | null, ...fields: object[]) => ({
      name,
      kind: 'form',
      when,
      settings: { fields },
    });
    const withField = (field: object) => ({ ...main, settings: { ...main.settings, fields: [field] } });
    const vat = { name: 'vat', type: 'input', rules: ['required'] };
    const note = { name: 'note', type: 'input', rules: [] };
    const wrong: [string, object[], RegExp][] = [
      [
        'two forms that one body fits',
        [main, form('a', null, vat), form('b', null, vat, note), client],
        /for 'a' would do for 'b'/,
      ],
      [
        'phones that are no list',
        [withField({ name: 'phones', type: 'input' }), client],
        /needs 'phones' to be of type group/,
      ],
      [
        'a phone that is text',
        [
          withField({ name: 'phones', type: 'group', multiple: true, fields: [{ name: 'phone', type: 'input' }] }),
          client,
        ],
        /needs 'phones.phone' to be of type phone/,
      ],
      [
        'a birthday without date',
        [withField({ name: 'info', type: 'group', fields: [{ name: 'birthday', type: 'date' }] }), client],
        /needs the rule 'date' at 'info.birthday'/,
      ],
      [
        'a field that is sent with every form',
        [withField({ name: 'uuid', type: 'input' }), client],
        /cannot call a field 'uuid'/,
      ],
      ['no end', [main, email], /'client' \(create-client\) is missing/],
      ['a step after the end', [main, client, { ...email }], /cannot ask anything after|must be 'client'/],
      [
        'a code for a phone nobody gave',
        [main, { name: 'sms', kind: 'phone-code', settings: { template: 'registerConfirm' } }, client],
        /needs phone/,
      ],
      ['two of one name', [main, email, email, client], /is used twice/],
      ['a step of another wizard', [main, { name: 'login', kind: 'login' }, client], /is no step of this type/],
      ['an unknown step', [main, { name: 'x', kind: 'magic' }, client], /There is no step 'magic'/],
      [
        'an unknown rule',
        [{ ...main, settings: { ...main.settings, fields: [{ name: 'a', type: 'input', rules: ['magic'] }] } }, client],
        /is no rule/,
      ],
      [
        'the client made only sometimes',
        [main, { ...client, when: { countryIds: [1] } }],
        /condition of 'client' is fixed/,
      ],
    ];
    for (const [what, steps, issue] of wrong) {
      const { status, body } = await olga.call('POST /wizards', {
        type: 'registration',
        name: `Wrong: ${what}`,
        steps,
      });
      expect([what, status]).toEqual([what, 400]);
      expect(body.error.details.map((one: any) => one.issue).join('\n')).toMatch(issue);
      expect(body.error.details[0].field).toMatch(/^steps/);
    }
  });

  it('cannot leave the second factor out of a sign-in, nor the code out of a recovery', async () => {
    const withoutApp = authorization!.steps.filter(({ name }) => name !== 'google');
    expect((await olga.call('POST /wizards', { type: 'authorization', name: 'Easy', steps: withoutApp })).status).toBe(
      400,
    );
    const withoutCode = recovery!.steps.filter(({ name }) => name !== 'email');
    expect(
      (await olga.call('POST /wizards', { type: 'passwordRecovery', name: 'Easy', steps: withoutCode })).status,
    ).toBe(400);
    const [login, ...rest] = authorization!.steps;
    const unserved = await olga.call('POST /wizards', {
      ...{ type: 'authorization', name: 'Longer' },
      steps: [login, { name: 'once-more', kind: 'email-code', settings: { template: 'signInCode' } }, ...rest],
    });
    expect([unserved.status, unserved.body.error.details[0].issue]).toEqual([
      400,
      "steps.1: no method serves a step called 'once-more' here.",
    ]);
    const both = { ...authorization!, name: 'Again' };
    expect((await olga.call('POST /wizards', both)).status).toBe(201);
  });
});

describe('two forms that one body fits', () => {
  it('are fine where no run comes to both', async () => {
    const [main, , client] = registration!.steps;
    const form = (name: string, country: number) => ({
      ...{ name, kind: 'form', when: { countryIds: [country] } },
      settings: { fields: [{ name: 'vat', type: 'input', rules: ['required'] }] },
    });
    const steps = [main, form('de', await countryId('276')), form('other', (await countryId('276')) + 1), client];
    const made = await olga.call('POST /wizards', { type: 'registration', name: 'By country', steps });
    expect(made.status).toBe(201);
    await olga.call(`DELETE /wizards/${made.body.id}`);
  });
});

describe('a changed definition', () => {
  it('counts for new runs; those under way stay on their version', async () => {
    const { id, version, steps } = await seeded('registration');
    const device = new Device(api);
    const { uuid } = await device.step('POST /my/signup/wizard', {});
    const changed = await olga.call(`PATCH /wizards/${id}`, {
      steps: steps.filter(({ name }: any) => name !== 'email'),
    });
    expect(changed.body.version).toBe(version + 1);
    const email = anEmail();
    expect((await device.step('POST /my/signup', { uuid, ...mainForm(device, email) })).workflow).toBe('confirm_email');
    const later = (await device.step('POST /my/signup/wizard', {})).uuid;
    expect((await device.step('POST /my/signup', { uuid: later, ...mainForm(device, anEmail()) })).code).toBe(202);
    await olga.call(`PATCH /wizards/${id}`, { steps });
  });

  it('stays usable: the default one is neither switched off nor deleted', async () => {
    const { id } = await seeded('registration');
    expect((await olga.call(`PATCH /wizards/${id}`, { enabled: false })).body.error.details[0]).toMatchObject({
      field: 'enabled',
      reason: 'fixed',
    });
    expect((await olga.call(`DELETE /wizards/${id}`)).status).toBe(409);
    const reader = await api.operator(['wizards.read']);
    expect((await reader.call(`PATCH /wizards/${id}`, { name: 'x' })).status).toBe(403);
  });
});

describe('an operator', () => {
  it('cannot read a code out of the messages, whatever its template says', async () => {
    const [type] = (await olga.call('GET /templates/types?filter[name]=registerConfirm')).body.data;
    await olga.call(`PATCH /templates/types/${type.id}`, { lifetimeSeconds: null });
    const [template] = (
      await olga.call(`GET /templates?filter[typeId]=${type.id}&filter[channel]=email&filter[locale]=en_US`)
    ).body.data;
    await olga.call(`PATCH /templates/${template.id}`, { subject: 'Your code {{ code }}' });
    const device = new Device(api);
    const email = anEmail();
    const { uuid } = await device.step('POST /my/signup/wizard', {});
    await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
    const code = await codeSentTo(api, email);
    const list = (await olga.call('GET /messages?filter[type]=registerConfirm')).body.data;
    const sent = list.find((one: any) => one.recipient === email);
    expect(sent).toMatchObject({ subject: null, state: expect.any(String) });
    const read = await olga.call(`GET /messages/${sent.id}`);
    expect(read.body).toMatchObject({ subject: null, text: null, html: null, expiresAt: null });
    expect(JSON.stringify([list, read.body])).not.toContain(code);
    await olga.call(`PATCH /templates/${template.id}`, { subject: template.subject });
    await olga.call(`PATCH /templates/types/${type.id}`, { lifetimeSeconds: type.lifetimeSeconds });
  });

  const stuck = async () => {
    const device = new Device(api);
    const email = anEmail();
    const { uuid } = await device.step('POST /my/signup/wizard', {});
    await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
    const run = (await olga.call('GET /wizards/runs?filter[state]=open&sort_by=createTime&sort_order=desc&limit=1'))
      .body.data[0];
    return { device, email, uuid, run };
  };

  it('sees where a client is stuck, and nothing of what he typed', async () => {
    const { run, device, uuid, email } = await stuck();
    expect(run).toMatchObject({
      type: 'registration',
      state: 'open',
      step: 'email',
      triesLeft: 5,
      clientId: null,
      wizard: { name: 'Registration' },
    });
    await device.call('POST /my/signup', { uuid, code: '000000' });
    expect((await olga.call(`GET /wizards/runs/${run.id}`)).body.triesLeft).toBe(4);
    expect(JSON.stringify((await olga.call('GET /wizards/runs')).body)).not.toContain(email);
    const details = await api.hub
      .handle(`wizard:${uuid}`)
      .query<string>('__temporal_workflow_metadata')
      .catch(() => '');
    expect(JSON.stringify(details)).not.toContain(email);
  });

  it('confirms an e-mail by hand, with a right of its own and an audit row', async () => {
    const { run, device, uuid } = await stuck();
    const helper = await api.operator(['wizardRuns.read', 'wizardRuns.update']);
    expect((await helper.call(`POST /wizards/runs/${run.id}/confirm`)).status).toBe(403);
    expect((await olga.call(`POST /wizards/runs/${run.id}/confirm`)).status).toBe(204);
    expect((await olga.call(`GET /wizards/runs/${run.id}`)).body).toMatchObject({
      state: 'done',
      clientId: expect.any(Number),
    });
    expect((await device.call('POST /my/signup', { uuid, code: '000000' })).status).toBe(404);
    expect(
      await api.hub.one(
        `select actor, strpos(to_jsonb(audit)::text, $2) > 0 as "tellsUuid" from audit where action = 'wizardRuns.confirm' and object = $1`,
        [`wizard-run:${run.id}`, uuid],
      ),
    ).toEqual({
      actor: `user:${olga.id}`,
      tellsUuid: false,
    });
  });

  it('has what he does written down before it is sent', async () => {
    const written = (runId: number) =>
      api.hub.one<{ n: number }>(`select count(*)::int as n from audit where actor = $1 and object = $2`, [
        `user:${olga.id}`,
        `wizard-run:${runId}`,
      ]);
    for (const [act, status] of [
      ['cancel', 204],
      ['confirm', 404],
    ] as const) {
      const { run, uuid } = await stuck();
      await api.hub.handle(`wizard:${uuid}`).terminate();
      expect((await olga.call(`POST /wizards/runs/${run.id}/${act}`)).status).toBe(status);
      expect(await written(run.id)).toEqual({ n: 1 });
    }
    // What the hub itself refuses was not done.
    const { run } = await stuck();
    expect((await olga.call(`POST /wizards/runs/${run.id}/resend`)).status).toBe(429);
    expect(await written(run.id)).toEqual({ n: 0 });
  });

  it('ends a run in the books whose own run was terminated from outside', async () => {
    const { run, uuid, device } = await stuck();
    await api.hub.handle(`wizard:${uuid}`).terminate();
    expect((await olga.call(`POST /wizards/runs/${run.id}/cancel`)).status).toBe(204);
    expect((await olga.call(`GET /wizards/runs/${run.id}`)).body.state).toBe('cancelled');
    expect((await olga.call(`POST /wizards/runs/${run.id}/cancel`)).status).toBe(409);
    const resend = await device.call('POST /my/signup', { uuid, resend: true });
    expect(resend.body.error.details[0].reason).toBe('wizard_not_found');
  });

  it('cannot confirm a sign-in or a recovery for anybody', async () => {
    const device = new Device(api);
    await device.step(`GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${anEmail()}`);
    const [run] = (await olga.call('GET /wizards/runs?filter[type]=passwordRecovery&filter[state]=open')).body.data;
    expect((await olga.call(`POST /wizards/runs/${run.id}/confirm`)).body.error.details[0].reason).toBe('restricted');
  });

  it('is told what is wrong with the hub’s own settings, which a client is not', async () => {
    const { run, device, uuid } = await stuck();
    const shown = async (ask: () => Promise<{ status: number; body: any }>) => {
      await api.hub.pool.query(`update wizard_code set sent_at = now() - interval '2 minutes' where run_id = $1`, [
        run.id,
      ]);
      const { status, body } = await ask();
      return [status, body.error.details[0].reason, body.error.details[0].issue];
    };
    await api.hub.pool.query(`update message_route set enabled = false`);
    expect(await shown(() => olga.call(`POST /wizards/runs/${run.id}/resend`))).toEqual([
      503,
      'unavailable',
      'No email message with a code can be sent: see its route and template.',
    ]);
    expect(await shown(() => device.call('POST /my/signup', { uuid, resend: true }))).toEqual([
      503,
      'unavailable',
      'The service is not available now. Try again later.',
    ]);
    await api.hub.pool.query(`update message_route set enabled = true`);
  });

  it('is found by where his code went, unless personal data is hidden from whoever looks', async () => {
    const { run, email } = await stuck();
    await stuck();
    const foundBy = async (who: Caller, to: string) =>
      who.call(`GET /wizards/runs?filter[state]=open&filter[recipient]=${encodeURIComponent(to)}`);
    expect((await foundBy(olga, email.toUpperCase())).body.data.map(({ id }: { id: number }) => id)).toEqual([run.id]);
    expect((await foundBy(olga, anEmail())).body).toEqual({ total: 0, data: [] });
    expect((await foundBy(olga, '+995555000001')).body).toEqual({ total: 0, data: [] });
    const masked = await api.operator();
    await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [masked.id]);
    const hidden = await foundBy(masked, email);
    expect([hidden.status, hidden.body.error.details[0].field]).toEqual([403, 'filter[recipient]']);
  });

  it('ends a run while news of it come in', async () => {
    for (let round = 0; round < 2; round++) {
      const { run, uuid } = await stuck();
      const ending = olga.call(`POST /wizards/runs/${run.id}/cancel`);
      const news = async () => {
        for (let n = 0; n < 30; n++)
          await api.hub.steering.noteWizard(uuid, { said: 'A wrong code was given.' }).catch(() => undefined);
      };
      await Promise.all([news(), news()]);
      expect((await ending).status).toBe(204);
      expect((await olga.call(`GET /wizards/runs/${run.id}`)).body.state).toBe('cancelled');
    }
  });

  it('sends the code again within its limits, and ends a run', async () => {
    const { run, device, uuid } = await stuck();
    expect((await olga.call(`POST /wizards/runs/${run.id}/resend`)).status).toBe(429);
    await api.hub.pool.query(`update wizard_code set sent_at = now() - interval '2 minutes' where run_id = $1`, [
      run.id,
    ]);
    expect((await olga.call(`POST /wizards/runs/${run.id}/resend`)).status).toBe(204);
    expect((await olga.call(`POST /wizards/runs/${run.id}/cancel`)).status).toBe(204);
    expect((await olga.call(`POST /wizards/runs/${run.id}/cancel`)).status).toBe(409);
    expect((await device.call('POST /my/signup', { uuid, code: '1' })).body.error.details[0].reason).toBe(
      'wizard_not_found',
    );
  });
});
