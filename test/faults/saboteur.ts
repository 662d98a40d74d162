import { setTimeout as sleep } from 'node:timers/promises';
import type { Verb, WireCall } from '../../adapters/kit/conformance.ts';
import type { ReceivedRequest } from '../../sandbox/control.ts';
import type { Fault, Moment, Scenario } from './scenario.ts';
import type { Stack } from './stack.ts';
import { BOOKKEEPERS } from './venues.ts';

export interface Damage {
  kills: number;
}

const WRITES: readonly Verb[] = ['createDeposit', 'createPayout', 'createRefund', 'applyBalance', 'createAccount'];
const READS: readonly Verb[] = ['findDeposit', 'findPayout', 'findRefund', 'findBalanceOperation'];

/** The vendor's requests that carry out these verbs. */
const callsOf = (stack: Stack, provider: string, verbs: readonly Verb[]): WireCall[] => {
  const { calls } = stack.sandbox(provider).vendor.conformance!;
  return verbs.flatMap((verb) => calls[verb] ?? []);
};

/** Requests of earlier runs. */
type Old = ReadonlySet<ReceivedRequest>;

/** If the moment does not come — another fault kept it from coming — the strike falls anyway. */
const PATIENCE_MS = 3_000;

const untilMoment = async (stack: Stack, when: Moment, old: Old): Promise<void> => {
  if (when.at === 'time') return sleep(when.afterMs);
  const until = Date.now() + PATIENCE_MS;
  const before = stack.sandbox(when.provider).books().length;
  while (Date.now() < until && !hasCome(stack, when, old, before)) await sleep(2);
  await sleep(when.plusMs);
};

const hasCome = (
  stack: Stack,
  { provider, stage }: Extract<Moment, { at: 'write' }>,
  old: Old,
  before: number,
): boolean => {
  const { received, vendor } = stack.sandbox(provider);
  if (stage === 'effect') return vendor.books().length > before;
  const writes = callsOf(stack, provider, WRITES);
  return received.some((request) => {
    if (old.has(request)) return false;
    // Whatever is asked first is the sign-in, or the look, before a write.
    if (stage === 'coming') return true;
    const { method, url, body, status } = request;
    const isWrite = writes.some(
      (write) => method === write.method && url.startsWith(write.path) && body.includes(write.body ?? ''),
    );
    return isWrite && (stage === 'seen' || status !== undefined);
  });
};

const strike = async (stack: Stack, fault: Fault, old: Old, damage: Damage): Promise<void> => {
  switch (fault.does) {
    case 'spoil':
    case 'callbacks':
      return; // set before the stories begin
    case 'kill':
    case 'database':
    case 'meddle':
      await untilMoment(stack, fault.when, old);
      await carryOut(stack, fault, damage);
  }
};

/** A strike whose moment has come. What it broke may still be broken afterwards. */
export const carryOut = async (
  stack: Stack,
  fault: Extract<Fault, { does: 'kill' | 'database' | 'meddle' }>,
  damage: Damage,
): Promise<void> => {
  switch (fault.does) {
    case 'kill':
      damage.kills += 1;
      if (fault.what === 'temporal') {
        await stack.killTemporal();
        await sleep(fault.downMs);
        await stack.startTemporal();
      } else {
        await stack[fault.what].kill();
        await sleep(fault.downMs);
        await stack[fault.what].start();
      }
      return;
    case 'database':
      switch (fault.how) {
        case 'cut':
        case 'reset':
          stack.proxy.set({ is: 'refusing' });
          stack.proxy.drop(fault.how);
          break;
        case 'terminate':
          await stack.terminateSessions();
          await sleep(fault.forMs);
          await stack.terminateSessions();
          return;
        case 'half-open':
        case 'unanswered':
          stack.proxy.set({ is: fault.how });
          break;
        case 'drip':
          stack.proxy.set({ is: 'drip', bytesPer10Ms: 200 });
          break;
        case 'latency':
          stack.proxy.set({ is: 'latency', ms: 40 });
          break;
      }
      await sleep(fault.forMs);
      stack.proxy.heal();
      return;
    case 'meddle':
      await Promise.all((await openRuns(stack)).map((workflowId) => meddle(stack, workflowId, fault)));
  }
};

const openRuns = async ({ pool }: Stack): Promise<string[]> =>
  (
    await pool.query<{ workflowId: string }>(
      `select workflow_id as "workflowId" from money_transaction where process_time is null and workflow_started
       union all
       select 'open-account:' || account_id from account where status = 'opening' and workflow_started
       union all
       select 'account-change:' || id from account_change where state in ('waiting', 'withdrawing') and workflow_started`,
    )
  ).rows.map(({ workflowId }) => workflowId);

/** One that has come to its end meanwhile is left alone. */
const meddle = async (
  { client }: Stack,
  workflowId: string,
  { how, back, cancels }: Extract<Fault, { does: 'meddle' }>,
): Promise<void> => {
  const run = client.workflow.getHandle(workflowId);
  const { runId, status } = await run.describe();
  if (status.name !== 'RUNNING') return;
  if (how === 'terminate') return void (await run.terminate('somebody did').catch(() => undefined));
  const { events = [] } = await run.fetchHistory();
  const tasks = events!.filter((one) => one.workflowTaskCompletedEventAttributes);
  const task = tasks.at(-back) ?? tasks[0];
  if (!task) return;
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: task.eventId!,
    reason: 'somebody did',
    requestId: runId,
  });
  if (cancels) await run.cancel().catch(() => undefined);
};

/** Prepares what must lie in wait before the stories begin. */
export const lay = (stack: Stack, { faults }: Scenario): void => {
  for (const fault of faults) {
    if (fault.does === 'callbacks') stack.sandbox(fault.provider).setCallbacks(fault.mode, fault.copies);
    if (fault.does !== 'spoil') continue;
    const { provider, on, kind, times, ms, retryAfter } = fault;
    const more = { ...(ms === undefined ? {} : { ms }), ...(retryAfter === undefined ? {} : { retryAfter }) };
    for (const match of callsOf(stack, provider, on === 'read' ? READS : WRITES))
      stack.sandbox(provider).fault({ match, kind, times, ...more });
  }
};

/** Does the rest, each in its moment. Comes back when the last strike is over; what it broke may still be broken. */
export const sabotage = async (stack: Stack, { faults }: Scenario, damage: Damage): Promise<void> => {
  const old: Old = new Set(BOOKKEEPERS.flatMap((id) => stack.sandbox(id).received));
  await Promise.all(faults.map((fault) => strike(stack, fault, old, damage)));
};
