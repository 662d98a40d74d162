/** Guessing passwords: what is closed for whom and for how long, and that the owner gets in while others guess. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dropOldTries } from '../../db/repositories/sign-in-guard.ts';
import type { Answer, MoneyApi } from '../api/money-hub.ts';
import {
  anEmail,
  codesSentTo,
  Device,
  PASSWORD,
  register,
  registerAndStay,
  startWizardApi,
  reasons,
  nextCodeTo,
} from './devices.ts';
import { setBroker, turnOn } from './signed-in.ts';

let api: MoneyApi;
beforeAll(async () => {
  // Cheap hashes: what is counted here are tries.
  api = await startWizardApi([], { trustProxy: 1, passwordMemoryKib: 64 });
});
afterAll(() => api?.stop());
const forget = async (...tables: string[]) => {
  for (const table of tables) await api.hub.pool.query(`delete from ${table}`);
};

const HOME = '198.51.100.7';
const CAFE = '192.0.2.44';
const at = (address: string) => new Device(api, undefined, address);
const rows = async (table: string) => api.count(table);
const registered = async (address: string) => (await register(api, at(address))).email;
const tryPassword = (device: Device, uuid: string, email: string, password: string) =>
  device.call('POST /my/signin', { uuid, email, password, device_fingerprint: device.fingerprint });
const begin = async (device: Device): Promise<string> => (await device.step('GET /my/signin/wizard')).uuid;
const signIn = async (device: Device, email: string, password = PASSWORD) =>
  tryPassword(device, await begin(device), email, password);
const waitOf = (answer: Answer) => Number(answer.headers.get('retry-after'));

/** Wrong passwords, each from another address. */
const guess = async (email: string, tries: number, from: number) => {
  const bot = at(`10.8.${(from >> 8) & 255}.${from & 255}`);
  const uuid = await begin(bot);
  return Promise.all(
    Array.from({ length: tries }, (_, n) => {
      const [high, low] = [((from + n) >> 8) & 255, (from + n) & 255];
      return tryPassword(new Device(api, bot.agent, `10.9.${high}.${low}`), uuid, email, `Wrong${from + n}x`);
    }),
  );
};
const recover = async (device: Device, email: string, password: string) => {
  const before = codesSentTo(api, email).length;
  const { token } = await device.step(
    `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`,
  );
  const code = await nextCodeTo(api, email, before);
  const { successToken } = await device.step('POST /my/2fa/challenge', { token, code });
  const answer = await device.call('POST /my/password/restore', { password }, { successtoken: successToken });
  expect(answer.status).toBe(204);
};

describe('a block', () => {
  beforeEach(() => forget('code_sending', 'broker_setting', 'sign_in_guard'));

  it('begins after the tries that are set, and each further one is twice as long, up to the longest', async () => {
    await setBroker(api, 'userConfirmation.tries', 2);
    await setBroker(api, 'userConfirmation.blockTime', 3);
    await setBroker(api, 'userConfirmation.longestBlockTime', 10);
    const [email, thief] = [await registered(HOME), at(CAFE)];
    const waits: number[] = [];
    for (let block = 0; block < 4; block++) {
      for (let n = 0; n < 2; n++) expect((await signIn(thief, email, 'Wrong1234')).status).toBe(400);
      const closed = await signIn(thief, email);
      expect(reasons(closed)).toEqual([429, 'too_many_attempts']);
      waits.push(Math.ceil(waitOf(closed) / 60));
      await api.hub.pool.query(`update sign_in_guard set blocked_until = now() where blocked_until is not null`);
    }
    expect(waits).toEqual([3, 6, 10, 10]);
  });

  it('is not put off by a sign-in with a QR code, which shows no password: a stolen token gives no new tries', async () => {
    await setBroker(api, 'userConfirmation.tries', 5);
    const [{ email, answer }, thief] = [await register(api, at(HOME)), at(CAFE)];
    const stolen = { authorization: `Bearer ${answer.data.accessToken.token}` };
    const places = await rows('sign_in_place');
    for (let n = 0; n < 5; n++) expect((await signIn(thief, email, 'Wrong1234')).status).toBe(400);
    const { channel } = await thief.step('GET /my/signin/qrcodes');
    const { token } = (await thief.call('POST /my/signin/tokens', { channel }, stolen)).body;
    const entering = { channel, token, device_fingerprint: thief.fingerprint };
    expect((await thief.step('POST /my/signin/qrcodes', entering)).code).toBe(202);
    expect(reasons(await signIn(thief, email, 'Wrong1234'))).toEqual([429, 'too_many_attempts']);
    expect(await rows('sign_in_place')).toBe(places);
  });

  it('comes only when the failures are near each other', async () => {
    await setBroker(api, 'userConfirmation.tries', 2);
    await setBroker(api, 'userConfirmation.failedInterval', 5);
    const [email, device] = [await registered(HOME), at(CAFE)];
    for (let n = 0; n < 2; n++) await signIn(device, email, 'Wrong1234');
    await api.hub.pool.query(`update sign_in_guard set since = now() - interval '301 seconds'`);
    expect((await signIn(device, email, 'Wrong1234')).status).toBe(400);
  });

  it('of an address that tries many accounts holds for all of them, but not for who signed in there before', async () => {
    await setBroker(api, 'userConfirmation.triesOfAddress', 8);
    const [resident, stranger] = [await registered(CAFE), await registered(HOME)];
    const device = at(CAFE);
    const tries: number[] = [];
    for (let n = 0; n < 10; n++) tries.push((await signIn(device, anEmail(), 'Wrong1234')).status);
    expect(tries).toEqual([...Array(8).fill(400), 429, 429]);
    expect(reasons(await signIn(device, stranger))).toEqual([429, 'too_many_attempts']);
    expect((await signIn(at(HOME), stranger)).body.code).toBe(202);
    expect((await signIn(device, resident)).body.code).toBe(202);
  });

  it('of an address comes also to whoever signs in to his own account there between his guesses', async () => {
    await setBroker(api, 'userConfirmation.triesOfAddress', 5);
    const [own, device] = [await registered(CAFE), at(CAFE)];
    const guesses: number[] = [];
    for (let n = 0; n < 7; n++) {
      guesses.push((await signIn(device, anEmail(), 'Wrong1234')).status);
      expect((await signIn(device, own)).body.code).toBe(202);
    }
    expect(guesses).toEqual([...Array(5).fill(400), 429, 429]);
  });

  it('is not brought about by those who know their passwords, however many are at one address', async () => {
    await setBroker(api, 'userConfirmation.triesOfAddress', 5);
    for (let n = 0; n < 7; n++) {
      const email = await registered(HOME);
      expect((await signIn(at(CAFE), email)).body.code).toBe(202);
    }
  });

  it('leaves rows only for as long as they count', async () => {
    const email = await registered(HOME);
    await signIn(at(CAFE), email, 'Wrong1234');
    expect(await rows('sign_in_guard')).toBe(3);
    await dropOldTries(api.hub.pool);
    expect(await rows('sign_in_guard')).toBe(3);
    expect(
      await api.hub.one(`select bool_and(forget_at < now() + interval '601 seconds') as soon from sign_in_guard`),
    ).toEqual({ soon: true });
    await api.hub.pool.query(`update sign_in_guard set forget_at = now() - interval '1 second'`);
    await dropOldTries(api.hub.pool);
    expect(await rows('sign_in_guard')).toBe(0);
  });
});

describe('who knows an e-mail', () => {
  beforeEach(() => forget('code_sending', 'broker_setting', 'sign_in_guard'));

  const challenge = async (device: Device, email: string) => {
    const before = codesSentTo(api, email).length;
    const answer = await device.call(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`,
    );
    // Its mail is there before anybody else asks for one: whose is whose is told by their order.
    if (answer.status === 200) await nextCodeTo(api, email, before);
    return answer;
  };
  const wrongCodes = async (device: Device, email: string, tries: number): Promise<number[]> => {
    const { token } = (await challenge(device, email)).body;
    const statuses: number[] = [];
    for (let n = 0; n < tries; n++)
      statuses.push((await device.call('POST /my/2fa/challenge', { token, code: '00000' + n })).status);
    return statuses;
  };

  it('and asks for its codes as often as may be leaves them to the owner where he signed in before', async () => {
    const [email, thief] = [await registered(HOME), at(CAFE)];
    const asked: number[] = [];
    for (let n = 0; n < 6; n++) asked.push((await challenge(thief, email)).status);
    expect(asked).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await challenge(at('192.0.2.98'), email)).status).toBe(429);
    await recover(at(HOME), email, 'NewSecret123');
  });

  it('and guesses codes closes nothing for the owner there, whose new password opens it all', async () => {
    await setBroker(api, 'userConfirmation.codeTries', 3);
    const [email, thief] = [await registered(HOME), at(CAFE)];
    expect(await wrongCodes(thief, email, 4)).toEqual([400, 400, 400, 429]);
    await recover(at(HOME), email, 'NewSecret123');
    expect(await wrongCodes(thief, email, 1)).toEqual([400]);
  });

  it('and guesses codes blocks him elsewhere, until an operator unblocks him', async () => {
    await setBroker(api, 'userConfirmation.codeTries', 3);
    const [email, thief] = [await registered(HOME), at(CAFE)];
    await wrongCodes(thief, email, 4);
    const admin = await api.operator();
    const { body } = await admin.call(`GET /security/addresses?filter[clientEmail]=${email}`);
    expect(body).toMatchObject({ total: 1, data: [{ ip: null, reason: 'Too many wrong codes' }] });
    expect((await admin.call(`DELETE /security/addresses/${body.data[0].id}`)).status).toBe(204);
    await recover(thief, email, 'NewSecret123');
  });
});

describe('who shares an address with somebody that asks for the codes of many', () => {
  beforeEach(() => forget('code_sending', 'broker_setting', 'sign_in_guard'));

  const ask = (device: Device, email: string) =>
    device.call(`GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`);
  const askForMany = async (address: string, times: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < times; n++) statuses.push((await ask(at(address), anEmail())).status);
    return statuses;
  };

  it('is sent his where he has signed in before, and where he is signed in; a stranger there is not', async () => {
    await setBroker(api, 'userConfirmation.codesOfAddress', 8);
    const [home, cafe] = [at(HOME), at(CAFE)];
    const { email, clientId } = await registerAndStay(api, home);
    const guest = await registered(CAFE);
    const asked = await askForMany(HOME, 9);
    expect(asked.slice(0, 6)).toEqual(Array(6).fill(200));
    expect(asked.at(-1)).toBe(429);

    await turnOn(api, clientId, 'email');
    expect((await signIn(at(HOME), email)).body).toMatchObject({ code: 200, workflow: '2fa_email' });
    expect(reasons(await ask(at(HOME), guest))).toEqual([429, 'resend_too_early']);
    expect((await ask(cafe, guest)).status).toBe(200);
    // Signed in, also where he has never signed in before.
    await askForMany(CAFE, 9);
    const mobile = new Device(api, home.agent, CAFE);
    mobile.token = home.token;
    expect((await mobile.call('GET /my/profile/deactivation')).status).toBe(200);
  });
});

describe('10,000 wrong passwords from thousands of addresses', () => {
  const RUNS = 200;
  const AT_ONCE = 50;
  let email: string;
  let other: string;
  let statuses: Map<number, number>;
  let heap: number[];

  /** What is really kept: after the garbage is gone. */
  const heapUsed = (): number => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };

  beforeAll(async () => {
    await forget('code_sending', 'broker_setting', 'sign_in_guard', 'authorization_record');
    [email, other] = [await registered(HOME), await registered(HOME)];
    statuses = new Map();
    heap = [];
    for (let run = 0; run < RUNS; run++) {
      for (const { status } of await guess(email, AT_ONCE, run * AT_ONCE))
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (run % (RUNS / 4) === RUNS / 4 - 1) heap.push(heapUsed());
    }
  }, 300_000);
  beforeEach(() => forget('code_sending'));

  it('are fifty that were compared; all others met a closed door', () => {
    expect(statuses.get(400)).toBe(50);
    // 404 is heard by those who come to a run that a closed door has ended: at once, or not at all.
    expect([...statuses.keys()].filter((status) => ![400, 404, 429].includes(status))).toEqual([]);
    expect(statuses.get(429)).toBeGreaterThan(0);
    expect([...statuses.values()].reduce((sum, one) => sum + one)).toBe(RUNS * AT_ONCE);
  });

  it('leave rows for those fifty only, and no history of each', async () => {
    // Of account and address, of the address, of the account; and of those that were under way when it closed.
    expect(await rows('sign_in_guard')).toBeLessThanOrEqual(50 + 50 + 1 + AT_ONCE);
    expect(await rows('authorization_record')).toBeLessThan(400);
  });

  it('leave nothing in the memory of the process', () => {
    const [, second, , last] = heap as [number, number, number, number];
    expect(last - second).toBeLessThan(20 * 1024 * 1024);
  });

  it('do not keep the owner out where he signed in before, nor others anywhere', async () => {
    expect((await signIn(at(HOME), email)).body.code).toBe(202);
    expect((await signIn(at(CAFE), other)).body.code).toBe(202);
    // His coming gave no new tries.
    expect((await guess(email, 5, 20_000)).map(({ status }) => status)).not.toContain(400);
  });

  it('do not keep the owner out elsewhere once he has set a new password, though they go on', async () => {
    const cafe = at('192.0.2.99');
    expect(reasons(await signIn(cafe, email))).toEqual([429, 'too_many_attempts']);
    await recover(cafe, email, 'NewSecret123');
    for (let run = 0; run < 4; run++) await guess(email, AT_ONCE, 30_000 + run * AT_ONCE);
    expect(reasons(await signIn(at('192.0.2.100'), email, 'NewSecret123'))).toEqual([429, 'too_many_attempts']);
    expect((await signIn(cafe, email, 'NewSecret123')).body.code).toBe(202);
  });
});
