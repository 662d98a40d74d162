import { setTimeout as sleep } from 'node:timers/promises';
import { passwordIs } from '../../../db/passwords.ts';
import type { Answer } from '../hub-api.ts';
import type { Breach } from '../invariants.ts';
import type { Stack } from '../stack.ts';
import type { Walker } from './walker.ts';

/** One request of a procedure, and what its answer must be. */
export interface WalkStep {
  route: string;
  /** Made once, so that a step that is sent again says the same. */
  body?: (walker: Walker) => object | Promise<object>;
  headers?: (walker: Walker) => Record<string, string>;
  /** The step that must be waited for afterwards; 'end'; null where the method has another answer. */
  leadsTo: string | null;
  /** What the walker learns from it. */
  learn?: (walker: Walker, body: any) => void;
  /** A code of the mailbox: the wrong one was of a run that nobody goes on with. */
  asksCode?: true;
  /** It makes something anew each time: said twice at once there would be two. */
  opens?: true;
}

/** A procedure from its beginning to its end, and what must be true then: done once, wholly. */
export interface Walk {
  name: string;
  prepare?: (walker: Walker) => Promise<void>;
  steps: readonly WalkStep[];
  /** It may be gone on with on another device. */
  anyDevice?: true;
  check: (stack: Stack, walker: Walker) => Promise<Breach[]>;
}

const opensRun = { opens: true, learn: (walker: Walker, { uuid }: any) => (walker.uuid = uuid) } as const;
const takesTokens = {
  leadsTo: 'end',
  learn: (walker: Walker, { data }: any) => (walker.accessToken = data.accessToken.token),
} as const;
const withCode = async (walker: Walker) => ({ uuid: walker.uuid, code: await walker.code() });

/** How many rows there are of what must be there once. */
const must = async (stack: Stack, walker: Walker, counts: Record<string, [sql: string, count: number]>) => {
  const breaches: Breach[] = [];
  for (const [what, [sql, count]] of Object.entries(counts)) {
    const { rows } = await stack.pool.query<{ n: number }>(sql, [walker.email]);
    if (rows[0]?.n !== count) breaches.push({ invariant: what, detail: `${rows[0]?.n} instead of ${count}` });
  }
  return breaches;
};

const passwordNow = async ({ pool }: Stack, { email }: Walker, password: string): Promise<Breach[]> => {
  const { rows } = await pool.query<{ hash: string | null }>(
    `select password_hash as hash from client where email = $1`,
    [email],
  );
  return (await passwordIs(password, rows[0]?.hash))
    ? []
    : [{ invariant: 'the password is the one that was set', detail: 'it is another' }];
};

const ofClient = (from: string) =>
  `select count(*)::int as n from ${from} join client c using (client_id) where c.email = $1`;
const signedInOnce: Record<string, [string, number]> = {
  'a sign-in is recorded once': [ofClient(`(select * from authorization_record where status = 'success') r`), 1],
  'tokens are made once': [
    `select count(distinct family)::int as n from refresh_token where subject = (select 'client:' || client_id from client where email = $1)`,
    1,
  ],
};

const registration: Walk = {
  name: 'registration',
  anyDevice: true,
  steps: [
    { route: 'POST /my/signup/wizard', body: () => ({}), leadsTo: 'basic_register_form', ...opensRun },
    {
      route: 'POST /my/signup',
      body: ({ uuid, email, password, fingerprint }) => ({
        ...{ uuid, email, password, password_confirmation: password, device_fingerprint: fingerprint },
        info: { givenName: 'Ann', familyName: 'Lee', birthday: '1990-05-01' },
        addresses: { '0': { country_code: '276' } },
      }),
      leadsTo: 'confirm_email',
    },
    { route: 'POST /my/signup', asksCode: true, body: withCode, ...takesTokens },
  ],
  check: async (stack, walker) => [
    ...(await must(stack, walker, {
      'a client is made once': [`select count(*)::int as n from client where email = $1`, 1],
      'tokens are made once': signedInOnce['tokens are made once']!,
    })),
    ...(await passwordNow(stack, walker, walker.password)),
  ],
};

const credentials = ({ uuid, email, password, fingerprint }: Walker) => ({
  ...{ uuid, email, password, device_fingerprint: fingerprint },
});
const begin: WalkStep = { route: 'GET /my/signin/wizard', leadsTo: 'login', ...opensRun };

const signIn: Walk = {
  name: 'sign-in',
  prepare: (walker) => walker.becomeClient({}),
  steps: [begin, { route: 'POST /my/signin', body: credentials, ...takesTokens }],
  check: (stack, walker) => must(stack, walker, signedInOnce),
};

const signInWithCode: Walk = {
  name: 'sign-in with a code',
  prepare: (walker) => walker.becomeClient({ factors: ['email', 'google'] }),
  steps: [
    begin,
    { route: 'POST /my/signin', body: credentials, leadsTo: '2fa_choose' },
    { route: 'POST /my/signin/2fa', body: ({ uuid }) => ({ uuid, type: 'email' }), leadsTo: '2fa_email' },
    { route: 'POST /my/2fa/email', asksCode: true, body: withCode, ...takesTokens },
  ],
  check: (stack, walker) => must(stack, walker, signedInOnce),
};

const newPasswordOnce: Record<string, [string, number]> = {
  'a password is changed once': [ofClient('password_change p'), 1],
  'a password change is in the audit once': [
    `select count(*)::int as n from audit where action = 'clients.password' and object = (select 'client:' || client_id from client where email = $1)`,
    1,
  ],
};

const forcedReset: Walk = {
  name: 'sign-in with a new password',
  prepare: (walker) => walker.becomeClient({ mustReset: true }),
  steps: [
    begin,
    { route: 'POST /my/signin', body: credentials, leadsTo: 'password_reset' },
    { route: 'POST /my/signin/password/restore', body: ({ uuid }) => ({ uuid }), leadsTo: 'confirm_email' },
    { route: 'POST /my/signin/password/restore', asksCode: true, body: withCode, leadsTo: 'password_form' },
    {
      route: 'POST /my/signin/password/reset',
      body: ({ uuid, newPassword: password }) => ({ uuid, password }),
      ...takesTokens,
    },
  ],
  check: async (stack, walker) => [
    ...(await must(stack, walker, { ...signedInOnce, ...newPasswordOnce })),
    ...(await passwordNow(stack, walker, walker.newPassword)),
  ],
};

const recovery: Walk = {
  name: 'password recovery',
  anyDevice: true,
  prepare: (walker) => walker.becomeClient({}),
  steps: [
    {
      route: 'GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=@email',
      leadsTo: null,
      opens: true,
      learn: (walker, { token }) => (walker.uuid = token),
    },
    {
      route: 'POST /my/2fa/challenge',
      asksCode: true,
      body: async (walker) => ({ token: walker.uuid, code: await walker.code() }),
      leadsTo: null,
      learn: (walker, { successToken }) => (walker.successToken = successToken),
    },
    {
      route: 'POST /my/password/restore',
      headers: ({ successToken }) => ({ successtoken: successToken }),
      body: ({ newPassword: password }) => ({ password }),
      leadsTo: null,
    },
  ],
  check: async (stack, walker) => [
    ...(await must(stack, walker, newPasswordOnce)),
    ...(await passwordNow(stack, walker, walker.newPassword)),
  ],
};

const asHimself = ({ accessToken }: Walker) => ({ authorization: `Bearer ${accessToken}` });

const otherNames: Walk = {
  name: 'other names',
  prepare: (walker) => walker.becomeClient({}),
  steps: [
    begin,
    { route: 'POST /my/signin', body: credentials, ...takesTokens },
    { route: 'GET /my/profile/wizard', headers: asHimself, leadsTo: 'profile_form', ...opensRun },
    {
      route: 'POST /my/profile/wizard',
      headers: asHimself,
      body: ({ uuid }) => ({ uuid, info: { firstName: 'Jane' } }),
      leadsTo: 'confirm_email',
    },
    { route: 'POST /my/profile/wizard', headers: asHimself, asksCode: true, body: withCode, leadsTo: 'end' },
  ],
  check: async (stack, walker) => [
    ...(await must(stack, walker, {
      'a change is asked for once': [ofClient('client_change ch'), 1],
      'operators are asked once': [ofClient(`(select * from application where change_id is not null) a`), 1],
      'nothing is changed before they say so': [
        `select count(*)::int as n from client where email = $1 and first_name = 'Ann'`,
        1,
      ],
    })),
    ...(await waitsForOperators(stack, walker)),
  ],
};

/** Whoever starts its run may die: then the sweep does. */
const waitsForOperators = async ({ pool }: Stack, { email }: Walker): Promise<Breach[]> => {
  for (const until = Date.now() + RUN_WITHIN_MS; Date.now() < until; await sleep(100)) {
    const { rowCount } = await pool.query(
      `select from client_change join client using (client_id) where email = $1 and workflow_started`,
      [email],
    );
    if (rowCount !== 0) return [];
  }
  return [{ invariant: 'a run waits for the operators', detail: 'there is none' }];
};
const RUN_WITHIN_MS = 30_000;

export const WALKS: readonly Walk[] = [registration, signIn, signInWithCode, forcedReset, recovery, otherNames];

const END = 'B2B\\TCA\\Wizards\\Workflow\\TerminateWorkflow';

/** Null when an answer is what the step must lead to. */
export const complaintAbout = ({ leadsTo }: WalkStep, { status, body }: Answer): string | null => {
  const { workflow, error } = (body ?? {}) as { workflow?: string; error?: { details?: { reason?: string }[] } };
  if (status < 200 || status >= 300) return `${status} ${error?.details?.[0]?.reason ?? ''}`.trim();
  if (leadsTo === null) return null;
  const expected = leadsTo === 'end' ? END : leadsTo;
  return workflow === expected ? null : `leads to ${workflow}`;
};
