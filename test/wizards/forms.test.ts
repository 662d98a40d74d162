/** Forms that brokers make: nothing of what they ask is lost, what was confirmed stays, and definitions that keep a client from the end are refused. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { findStep } from '../../activities/wizards/steps.ts';
import { DEFAULT_WIZARDS } from '../../db/seed/wizards.ts';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { anEmail, codeSentTo, Device, mainForm, startWizardApi } from './devices.ts';
import { refusal, setBroker, SignedIn } from './signed-in.ts';

let api: MoneyApi;
let olga: Caller;
beforeAll(async () => {
  api = await startWizardApi();
  olga = await api.operator();
});
afterAll(() => api?.stop());
// Where there is one registration only nobody must choose.
afterEach(() =>
  api.hub.pool.query(`update wizard_definition set enabled = false where type = 'registration' and not is_default`),
);

const seededSteps = (type: string): any[] => DEFAULT_WIZARDS.find((one) => one.type === type)!.steps;
const [main, emailCode, client] = seededSteps('registration');
const field = (name: string, type: string, ...rules: string[]) => ({ name, type, rules });
const group = (name: string, multiple: boolean, ...fields: object[]) => ({ name, type: 'group', multiple, fields });
const form = (name: string, ...fields: object[]) => ({ name, kind: 'form', settings: { fields } });
const account = main.settings.fields.slice(0, 3);
const mainWith = (...fields: object[]) => ({
  ...main,
  settings: { ...main.settings, fields: [...account, ...fields] },
});
const INFO = ['givenName', 'familyName', 'middleName'].map((name) => field(name, 'input'));
const PHONES = group('phones', true, field('phone', 'phone', 'required', 'phone:AUTO'), field('label', 'input'));
const phoneCode = { name: 'sms', kind: 'phone-code', settings: { template: 'registerConfirm' } };

const registrationOf = async (...steps: object[]): Promise<string> => {
  const made = await olga.call('POST /wizards', { type: 'registration', name: `Own ${randomUUID()}`, steps });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return made.body.uuid;
};
const begin = async (device: Device, wizard: string): Promise<string> =>
  (await device.step('POST /my/signup/wizard', { wizard })).uuid;
const clientOf = (email: string) =>
  api.hub.one<any>(
    `select client_id as id, first_name, last_name, extra, country_id as country, c.phone, birthday from client c where email = $1`,
    [email],
  );
const rowsOf = async (table: 'client_address' | 'client_phone', id: number) =>
  (await api.hub.pool.query(`select * from ${table} where client_id = $1 order by id`, [id])).rows;
const countryId = async (code: string) =>
  (await api.hub.one<{ id: number }>(`select country_id as id from country where numeric_code = $1`, [code])).id;

describe('what a form asks under names that are known', () => {
  it('and the hub has no place for is kept in `extra`, each row by its number', async () => {
    const wizard = await registrationOf(
      mainWith(
        group('info', false, ...INFO, field('nationality', 'select', 'required', 'country')),
        group(
          'addresses',
          true,
          field('country_code', 'select', 'country'),
          field('city', 'input'),
          field('flat', 'input'),
        ),
        PHONES,
      ),
      client,
    );
    const device = new Device(api);
    const email = anEmail();
    const last = await device.step('POST /my/signup', {
      uuid: await begin(device, wizard),
      ...mainForm(device, email, {
        info: { givenName: 'Ann', familyName: 'Lee', nationality: '470' },
        addresses: {
          '0': { country_code: '276', city: 'Bonn', flat: '7' },
          '1': { country_code: '470', city: 'Mdina' },
        },
        phones: { '0': { phone: '+995555100001', label: 'home' }, '1': { phone: '+995555100002', label: 'work' } },
      }),
    });
    expect(last.code).toBe(202);
    const made = await clientOf(email);
    expect(made).toMatchObject({ first_name: 'Ann', last_name: 'Lee', country: await countryId('276') });
    const extra = {
      info: { nationality: '470' },
      addresses: { '0': { flat: '7' }, '1': { country_code: '470', city: 'Mdina' } },
      phones: { '0': { label: 'home' }, '1': { label: 'work' } },
    };
    expect(made.extra).toEqual(extra);
    expect((await olga.call(`GET /clients/${made.id}`)).body).toMatchObject({ extra });
    expect(await rowsOf('client_address', made.id)).toMatchObject([{ city: 'Bonn' }]);
    expect(await rowsOf('client_phone', made.id)).toMatchObject([
      { number: '+995555100001' },
      { number: '+995555100002' },
    ]);
  });

  it('in one form and more of it in a later one is put together', async () => {
    const address = (...fields: object[]) => group('addresses', true, ...fields);
    const wizard = await registrationOf(
      mainWith(
        group('info', false, ...INFO, field('nickname', 'input')),
        address(field('country_code', 'select', 'required', 'country'), field('city', 'input'), field('flat', 'input')),
      ),
      form(
        'more',
        group('info', false, field('birthday', 'date', 'date'), field('nationality', 'select', 'country')),
        address(field('postcode', 'input'), field('floor', 'input')),
      ),
      client,
    );
    const device = new Device(api);
    const email = anEmail();
    const uuid = await begin(device, wizard);
    await device.step('POST /my/signup', {
      uuid,
      ...mainForm(device, email, {
        info: { givenName: 'Ann', familyName: 'Lee', nickname: 'Nan' },
        addresses: { '0': { country_code: '276', city: 'Bonn', flat: '7' } },
      }),
    });
    await device.step('POST /my/signup', {
      uuid,
      info: { birthday: '1990-05-01', nationality: '470' },
      addresses: { '0': { postcode: '53111', floor: '2' } },
    });
    const made = await clientOf(email);
    expect(made).toMatchObject({ first_name: 'Ann', last_name: 'Lee', country: await countryId('276') });
    expect(made.birthday).not.toBeNull();
    expect(made.extra).toEqual({
      info: { nickname: 'Nan', nationality: '470' },
      addresses: { '0': { flat: '7', floor: '2' } },
    });
    expect(await rowsOf('client_address', made.id)).toMatchObject([
      { city: 'Bonn', postcode: '53111', country_id: await countryId('276') },
    ]);
  });

  it('for another type of client is kept in `extra` as well, beside what is there', async () => {
    const corporate = await api.hub.one<{ id: number }>(`select id from client_type where name = 'Corporate'`);
    const seeded = (await olga.call('GET /wizards?filter[type]=clientTypeChange')).body.data[0];
    const company = form(
      'company',
      group('info', false, field('companyName', 'input', 'required')),
      group('addresses', true, field('country_code', 'select', 'country'), field('city', 'input')),
      PHONES,
    );
    const steps = [seeded.steps[0], company, ...seeded.steps.slice(1)];
    expect((await olga.call(`PATCH /wizards/${seeded.id}`, { steps })).status).toBe(200);
    await setBroker(api, 'clients.requestForClientType', false);

    const ann = await SignedIn.up(api);
    await api.hub.pool.query(
      `update client set extra = '{"info": {"nationality": "470"}, "vat": "1"}' where client_id = $1`,
      [ann.id],
    );
    const { uuid } = await ann.step('GET /my/clients/types/wizard');
    const send = (body: object) => ann.step('POST /my/clients/types', { uuid, ...body });
    await send({ typeId: corporate.id });
    await send({
      info: { companyName: 'Lee Ltd' },
      addresses: { '0': { country_code: '276', city: 'Bonn' } },
      phones: { '0': { phone: '+995555100003', label: 'desk' } },
    });
    expect((await send({ code: await ann.code() })).code).toBe(202);
    expect((await clientOf(ann.email)).extra).toEqual({
      vat: '1',
      info: { nationality: '470', companyName: 'Lee Ltd' },
      addresses: { '0': { country_code: '276', city: 'Bonn' } },
      phones: { '0': { phone: '+995555100003', label: 'desk' } },
    });
    await olga.call(`PATCH /wizards/${seeded.id}`, { steps: seeded.steps });
  });
});

describe('an e-mail and a phone that were confirmed', () => {
  const contacts = form('contacts', field('email', 'input'), PHONES);
  const asked = mainWith(group('info', false, ...INFO), { ...PHONES, rules: ['required'] });

  it('are not asked for again: such a definition is refused', async () => {
    const email = form('late', field('email', 'input'));
    const phones = form('late', PHONES);
    for (const [last, issue] of [
      [email, /^steps\.3: gives email, which 'email' went by already\.$/],
      [phones, /^steps\.3: gives phone, which 'sms' went by already\.$/],
    ] as const) {
      const steps = [asked, emailCode, phoneCode, last, client];
      const { status, body } = await olga.call('POST /wizards', { type: 'registration', name: 'Twice', steps });
      expect([status, body.error?.details.map((one: any) => one.issue)]).toEqual([400, [expect.stringMatching(issue)]]);
    }
    // Of a client who is there already no form changes them.
    const [type, ...rest] = seededSteps('clientTypeChange');
    const steps = [type, form('own', field('email', 'input')), ...rest];
    const { status, body } = await olga.call('POST /wizards', { type: 'clientTypeChange', name: 'Own', steps });
    expect([status, body.error?.details[0].issue]).toEqual([
      400,
      'steps.1: cannot ask for email: a client has it and changes it in a wizard of its own.',
    ]);
  });

  it('stay what they are in a definition from before that asks for them again', async () => {
    const wizard = await registrationOf(asked, emailCode, phoneCode, client);
    const old = [asked, emailCode, phoneCode, contacts, client].map((step) => ({
      ...{ ...step, when: null },
      settings: findStep(step.kind)!.settings.parse(step.settings),
    }));
    await api.hub.pool.query(
      `with changed as (update wizard_definition set version = 2, steps = $2::jsonb where uuid = $1 returning *)
       insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) select id, version, steps, lifetime_seconds, tries from changed`,
      [wizard, JSON.stringify(old)],
    );
    const device = new Device(api);
    const [email, phone] = [anEmail(), '+995555100004'];
    const uuid = await begin(device, wizard);
    const { addresses: _addresses, ...said } = mainForm(device, email, {
      info: { givenName: 'Ann', familyName: 'Lee' },
      phones: { '0': { phone } },
    });
    await device.step('POST /my/signup', { uuid, ...said });
    await device.step('POST /my/signup', { uuid, code: await codeSentTo(api, email) });
    await device.step('POST /my/signup', { uuid, code: await codeSentTo(api, phone) });
    const others = { email: anEmail(), phones: { '0': { phone: '+995555100005' } } };
    const refused = await device.call('POST /my/signup', { uuid, ...others });
    expect([refused.status, refused.body.error.details.map((one: any) => one.issue)]).toEqual([
      400,
      ['email must be the one that was confirmed.', 'phones.0.phone must be the one that was confirmed.'],
    ]);
    const last = await device.step('POST /my/signup', {
      uuid,
      email,
      phones: { '0': { phone }, '1': { phone: '+995555100005' } },
    });
    expect(last.code).toBe(202);
    const { id } = await clientOf(email);
    expect(await rowsOf('client_phone', id)).toMatchObject([
      { number: phone, confirmed: true },
      { number: '+995555100005', confirmed: false },
    ]);
  });
});

describe('a definition that some client could never finish', () => {
  const refusalOf = async (type: string, steps: object[]): Promise<[number, string, string]> => {
    const { status, body } = await olga.call('POST /wizards', { type, name: `Wrong ${randomUUID()}`, steps });
    const [detail] = body.error?.details ?? [];
    return [status, detail?.field, detail?.issue];
  };
  const options = [{ value: 'a' }, { value: 'b' }];

  it('is refused where a form asks what nobody can say', async () => {
    const wrong: [object, RegExp][] = [
      [
        field('vat2', 'input', 'required', 'same:vat'),
        /needs a field 'vat' beside 'vat2', which it must be the same as/,
      ],
      [field('a', 'input', 'same:a'), /needs a field 'a' beside 'a'/],
      [field('password_confirmation', 'passwordButton'), /needs a field 'password' beside 'password_confirmation'/],
      [group('own', false, field('b', 'input', 'same:note')), /needs a field 'note' beside 'own.b'/],
      [field('size', 'select', 'required'), /needs options at 'size'/],
      [group('own', true, field('size', 'radio')), /needs options at 'own.size'/],
      [field('terms', 'input', 'accepted'), /needs 'terms' to be of type boolean, for it is to be accepted/],
      [field('terms', 'boolean', 'min:1'), /cannot have the rule 'min:1' at 'terms', which is no text/],
      [{ ...field('sizes', 'multiSelect', 'email'), options }, /cannot have the rule 'email' at 'sizes'/],
      [field('a', 'input', 'min:5', 'max:4'), /wants at least 5 and at most 4 characters at 'a'/],
      [field('a', 'input', 'min:1001'), /wants at least 1001 and at most 1000 characters at 'a'/],
      [field('a', 'input', 'max:0'), /wants at least 1 and at most 0 characters at 'a'/],
      [field('born', 'date', 'age:121'), /wants somebody of 121 years at 'born'/],
      [group('own', false, field('a', 'input'), field('a', 'date')), /two fields of one name/],
    ];
    for (const [asked, issue] of wrong) {
      const steps = [mainWith(group('info', false, ...INFO)), form('own', asked, field('note', 'input')), client];
      expect(await refusalOf('registration', steps)).toEqual([
        400,
        expect.stringMatching(/^steps\.1\.settings\.fields/),
        expect.stringMatching(issue),
      ]);
    }
  });

  it('is refused where a code goes to what not every client has', async () => {
    const [type, ...rest] = seededSteps('clientTypeChange');
    const phones = form('company', { ...PHONES, rules: ['required'] });
    expect(await refusalOf('clientTypeChange', [type, { name: 'app', kind: 'totp' }, ...rest])).toEqual([
      400,
      'steps.1',
      'steps.1: needs app, which no step before it surely gives.',
    ]);
    // A code goes to the client's own phone, whatever the form says.
    expect(await refusalOf('clientTypeChange', [type, phones, { ...phoneCode, name: 'desk' }, ...rest])).toEqual([
      400,
      'steps.2',
      'steps.2: needs phone, which no step before it surely gives.',
    ]);
    const fax = { ...group('phones', true, field('fax', 'phone', 'required')), rules: ['required'] };
    expect(await refusalOf('registration', [mainWith(fax), phoneCode, client])).toEqual([
      400,
      'steps.1',
      'steps.1: needs phone, which no step before it surely gives.',
    ]);
  });

  it('is refused where it names a message or a type of clients that is not there', async () => {
    const code = { ...emailCode, settings: { template: 'nosuch' } };
    expect(await refusalOf('registration', [main, code, client])).toEqual([
      400,
      'steps.1.settings.template',
      "There is no message type 'nosuch'.",
    ]);
    const choice = { name: 'choice', kind: 'client-type', settings: { typeIds: [999_999] } };
    expect(await refusalOf('registration', [main, choice, client])).toEqual([
      400,
      'steps.1.settings.typeIds',
      'There is no client type 999999.',
    ]);
  });
});

describe('a phone of a form', () => {
  it('is one, whatever rules it has', async () => {
    const phones = { ...group('phones', true, field('phone', 'phone', 'required')), rules: ['required'] };
    const wizard = await registrationOf(mainWith(group('info', false, ...INFO), phones), phoneCode, client);
    const device = new Device(api);
    const { addresses: _addresses, ...said } = mainForm(device, anEmail(), {
      info: { givenName: 'Ann', familyName: 'Lee' },
      phones: { '0': { phone: 'none' } },
    });
    const answer = await device.call('POST /my/signup', { uuid: await begin(device, wizard), ...said });
    expect(refusal(answer)).toEqual([400, 'validation', 'phones.0.phone']);
  });
});
