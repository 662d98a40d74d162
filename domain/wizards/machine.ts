import { holds, type Facts, type Plan } from './grammar.ts';

export type WizardEnd = 'done' | 'expired' | 'cancelled' | 'failed';

/** Something a client sent for a step: `input` is the number under which it is kept. */
export interface Submission {
  step: string;
  input: number;
  /** What the check found out. */
  facts: Facts;
}

/** How far a run is. `position`: the step it waits at, or works on; past the last one when all is done. */
export interface WizardState {
  position: number;
  facts: Facts;
  /** What was taken, in order. */
  inputs: readonly number[];
  over: WizardEnd | null;
}

/** Where a run is after a step: `step` null when there is none left. */
export interface WizardPlace {
  step: string | null;
  over: WizardEnd | null;
  /** Known once there is one. */
  clientId: number | null;
}

/** Where a run is, and what it has taken on its way there. */
export type WizardWhereabouts = Pick<WizardPlace, 'step' | 'over'> & { inputs: readonly number[] };

/** The first step from `position` on whose condition holds; `steps.length` when there is none. */
const reachable = ({ steps }: Plan, position: number, facts: Facts): number => {
  const ahead = steps.findIndex((step, at) => at >= position && holds(step.when, facts));
  return ahead < 0 ? steps.length : ahead;
};

/** `inputs`: what was sent with the opening. */
export const beginning = (plan: Plan, facts: Facts, inputs: readonly number[]): WizardState => ({
  position: reachable(plan, 0, facts),
  facts,
  inputs,
  over: null,
});

export type Refusal = 'over' | 'wrong_step';

/** Why a submission cannot be taken now; null: it can. */
export const whyNot = (plan: Plan, state: WizardState, step: string): Refusal | null => {
  if (state.over !== null || state.position >= plan.steps.length) return 'over';
  return plan.steps[state.position]!.name === step ? null : 'wrong_step';
};

/** Where a run goes from where it is. Only ever forward. */
export const advanced = (plan: Plan, state: WizardState, found: { facts: Facts; input?: number }): WizardState => {
  const facts = { ...state.facts, ...found.facts };
  return {
    ...state,
    facts,
    inputs: found.input === undefined ? state.inputs : [...state.inputs, found.input],
    position: reachable(plan, state.position + 1, facts),
  };
};
