import { randomBytes, randomUUID } from 'node:crypto';
import type { Bench, Way } from './figure.ts';
import { callOnce } from './http.ts';
import { forSome, oneByOne } from './load.ts';
import { BARE_QUEUE } from './queues.ts';
import type { Stack } from './stack.ts';
import { bareStep, type bareSteps, type Kind } from './workflows.ts';

const FEW = 15;
const LANES = 8;
const MS = 3_000;
/** Questions in a row: a run is walked through some steps, not opened anew for each. */
const STEPS = 40;

/** Each call from an address of its own: what one address may ask for is not what is measured. */
const headers = () => ({
  'content-type': 'application/json',
  'user-agent': 'bench',
  'x-forwarded-for': [10, ...randomBytes(3)].join('.'),
});
const json = (value: unknown) => JSON.stringify(value);

/** A registration whose first form is followed by many short ones, made through the books as an operator's would be. */
const define = async ({ pool }: Stack): Promise<string> => {
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
const opened = async (origin: string, wizard: string): Promise<string> => {
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

const stepOverRest = async (origin: string, uuid: string): Promise<void> => {
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

const bareRun = async ({ client }: Stack): Promise<string> => {
  const workflowId = `bare-steps:${randomUUID()}`;
  await client.workflow.start<typeof bareSteps>('bareSteps', { taskQueue: BARE_QUEUE, workflowId, args: [] });
  return workflowId;
};

const bareUpdate = async ({ client }: Stack, workflowId: string, activity: Kind | 'none'): Promise<void> => {
  const args: [{ activity: Kind | 'none' }] = [{ activity }];
  await client.workflow.getHandle(workflowId).executeUpdate(bareStep, { args, updateId: randomUUID() });
};

const bare = (stack: Stack, activity: Kind | 'none'): Way => ({
  name: activity === 'none' ? 'bare Update' : `bare Update, one empty ${activity} activity`,
  round: async () => {
    const run = await bareRun(stack);
    const time = await oneByOne(Array.from({ length: FEW }), () => bareUpdate(stack, run, activity));
    await stack.client.workflow.getHandle(run).terminate('measured');
    return time;
  },
});

/** Each lane walks runs of its own, with a new one when the last is at its end. */
const rate = (open: () => Promise<string>, step: (run: string) => Promise<void>) => async (): Promise<number> => {
  const lanes = await Promise.all(Array.from({ length: LANES * 4 }, open));
  const at = lanes.map(() => 0);
  return forSome(MS, LANES, async (lane) => {
    const mine = [0, 1, 2, 3].map((n) => lane * 4 + n).find((n) => at[n]! < STEPS - 1);
    if (mine === undefined) throw new Error('a lane has used up its runs');
    at[mine] = at[mine]! + 1;
    await step(lanes[mine]!);
  });
};

export const wizardBench: Bench = {
  name: 'wizard',
  setUp: async (stack) => {
    const origin = await stack.api();
    const wizard = await define(stack);
    const update = bare(stack, 'none');
    return [
      {
        name: 'Wizard step, one at a time',
        unit: 'ms, median of a round',
        ours: {
          name: 'ours: POST /my/signup',
          round: async () => {
            const uuid = await opened(origin, wizard);
            return oneByOne(Array.from({ length: FEW }), () => stepOverRest(origin, uuid));
          },
        },
        references: [update, bare(stack, 'local')],
        targets: [{ against: update.name, atMost: 1.5 }],
        notes: async () => [
          'A form of one field: read, kept sealed, taken by its run, which notes in our books where it is.',
        ],
      },
      {
        name: `Wizard steps, ${LANES} at once`,
        unit: 'steps/s',
        ours: {
          name: 'ours: POST /my/signup',
          round: rate(
            () => opened(origin, wizard),
            (uuid) => stepOverRest(origin, uuid),
          ),
        },
        references: [
          {
            name: 'bare Updates',
            round: rate(
              () => bareRun(stack),
              (run) => bareUpdate(stack, run, 'none'),
            ),
          },
        ],
        targets: [{ against: 'bare Updates', atLeast: 0.75 }],
      },
    ];
  },
};
