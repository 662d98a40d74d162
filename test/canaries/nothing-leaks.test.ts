import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../kit/hub.ts';
import { Processes } from './processes.ts';
import { scan, type Trace } from './scan.ts';
import { storedByTemporal, storedInDatabase, type Stored } from './stored.ts';
import { SelfService } from './self-service.ts';
import { CONFIDENTIAL, PERSONAL, Traffic } from './traffic.ts';

let processes: Processes;
let traffic: Traffic;
let written: Trace[];
let stored: Stored;

beforeAll(async () => {
  processes = await Processes.start();
  traffic = new Traffic(processes);
  await traffic.people();
  await traffic.signIns();
  await traffic.connect();
  await traffic.manage();
  // Before the hub is busy: here each answer counts.
  await traffic.guard();
  await traffic.steps();
  for (const trouble of [null, 'echo', 'garbage', 'timeout_before'] as const) await traffic.work(trouble);
  await traffic.webhooks();
  await traffic.test('echo', 'timeout_before', null);
  await traffic.answered();
  await new SelfService(processes, traffic).live();
  await traffic.look();
  stored = await storedByTemporal(processes.hub);
  await traffic.rotate();
  written = await processes.traces();
}, 240_000);
afterAll(() => processes?.stop());

describe('the traffic', () => {
  it('reached every provider and went through every kind of run', () => {
    const { sandboxes } = processes.hub;
    const reached = traffic.connections.filter(({ provider }) => sandboxes.module(provider.id).received.length > 0);
    expect(new Set(reached.map(({ provider }) => provider.id))).toEqual(
      // Mail speaks no HTTP: its runs are seen below.
      new Set(traffic.connections.map(({ provider }) => provider.id).filter((id) => id !== 'smtp')),
    );
    const kinds = new Set(stored.decoded.map(({ where }) => /history of ([a-z-]+):/.exec(where)?.[1]));
    for (const kind of ['deposit', 'payout', 'transfer', 'open-account', 'kyc', 'message', 'wizard'])
      expect(kinds).toContain(kind);
  });
});

describe('secrets', () => {
  it('of connections, people and the hub itself are in nothing it writes, says or stores in clear', async () => {
    const everything = [
      ...traffic.answers,
      ...written,
      ...stored.raw,
      ...stored.decoded,
      ...(await storedInDatabase(processes.hub)),
    ];
    expect(scan([...traffic.secrets, ...processes.canaries], everything)).toEqual([]);
  });
});

describe('personal data', () => {
  it('is in no log, no metric and nothing Temporal holds in clear', () => {
    expect(scan([...PERSONAL, ...CONFIDENTIAL], [...written, ...stored.raw])).toEqual([]);
  });

  it('is not even in histories that are decoded', () => {
    expect(scan(PERSONAL, stored.decoded)).toEqual([]);
  });
});

describe('the search', () => {
  const planted = (where: string) => ({ what: `planted in ${where}`, text: `planted-${where}-0001` });

  it('finds what is planted where the hub writes', async () => {
    const { hub } = processes;
    const run = planted('ids');
    const input = planted('inputs');
    const reason = planted('failures');
    const row = planted('rows');
    const log = planted('logs');
    const taskQueue = 'nobody-polls';
    await hub.client.workflow.start('deposit', { taskQueue, workflowId: run.text, args: [{ note: input.text }] });
    await hub.client.workflow.getHandle(run.text).terminate(reason.text);
    await hub.pool.query(`insert into tag (name) values ($1)`, [row.text]);
    const found = async () => {
      const { raw, decoded } = await storedByTemporal(hub, `WorkflowId = '${run.text}'`);
      const where = (lines: string[]) => new Set(lines.map((line) => line.split(',')[0]));
      return {
        raw: where(scan([run, input, reason], raw)),
        decoded: where(scan([run, input, reason], decoded)),
      };
    };
    await eventually(async () => (await found()).raw.size > 0, 'the run to be listed');
    expect(await found()).toEqual({ raw: new Set([run.what, reason.what]), decoded: new Set([input.what]) });
    expect(scan([row], await storedInDatabase(hub))).not.toEqual([]);

    // An id of a request is there to be found in the log; the name of an unknown setting is told.
    await fetch(`${processes.origin}/livez`, { headers: { 'x-request-id': log.text } });
    await processes.command('cli/keys.ts', ['list'], { [`HUB_${log.text}`]: '1' });
    await eventually(async () => {
      const lines = scan([log], await processes.traces());
      return ['the log of the api', 'cli/keys.ts'].every((place) => lines.some((line) => line.includes(place)));
    }, 'the log to be written');
  });
});
