import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../kit/hub.ts';
import { Processes } from './processes.ts';
import { scan, type Trace } from './scan.ts';
import { storedByTemporal, storedInDatabase, type Stored } from './stored.ts';
import { PERSONAL, Traffic } from './traffic.ts';

let processes: Processes;
let traffic: Traffic;
let written: Trace[];
let stored: Stored;

beforeAll(async () => {
  const T0 = Date.now();
  const lap = (s: string) => process.stderr.write(`${s} ${Date.now() - T0}\n`);
  processes = await Processes.start();
  traffic = new Traffic(processes);
  await traffic.people();
  await traffic.connect();
  await traffic.manage();
  lap('managed');
  for (const trouble of [null, 'echo', 'garbage', 'timeout_before'] as const) await traffic.work(trouble);
  lap('worked');
  await traffic.webhooks();
  await traffic.test('echo', 'timeout_before', null);
  lap('tested');
  await traffic.answered();
  lap('answered');
  await traffic.look();
  stored = await storedByTemporal(processes.hub);
  lap('stored');
  await traffic.rotate();
  written = await processes.traces();
  lap("rotated"); const tally: any = {}; for (const { where, text } of traffic.answers) { const k = where.replace(/\d+/g, "N") ; (tally[k] ??= []).push(text.slice(0, 140)); } (await import("node:fs")).writeFileSync("/tmp/p-answers.json", JSON.stringify(tally, null, 1)); (await import("node:fs")).writeFileSync("/tmp/p-runs.json", JSON.stringify(stored.raw.map((o) => o.where), null, 1)); (await import("node:fs")).writeFileSync("/tmp/p-logs.txt", written.map((o) => o.where + "\n" + o.text.slice(0,60000)).join("\n\n"));
}, 240_000);
afterAll(() => processes?.stop());

describe('secrets', () => {
  it('of connections are in nothing the hub writes, says or stores in clear', async () => {
    const all = [
      ...traffic.answers,
      ...written,
      ...stored.raw,
      ...stored.decoded,
      ...(await storedInDatabase(processes.hub)),
    ];
    expect(scan([...traffic.secrets, ...processes.canaries], all)).toEqual([]);
  });
});

describe('personal data', () => {
  it('is in no log, no metric and nothing Temporal holds in clear', () => {
    expect(scan(PERSONAL, [...written, ...stored.raw])).toEqual([]);
  });
  it('is not even in histories that are decoded', () => {
    expect(scan(PERSONAL, stored.decoded)).toEqual([]);
  });
});
