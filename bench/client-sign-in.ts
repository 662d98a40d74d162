import { randomBytes, randomUUID } from 'node:crypto';
import { providers } from '../adapters/installed.ts';
import { totpAt } from '../activities/wizards/totp.ts';
import { KeyRing } from '../config/key-ring.ts';
import { hashPassword, passwordIs } from '../db/passwords.ts';
import { TOTP_PURPOSE } from '../db/repositories/factors.ts';
import type { Bench } from './figure.ts';
import { forSome } from './load.ts';
import type { Stack } from './stack.ts';
import { callAsClient, FINGERPRINT } from './wizard-runs.ts';

const LANES = 8;
const MS = 4_000;
const PASSWORD = 'Secret123';
/** More than any machine signs in within a round. */
const CLIENTS = 1_000;

interface Person {
  email: string;
  secret: Buffer;
}

/** Clients with this password and an authenticator app each: a code counts once, so each signs in once. */
const people = async ({ pool, settings }: Stack, hash: string): Promise<Person[]> => {
  const ring = new KeyRing(settings.configKeys);
  const all = Array.from({ length: CLIENTS }, () => ({
    email: `${randomUUID()}@example.com`,
    secret: randomBytes(20),
  }));
  await pool.query(
    `with made as (
       insert into client (email, first_name, last_name, type_id, verification_level_id, password_hash)
       select email, 'Ann', 'Lee', (select min(id) from client_type), (select min(id) from verification_level), $3 from unnest($1::text[]) as email
       returning client_id, email),
     keys as (
       insert into client_totp (client_id, sealed)
       select client_id, sealed from unnest($1::text[], $2::bytea[]) as given (email, sealed) join made using (email))
     insert into client_factor (client_id, type) select client_id, 'google' from made`,
    [all.map(({ email }) => email), all.map(({ secret }) => ring.seal(secret, TOTP_PURPOSE)), hash],
  );
  return all;
};

/** Opens a sign-in, gives the password, gives the code of the app; throws unless that brought tokens. */
const signIn = async (origin: string, { email, secret }: Person): Promise<void> => {
  const { uuid } = await callAsClient(origin, 'GET', '/signin/wizard');
  const login = { uuid, email, password: PASSWORD, device_fingerprint: FINGERPRINT };
  await callAsClient(origin, 'POST', '/signin', login);
  const code = totpAt(secret, Math.floor(Date.now() / 30_000));
  const { data } = await callAsClient(origin, 'POST', '/2fa/google', { uuid, code });
  if (!(data as { accessToken?: { token?: string } }).accessToken?.token) throw new Error('nobody was signed in');
};

export const clientSignInBench: Bench = {
  name: 'sign-in',
  setUp: async (stack) => {
    const origin = await stack.api();
    const hash = await hashPassword(PASSWORD);
    // Whether somebody is a person is for its provider to say, who takes his time.
    const captchas = providers.filter(({ category }) => category === 'captcha').map(({ id }) => id);
    await stack.pool.query(`update connection set enabled = false where provider = any($1)`, [captchas]);
    return [
      {
        name: `Sign-ins with password and app, ${LANES} at once`,
        unit: 'sign-ins/s',
        ours: {
          name: 'ours: three calls, tokens at the end',
          round: async () => {
            const queue = (await people(stack, hash)).values();
            return forSome(MS, LANES, async () => {
              const { value } = queue.next();
              if (!value) throw new Error('everybody has signed in');
              await signIn(origin, value);
            });
          },
        },
        references: [
          {
            name: 'argon2id alone',
            round: () =>
              forSome(MS, LANES, async () => {
                if (!(await passwordIs(PASSWORD, hash))) throw new Error('the password is not known');
              }),
          },
        ],
        targets: [],
        notes: async () => ['One run each: opened, two steps, its last effect; its tokens are signed and kept.'],
      },
    ];
  },
};
