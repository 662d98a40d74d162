import { describe, expect, it } from '@jest/globals';
import { scenarioOf } from './generator.ts';
import { Random, seedOfRun } from './random.ts';
import { FAULT_KINDS } from './scenario.ts';
import { VENUES } from './venues.ts';
import { PAYOUT_WALKS } from './wizards/payout-walks.ts';
import { journeyOf, STORMS } from './wizards/storm.ts';
import { WALKS } from './wizards/walks.ts';

describe('a fault campaign', () => {
  it('is the same every time it has the same seed', () => {
    for (let run = 0; run < 200; run++) expect(scenarioOf(7, run)).toEqual(scenarioOf(7, run));
  });

  it('is another one with another seed', () => {
    const told = (seed: number) =>
      JSON.stringify(Array.from({ length: 20 }, (_, run) => scenarioOf(seed, run).stories));
    expect(told(1)).not.toBe(told(2));
  });

  it('meets every kind of fault in as many runs as there are kinds', () => {
    const met = new Set(FAULT_KINDS.map((_, run) => scenarioOf(3, run).kind));
    expect(met).toEqual(new Set(FAULT_KINDS));
  });

  it('keeps to one kind when asked to', () => {
    for (let run = 0; run < 20; run++) expect(scenarioOf(1, run, 'lost-reply').kind).toBe('lost-reply');
  });

  it('tells one to four stories in amounts a currency of two decimals has', () => {
    for (let run = 0; run < 500; run++) {
      const { stories } = scenarioOf(11, run);
      expect(stories.length).toBeGreaterThanOrEqual(1);
      expect(stories.length).toBeLessThanOrEqual(4);
      expect(new Set(stories.map(({ name }) => name)).size).toBe(stories.length);
      for (const { amount } of stories) expect(amount).toMatch(/^\d{2,4}\.\d{2}$/);
    }
  });

  it('visits every connection that moves money, each with everything it does', () => {
    const told = new Set<string>();
    for (let run = 0; run < 500; run++)
      for (const { venue, kind } of scenarioOf(1, run).stories) told.add(`${venue} ${kind}`);
    expect(VENUES.length).toBeGreaterThanOrEqual(12);
    for (const { name, does } of VENUES) for (const kind of does) expect(told).toContain(`${name} ${kind}`);
  });

  it('strikes in every run but the calm ones and those whose story is the trouble', () => {
    const quiet = [
      'calm',
      'callback-first',
      'two-deciders',
      'double-approval',
      'own-request',
      'double-order',
      'racing-payouts',
    ];
    for (let run = 0; run < 200; run++) {
      const { kind, faults } = scenarioOf(5, run);
      if (!quiet.includes(kind)) expect(faults.length).toBeGreaterThan(0);
    }
  });
});

describe('the generator of chance', () => {
  it('gives numbers from zero up to one, spread evenly', () => {
    const random = new Random(1);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 10_000; n++) {
      const next = random.next();
      expect(next >= 0 && next < 1).toBe(true);
      tenths[Math.floor(next * 10)]! += 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('gives neighbouring runs seeds of their own', () => {
    expect(new Set(Array.from({ length: 1_000 }, (_, run) => seedOfRun(1, run))).size).toBe(1_000);
  });
});

describe('a campaign over procedures', () => {
  it('meets every step with every storm in as many runs as that takes', () => {
    const steps = [...WALKS, ...PAYOUT_WALKS].reduce((sum, { steps: of }) => sum + of.length, 0);
    const met = new Set<string>();
    for (let run = 0; run < steps * STORMS.length; run++) {
      const { walk, step, storm } = journeyOf(12, run);
      met.add(`${walk.name} ${step} ${storm}`);
    }
    expect(met.size).toBe(steps * STORMS.length);
  });
});
