import { randomBytes, randomUUID } from 'node:crypto';
import { callOnce } from './http.ts';
import type { Stack } from './stack.ts';

/** Questions in a row: a run is walked through some steps, not opened anew for each. */
export const STEPS = 40;

const json = (value: unknown) => JSON.stringify(value);

/** Each call from an address of its own: what one address may ask for is not what is measured. */
export const callAsClient = async (
  origin: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<Record<string, unknown>> => {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'bench',
    'x-forwarded-for': [10, ...randomBytes(3)].join('.'),
  };
  const call = { method, path: `/api/v2/my${path}`, headers, ...(body && { body: json(body) }) };
  return (await callOnce(origin, call, 200)) as Record<string, unknown>;
};

export const FINGERPRINT = Buffer.from(json({ user_agent: 'bench' })).toString('base64');

const form = (name: string, fields: [name: string, type: string, rules: string[]][]) => ({
  name,
  kind: 'form',
  when: null,
  settings: {
    stage: 'additional_info',
    captcha: false,
    fields: fields.map(([field, type, rules]) => ({ name: field, type, rules, texts: [], options: [], default: null })),
  },
});
const MAIN = form('main', [
  ['email', 'input', ['required']],
  ['password', 'passwordButton', ['required']],
]);
const QUESTIONS = Array.from({ length: STEPS }, (_, n) =>
  form(`more-${n}`, [['answer', 'input', ['required', 'min:2']]]),
);
const END = { name: 'client', kind: 'create-client', when: null, settings: { typeByCountry: [], typeId: null } };

/** A registration of many short forms, made through the books as an operator's would be; `first`: what comes before them. Answers its uuid. */
export const defineWizard = async ({ pool }: Stack, name: string, first: object[] = [MAIN]): Promise<string> => {
  const { rows } = await pool.query<{ uuid: string }>(
    `with made as (insert into wizard_definition (type, name, steps) values ('registration', $1, $2) returning *),
          kept as (insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) select id, version, steps, lifetime_seconds, tries from made)
     select uuid from made`,
    [name, json([...first, ...QUESTIONS, END])],
  );
  return rows[0]!.uuid;
};

/** A run that waits at its first step. */
export const begun = async (origin: string, wizard: string): Promise<string> =>
  (await callAsClient(origin, 'POST', '/signup/wizard', { wizard }))['uuid'] as string;

/** A run that waits at the first of the short forms. */
export const opened = async (origin: string, wizard: string): Promise<string> => {
  const uuid = await begun(origin, wizard);
  const email = `${randomUUID()}@example.com`;
  await callAsClient(origin, 'POST', '/signup', {
    uuid,
    email,
    password: 'Secret123',
    device_fingerprint: FINGERPRINT,
  });
  return uuid;
};

export const stepOverRest = async (origin: string, uuid: string): Promise<void> => {
  const { workflow } = await callAsClient(origin, 'POST', '/signup', { uuid, answer: randomUUID() });
  if (workflow !== 'additional_info') throw new Error(`the run waits at ${String(workflow)}`);
};
