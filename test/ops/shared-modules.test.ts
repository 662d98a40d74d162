import { globSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { QUICK_TIMINGS, TIMINGS } from '../../domain/timings.ts';
import { TestHub } from '../kit/hub.ts';

const root = new URL('../../', import.meta.url);

/** What a module keeps beside its constants: a variable, or a collection that nobody has promised to leave as it is. */
const KEEPS = /^(?:export )?(?:(?:let|var) |const \w+(?:: (?!Readonly)[^=]*)? = new (?:Weak)?(?:Map|Set)\b)/m;

describe('modules that all runs of a worker share', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await TestHub.start();
  });
  afterAll(() => hub.stop());

  it('keep nothing', () => {
    const files = globSync(['workflows/**/*.ts', 'domain/**/*.ts'], { cwd: root });
    expect(files).toContain('workflows/money/deposit.ts');
    expect(files.filter((file) => KEEPS.test(readFileSync(new URL(file, root), 'utf8')))).toEqual([]);
  });

  it.each([
    'let patience = 1;',
    'export let last: string | null = null;',
    'const seen = new Set<string>();',
    'const runs: Map<string, number> = new Map();',
    'export const byRun = new WeakMap();',
  ])('would be found to keep something: %s', (line) => expect(`import x from 'x';\n${line}\n`).toMatch(KEEPS));

  it('do not bring the waits of one run into another one', async () => {
    const client = await hub.clientWith('10', 'USDT');
    const quick = `payout:${await client.withdraw('1')}`;
    await hub.client.workflow.execute('sweep', { workflowId: 'sweep', taskQueue: 'hub' });
    expect(await waitsOf(quick)).toEqual(new Set([QUICK_TIMINGS.ownStep]));
    expect(await waitsOf('sweep')).toEqual(new Set([TIMINGS.ownStep]));
  });

  /** How long the activities on our own books may take, milliseconds. */
  const waitsOf = async (workflowId: string): Promise<Set<number>> => {
    const { events } = await hub.handle(workflowId).fetchHistory();
    const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) => one ?? []);
    const ours = scheduled.filter(({ taskQueue }) => taskQueue?.name === 'hub');
    return new Set(ours.map(({ startToCloseTimeout: timeout }) => Number(timeout!.seconds) * 1000));
  };
});
