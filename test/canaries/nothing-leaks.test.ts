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
  lap('started');
  traffic = new Traffic(processes);
  await traffic.people();
  await traffic.connect();
  lap('connected');
  await traffic.manage();
  lap('managed');
  await traffic.work(null);
  lap('worked');
  await traffic.webhooks();
  for (const trouble of ['echo', 'garbage', 'timeout_before'] as const) {
    await traffic.work(trouble);
    lap(trouble);
  }
  await traffic.test();
  lap('tested');
  await traffic.look();
  await traffic.rotate();
  lap('rotated');
  written = await processes.traces();
  stored = await storedByTemporal(processes.hub);
  lap('stored');
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
