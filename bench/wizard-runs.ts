import { randomBytes, randomUUID } from 'node:crypto';
import { callOnce } from './http.ts';
import type { Stack } from './stack.ts';

/** Questions in a row: a run is walked through some steps, not opened anew for each. */
export const STEPS = 40;

/** Each call from an address of its own: what one address may ask for is not what is measured. */
const headers = () => ({
  'content-type': 'application/json',
  'user-agent': 'bench',
  'x-forwarded-for': [10, ...randomBytes(3)].join('.'),
});
const json = (value: unknown) => JSON.stringify(value);

/** A registration whose first form is followed by many short ones, made through the books as an operator's would be. */
export const defineWizard = async ({ pool }: Stack): Promise<string> => {
  const field = (name: string, rules: string[], type = 'input') => ({
    name,
    type,
    rules,
    texts: [],
    options: [],
    default: null,
  });
  const form = (name: string, fields: object[]) => ({
    name,
    kind: 'form',
    when: null,
    settings: { stage: 'additional_info', captcha: false, fields },
  });
  const asked = Array.from({ length: STEPS }, (_, n) => form(`more-${n}`, [field('answer', ['required', 'min:2'])]));
  const main = form('main', [field('email', ['required']), field('password', ['required'], 'passwordButton')]);
  const end = { name: 'client', kind: 'create-client', when: null, settings: { typeByCountry: [], typeId: null } };
  const { rows } = await pool.query<{ uuid: string }>(
    `with made as (insert into wizard_definition (type, name, steps) values ('registration', 'Bench', $1) returning *),
          kept as (insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) select id, version, steps, lifetime_seconds, tries from made)
     select uuid from made`,
    [json([main, ...asked, end])],
  );
  return rows[0]!.uuid;
};

/** A run that waits at the first of the short forms. */
export const opened = async (origin: string, wizard: string): Promise<string> => {
  const call = (path: string, body: object) =>
    callOnce(origin, { method: 'POST', path: `/api/v2/my/signup${path}`, headers: headers(), body: json(body) }, 200);
  const { uuid } = (await call('/wizard', { wizard })) as { uuid: string };
  const fingerprint = Buffer.from(json({ user_agent: 'bench' })).toString('base64');
  await call('', {
    uuid,
    email: `${randomUUID()}@example.com`,
    password: 'Secret123',
    device_fingerprint: fingerprint,
  });
  return uuid;
};

export const stepOverRest = async (origin: string, uuid: string): Promise<void> => {
  const body = json({ uuid, answer: randomUUID() });
  const { workflow } = (await callOnce(
    origin,
    { method: 'POST', path: '/api/v2/my/signup', headers: headers(), body },
    200,
  )) as {
    workflow: string;
  };
  if (workflow !== 'additional_info') throw new Error(`the run waits at ${workflow}`);
};
