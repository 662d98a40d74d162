import { setTimeout as sleep } from 'node:timers/promises';
import { isAnswered } from '../hub-api.ts';
import type { Breach } from '../invariants.ts';
import { Random, seedOfRun } from '../random.ts';
import type { World } from '../run.ts';
import { carryOut, type Damage } from '../saboteur.ts';
import { type Journey, journeyOf, type Storm, STORMS } from './storm.ts';
import { PASSWORD_CANARY, Walker } from './walker.ts';
import { complaintAbout, type WalkStep } from './walks.ts';

export interface WizardPlan {
  seed: number;
  runs: number;
  from: number;
  run?: number;
  only?: Storm;
}

const QUIET_WITHIN_MS = 30_000;
const ANSWER_WITHIN_MS = 60_000;

/** Clients walk procedures in bad weather: each must come to its end, done once. True when there was no breach. */
export const wizardCampaign = async (world: World, plan: WizardPlan, say: (line: string) => void): Promise<boolean> => {
  const { stack } = world;
  stack.secrets['a password of a client'] = PASSWORD_CANARY;
  // People who solve a captcha are told apart elsewhere.
  await stack.pool.query(`update connection set enabled = false where provider = any($1)`, [['recaptcha', 'hcaptcha']]);
  const runs = plan.run === undefined ? Array.from({ length: plan.runs }, (_, n) => n).slice(plan.from) : [plan.run];
  const damage: Damage = { kills: 0 };
  const tally = new Map<Storm, number>();
  let repeated = 0;
  const began = Date.now();
  for (const run of runs) {
    const journey = journeyOf(plan.seed, run, plan.only);
    const since = Date.now();
    const { breaches, tries } = await travel(world, plan.seed, journey, damage);
    repeated += tries;
    tally.set(journey.storm, (tally.get(journey.storm) ?? 0) + 1);
    const where = `${journey.walk.name}, step ${journey.step + 1}/${journey.walk.steps.length} after ${journey.afterMs} ms`;
    say(
      `${String(run).padStart(4)}/${plan.runs} ${journey.storm.padEnd(10)} ${((Date.now() - since) / 1_000).toFixed(1).padStart(5)} s  ${breaches.length === 0 ? 'ok    ' : 'BREACH'} ${where}${journey.copies > 1 ? `, each ${journey.copies} times` : ''}`,
    );
    if (breaches.length === 0) continue;
    for (const { invariant, detail } of breaches) say(`  ${invariant}: ${detail}`);
    say(JSON.stringify({ ...journey, walk: journey.walk.name }));
    say(
      `Repeat it: npm run faults -- --wizards --seed ${plan.seed} --run ${run}${plan.only ? ` --only ${plan.only}` : ''}`,
    );
    return false;
  }
  const stuck = await stuckRuns(world);
  for (const line of stuck) say(`  BREACH: ${line}`);
  const storms = STORMS.flatMap((storm) => (tally.has(storm) ? [`${storm} ${tally.get(storm)}`] : []));
  say('');
  say(`storms: ${storms.join(', ')}`);
  say(
    `${runs.length} procedures in ${((Date.now() - began) / 1_000).toFixed(0)} s: ${damage.kills} kills, ${repeated} requests sent again, ${stuck.length === 0 ? 'no breach' : 'STUCK RUNS'}.`,
  );
  return stuck.length === 0;
};

interface Travelled {
  breaches: Breach[];
  /** Requests that had to be sent again. */
  tries: number;
}

const travel = async (world: World, seed: number, journey: Journey, damage: Damage): Promise<Travelled> => {
  const { stack, traces } = world;
  const { walk, step: struckAt, afterMs, strikes } = journey;
  const walker = new Walker(stack, new Random(seedOfRun(seed, journey.run)));
  await walk.prepare?.(walker, world);
  const breaches: Breach[] = [];
  let tries = 0;
  for (const [n, step] of walk.steps.entries()) {
    const striking =
      n === struckAt && strikes.length > 0
        ? sleep(afterMs).then(() => Promise.all(strikes.map((strike) => carryOut(stack, strike, damage))))
        : Promise.resolve();
    const going = go(world, walker, step, step.opens ? 1 : journey.copies);
    await striking;
    if (n === struckAt) await stack.heal();
    let { complaint, again } = await going;
    if (complaint === '400 invalid_code' && step.asksCode) {
      const other = await go(world, walker, step, 1);
      complaint = other.complaint;
      again += other.again + 1;
    }
    if (n === struckAt && walk.anyDevice && journey.storm === 'everything') walker.takeAnotherDevice();
    tries += again;
    if (complaint !== null) {
      breaches.push({ invariant: 'a step is taken, however often it is sent', detail: `${step.route}: ${complaint}` });
      break;
    }
  }
  if (breaches.length === 0) {
    breaches.push(...(await ended(world, walker)), ...(await walk.check(stack, walker)));
    breaches.push(...(await tokensWork(world, walker)));
  }
  breaches.push(...(await traces.checkRuns([`wizard:${walker.uuid}`])));
  return { breaches, tries };
};

/** Sends one step until it is answered, by as many as the journey says at the same moment; all must hear the same. */
const go = async (
  { api }: World,
  walker: Walker,
  { route, body, headers, learn, alike = (answer) => answer, ...step }: WalkStep,
  copies: number,
): Promise<{ complaint: string | null; again: number }> => {
  const said = { ...(body && { body: await body(walker) }), headers: { ...walker.headers, ...headers?.(walker) } };
  const path = route.replace('@email', encodeURIComponent(walker.email)).replace('@account', String(walker.account));
  let again = 0;
  const answers = await Promise.all(
    Array.from({ length: copies }, async () => {
      for (const until = Date.now() + ANSWER_WITHIN_MS; ; again++) {
        const answer = await api.once(path, said, 10_000);
        if (isAnswered(answer) || Date.now() > until) return answer;
        await sleep(150);
      }
    }),
  );
  for (const answer of answers) {
    const complaint = complaintAbout({ route, ...step }, answer);
    if (complaint !== null) return { complaint, again };
  }
  const heard = new Set(answers.map(({ body: answer }) => JSON.stringify(alike(answer))));
  if (step.leadsTo === 'end' && heard.size > 1) return { complaint: 'two answers that differ', again };
  learn?.(walker, answers[0]!.body);
  return { complaint: null, again };
};

/** The run is over, where Temporal is asked and where operators look. */
const ended = async ({ stack }: World, { uuid }: Walker): Promise<Breach[]> => {
  let seen = '';
  for (const until = Date.now() + QUIET_WITHIN_MS; Date.now() < until; await sleep(50)) {
    const { rows } = await stack.pool.query<{ state: string }>(`select state from wizard_run where uuid = $1`, [uuid]);
    const { status } = await stack.client.workflow.getHandle(`wizard:${uuid}`).describe();
    seen = `${rows[0]?.state}, ${status.name}`;
    if (seen === 'done, COMPLETED') return [];
  }
  return [{ invariant: 'a run that is done has ended', detail: seen }];
};

/**
 * Openings whose answer was lost are runs that nobody goes on with: each waits until it expires, seen by operators unless the API died before it had noted
 * that the run has begun.
 */
const stuckRuns = async ({ stack }: World): Promise<string[]> => {
  const { rows } = await stack.pool.query<{ id: string; state: string }>(
    `select 'wizard:' || uuid as id, state from wizard_run where state in ('opening', 'open')`,
  );
  const shown = new Set(rows.map(({ id }) => id));
  const stuck: string[] = [];
  for (const { id } of rows.filter(({ state }) => state === 'open')) {
    const { status } = await stack.client.workflow.getHandle(id).describe();
    if (status.name !== 'RUNNING') stuck.push(`${id} is shown as open and is ${status.name}`);
  }
  for await (const { workflowId } of stack.client.workflow.list({
    query: `ExecutionStatus = 'Running' and WorkflowType = 'wizard'`,
  }))
    if (!shown.has(workflowId)) stuck.push(`${workflowId} is running and not shown`);
  return stuck;
};

const tokensWork = async ({ api }: World, { accessToken: token }: Walker): Promise<Breach[]> => {
  if (token === '') return [];
  const { status } = await api.call('GET /my/accounts', { token });
  return status === 200 ? [] : [{ invariant: 'the tokens of the answer work', detail: String(status) }];
};
