import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holds, type Facts, type Plan, type Step } from '../../domain/wizards/grammar.ts';
import { DEFAULT_WIZARDS } from '../../db/seed/wizards.ts';
import { findStep, ruleOf } from '../../activities/wizards/steps.ts';
import { mistakesIn } from '../../domain/wizards/definition.ts';
import { advanced, beforeTaking, beginning, whyNot, type WizardState } from '../../domain/wizards/machine.ts';

const facts = fc.record({ a: fc.integer({ min: 0, max: 2 }), b: fc.boolean() }) as fc.Arbitrary<Facts>;
const condition = fc.option(
  fc.record({ facts: fc.record({ a: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1 }) }) }),
  { nil: null },
);
const plan: fc.Arbitrary<Plan> = fc.array(condition, { minLength: 1, maxLength: 12 }).map((all) => ({
  lifetimeSeconds: 60,
  tries: 5,
  steps: all.map((when, n): Step => ({ name: `s${n}`, kind: 'k', when, settings: {} })),
}));

/** Walks to the end, each step finding out what the next of `found` says. */
const walk = (of: Plan, first: Facts, found: readonly Facts[]): WizardState[] => {
  const states = [beginning(of, first, [])];
  for (let n = 0; states.at(-1)!.position < of.steps.length; n++)
    states.push(advanced(of, states.at(-1)!, { facts: found[n % found.length]!, input: n }));
  return states;
};
const walks = fc.tuple(plan, facts, fc.array(facts, { minLength: 1, maxLength: 5 }));

describe('the step machine', () => {
  it('always reaches its end, only ever forward, through steps whose conditions hold', () => {
    fc.assert(
      fc.property(walks, ([of, first, found]) => {
        const states = walk(of, first, found);
        expect(states.length).toBeLessThanOrEqual(of.steps.length + 1);
        for (const [n, state] of states.entries()) {
          const step = of.steps[state.position];
          if (step) expect(holds(step.when, state.facts)).toBe(true);
          if (n > 0) expect(state.position).toBeGreaterThan(states[n - 1]!.position);
          expect(state.inputs).toHaveLength(n);
        }
      }),
    );
  });

  it('takes the step it waits for and no other, and nothing once it is over', () => {
    fc.assert(
      fc.property(walks, fc.nat(11), ([of, first, found], other) => {
        for (const state of walk(of, first, found)) {
          const waitsFor = of.steps[state.position]?.name;
          const name = `s${other}`;
          expect(whyNot(of, state, { step: name })).toBe(
            waitsFor === undefined ? 'over' : waitsFor === name ? null : 'wrong_step',
          );
          expect(whyNot(of, { ...state, over: 'expired' }, { step: waitsFor ?? name })).toBe('over');
        }
      }),
    );
  });

  it('lets what was taken last be replaced, and nothing before it', () => {
    fc.assert(
      fc.property(walks, ([of, first, found]) => {
        const states = walk(of, first, found);
        for (const [at, now] of states.slice(0, -1).entries()) {
          for (const [n, before] of states.slice(0, at).entries()) {
            const submission = {
              step: of.steps[before.position]!.name,
              replaces: now.inputs[n]!,
              input: 99,
              facts: {},
            };
            expect(whyNot(of, now, submission)).toBe(n === at - 1 ? null : 'wrong_step');
            if (n < at - 1) continue;
            const anew = advanced(of, beforeTaking(of, now, submission), submission);
            expect(anew.inputs).toEqual([...before.inputs, 99]);
            expect(anew.position).toBeGreaterThan(before.position);
          }
        }
      }),
    );
  });

  it('leaves out a step only because of what is known when it would be next', () => {
    fc.assert(
      fc.property(walks, ([of, first, found]) => {
        const states = walk(of, first, found);
        for (const [n, state] of states.entries()) {
          const from = n === 0 ? 0 : states[n - 1]!.position + 1;
          for (const step of of.steps.slice(from, state.position)) expect(holds(step.when, state.facts)).toBe(false);
        }
      }),
    );
  });
});

describe('a condition', () => {
  it('holds when all of it does; what is not known does not', () => {
    const when = { countryIds: [1, 2], facts: { factor: ['google'] } };
    expect(holds(null, {})).toBe(true);
    expect(holds(when, { countryId: 2, factor: 'google' })).toBe(true);
    expect(holds(when, { countryId: 3, factor: 'google' })).toBe(false);
    expect(holds(when, { factor: 'google' })).toBe(false);
    expect(holds({ clientTypeIds: [5] }, { clientTypeId: 5 })).toBe(true);
  });
});

describe('every wizard that is seeded', () => {
  it.each(DEFAULT_WIZARDS.map((one) => [one.type, one.steps] as const))('could be saved: %s', (type, steps) => {
    expect(mistakesIn(type, steps, ruleOf)).toEqual([]);
    for (const { kind, settings } of steps) expect(findStep(kind)!.settings.parse(settings)).toMatchObject(settings);
  });
});
