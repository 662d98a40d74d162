import { HUB_QUEUE } from '../../domain/queues.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { hire, type Office } from './cast.ts';
import type { HubApi } from './hub-api.ts';
import { type Breach, checkRun } from './invariants.ts';
import { bankOf, Operators, standings } from './operators.ts';
import { type Damage, lay, sabotage } from './saboteur.ts';
import type { Scenario } from './scenario.ts';
import type { Stack } from './stack.ts';
import { type Methods, tell, type Telling } from './teller.ts';
import type { Traces } from './traces.ts';
import { BOOKKEEPERS } from './venues.ts';

export interface World {
  stack: Stack;
  api: HubApi;
  office: Office;
  methods: Methods;
  traces: Traces;
}

export interface Outcome {
  breaches: Breach[];
  tellings: Telling[];
  stages: string[];
  kills: number;
  /** How long each part took. */
  parts: string;
  /** Callbacks that came again and were only counted. */
  duplicates: number;
  ms: number;
}

const QUIET_WITHIN_MS = 60_000;

/** One run: bad weather over some stories, then fine weather until all is quiet (liveness), then the books are compared (safety). */
export const perform = async (world: World, scenario: Scenario): Promise<Outcome> => {
  const { stack, api, office, methods, traces } = world;
  const began = Date.now();
  const tellings: Telling[] = await Promise.all(
    scenario.stories.map(async (story) => ({
      story,
      client: await hire(stack, api, office, story),
      orders: [],
      paid: new Map<number, number>(),
      paidTwice: new Set<number>(),
      decisions: [],
    })),
  );
  const clock = new Stopwatch();
  const duplicatesBefore = await duplicates(stack);
  const deathsBefore = stack.worker.deaths + stack.api.deaths;
  const meddling = scenario.faults.find((fault) => fault.does === 'meddle');
  const operators = new Operators(stack, api, office, tellings, meddling);
  const damage: Damage = { kills: 0 };
  lay(stack, scenario);
  const working = operators.work();
  const telling = Promise.all(tellings.map((one) => tell(stack, api, office, methods, one)));
  await sabotage(stack, scenario, damage);
  clock.lap('faults');

  const breaches: Breach[] = [];
  try {
    await stack.heal();
    clock.lap('recovery');
    await Promise.race([telling, sleep(QUIET_WITHIN_MS, undefined, { ref: false })]);
    clock.lap('answers');
    breaches.push(...(await untilQuiet(stack, operators, tellings, false)));
    clock.lap('quiet');
    if (await afterwards(stack, scenario)) breaches.push(...(await untilQuiet(stack, operators, tellings, true)));
    clock.lap('afterwards');
  } catch (error) {
    breaches.push({ invariant: 'the hub recovers', detail: error instanceof Error ? error.message : String(error) });
  }
  operators.stop();
  await working;
  breaches.push(...(await checkRun(stack, tellings, meddling !== undefined)), ...(await traces.check(tellings)));
  clock.lap('checks');
  if (stack.worker.deaths + stack.api.deaths > deathsBefore)
    breaches.push({ invariant: 'no process ends by itself', detail: 'see the logs' });
  const end = await standings(
    stack,
    tellings.map(({ client }) => client.clientId),
  );
  return {
    breaches,
    tellings,
    stages: end.map(({ workflowId, stage, amount }) => `${workflowId} ${amount} ${stage}`),
    kills: damage.kills,
    parts: clock.laps.join(', '),
    duplicates: (await duplicates(stack)) - duplicatesBefore,
    ms: Date.now() - began,
  };
};

/** Late, forged and reversed things come after the stories' end. True when there were some. */
const afterwards = async (stack: Stack, { faults, stories }: Scenario): Promise<boolean> => {
  let odd = false;
  for (const fault of faults) {
    if (fault.does !== 'callbacks') continue;
    odd = true;
    const bank = stack.sandbox(fault.provider);
    bank.setCallbacks('normal');
    await bank.callbacksSettled();
    // The provider sends again what was refused.
    await bank.advanceClock('6m');
  }
  const reversed = stories.filter(
    ({ venue, amount, refund }) => (refund ?? amount).endsWith('.07') && bankOf(stack, venue),
  );
  for (const bank of new Set(reversed.map(({ venue }) => bankOf(stack, venue)!))) await bank.advanceClock('25h');
  await callbacksSettled(stack);
  return (await hoursPass(stack)) || odd || reversed.length > 0;
};

const callbacksSettled = async (stack: Stack): Promise<void> => {
  for (const id of BOOKKEEPERS) await stack.sandbox(id).callbacksSettled();
};

/** Pages that ended unpaid are looked at again after hours: whatever was paid there without a callback is found then. */
const hoursPass = async ({ pool, client }: Stack): Promise<boolean> => {
  const { rows } = await pool.query<{ reference: string }>(
    `update money_transaction set next_look = now() where next_look is not null returning reference`,
  );
  if (rows.length === 0) return false;
  await client.workflow.execute('sweep', { workflowId: `sweep-${Date.now()}`, taskQueue: HUB_QUEUE });
  // Awaited by name: the list of running runs shows a new one only after a moment.
  for (const { reference } of rows)
    await client.workflow
      .getHandle(`arrivals:${reference}`)
      .result()
      .catch(() => undefined);
  await pool.query(`update money_transaction set next_look = null where next_look is not null`);
  return true;
};

/** Resolves when every story is over, nobody waits for an answer, no callback waits and no run is open; tells what is not so in time. */
const untilQuiet = async (
  stack: Stack,
  operators: Operators,
  tellings: readonly Telling[],
  reversed: boolean,
): Promise<Breach[]> => {
  const until = Date.now() + QUIET_WITHIN_MS;
  for (;;) {
    const noise = await loud(stack, operators, tellings, reversed);
    if (noise.length === 0) return [];
    if (Date.now() > until) return noise.map((detail) => ({ invariant: 'everything comes to its end', detail }));
    await sleep(40);
  }
};

const loud = async (
  stack: Stack,
  operators: Operators,
  tellings: readonly Telling[],
  reversed: boolean,
): Promise<string[]> => {
  const { pool, client } = stack;
  const { rows: open } = await pool.query<{ what: string }>(
    `select workflow_id || ' is ' || stage || coalesce(': ' || needs_human, '') as what from money_transaction
      where client_id = any($1) and process_time is null
     union all
     select workflow_id || ' came back at the provider and is still done' from money_transaction
      where client_id = any($1) and $2 and type = 'withdrawal' and stage = 'done' and connection_id is not null and amount::text ~ '\\.070*$'
     union all
     select workflow_id || ' was taken back at the provider and is still credited' from money_transaction t
      where client_id = any($1) and $2 and type = 'deposit' and stage = 'done' and amount::text ~ '\\.070*$'
        and not exists (select from deposit_reversal r where r.transaction_id = t.transaction_id)
     union all
     select 'account ' || account_id || ' is being opened' from account where client_id = any($1) and status = 'opening'
     union all
     select 'change ' || id || ' of an account is ' || state from account_change where client_id = any($1) and state in ('waiting', 'withdrawing')
     union all
     select 'callback ' || id || ' waits (' || status || ')' from webhook where status in ('received', 'parked')
     union all
     select 'request ' || id || ' is open (' || purpose || ')' from application where client_id = any($1) and status_id in (0, 3)`,
    [tellings.map((telling) => telling.client.clientId), reversed],
  );
  if (open.length > 0) return open.map(({ what }) => what);
  if (operators.talking) return ['an operator waits for an answer'];
  await callbacksSettled(stack);
  const running: string[] = [];
  for await (const { workflowId, type } of client.workflow.list({
    query: `ExecutionStatus = 'Running' and WorkflowType != 'sweep'`,
  }))
    running.push(`${type} ${workflowId} is running`);
  return running;
};

const duplicates = async ({ pool }: Stack): Promise<number> =>
  (await pool.query<{ n: number }>(`select coalesce(sum(copies - 1), 0)::int as n from webhook`)).rows[0]!.n;

/** How long each part of a run took. */
class Stopwatch {
  readonly laps: string[] = [];
  private last = Date.now();

  lap(what: string): void {
    const now = Date.now();
    this.laps.push(`${what} ${now - this.last} ms`);
    this.last = now;
  }
}
