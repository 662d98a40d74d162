import type pg from 'pg';
import type { z } from 'zod';
import type { Provider } from '../../adapters/kit/manifest.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import type { WizardRun } from '../../db/repositories/wizards.ts';
import type { Facts, Plan, Step, WizardType } from '../../domain/wizards/grammar.ts';
import type { Steer } from '../kit/activity.ts';
import type { OpenConnection } from '../kit/open-connection.ts';

/** Where a run is, for one of its steps. */
export interface At<S> {
  db: Queryable;
  ring: KeyRing;
  run: WizardRun;
  plan: Plan;
  step: Step;
  settings: S;
  /** What earlier steps kept, as one object. Personal data: never into an answer to Temporal, a log or a message of a failure. */
  draft: () => Promise<Record<string, unknown>>;
}

/** What the API knows of whoever asks. */
export interface Asked<S> extends At<S> {
  pool: pg.Pool;
  ip: string;
  userAgent: string;
  /** The sign-in of a client who is signed in. */
  family: string | null;
  /** 'de_DE' */
  locale: string;
  open: OpenConnection;
  provider: (id: string) => Provider;
  steer: Pick<Steer, 'startWaiting'>;
}

/** What a worker does a step with: all of it in the transaction of `db`. */
export interface Work<S> extends At<S> {
  provider: (id: string) => Provider;
  /** Workflow and run, for the audit. */
  by: { workflowId: string; runId: string };
  /** Messages that were promised here, to be started after the transaction. */
  promised: number[];
  /** Runs that were written down here, to be started after the transaction. */
  starting: Parameters<Steer['startWaiting']>[0][];
}

/** What a check makes of what was sent. */
export interface Judged {
  /** Sealed for later steps; a password only as its hash. */
  keep?: Record<string, unknown>;
  /** What the way depends on; goes into the history of the run. */
  facts?: Facts;
}

/**
 * One kind of step, in one place. It asks something (`sent`, `check`, and perhaps a `form`), or it does something (`apply`); both may `begin` with an
 * effect. A check runs in the API before the run hears of anything; `begin` and `apply` run in a worker and are harmless to repeat. All throw HubFailure,
 * or WrongFields for a form.
 */
export interface StepModule<S = unknown, B = unknown> {
  kind: string;
  /** In which wizards it may be used; undefined: in any. */
  types?: readonly WizardType[];
  settings: z.ZodType<S, unknown>;
  /** What earlier steps must have given, and what this one gives: 'email', 'client'. */
  takes?: readonly string[];
  gives?: (settings: S) => readonly string[];
  /** Also what it gives only where the client says it. Default: what it gives. */
  mayGive?: (settings: S) => readonly string[];
  /** Of a form: names it wants, and all that it takes. */
  body?: (settings: S) => { wants: readonly string[]; takes: readonly string[] };
  /** The step's name in answers, and all names that its settings may give it. */
  workflow?: (settings: S) => string;
  workflows?: readonly [string, ...string[]];
  /** `data` of the answer that asks for this step; null: there is nothing to say. */
  form?: (asked: Asked<S>) => Promise<unknown>;
  /** The shape of `data`, by which it is answered and documented. Its description says what the client sends. */
  asks?: z.ZodType;
  sent?: z.ZodType<B, unknown>;
  check?: (asked: Asked<S>, sent: B) => Promise<Judged>;
  begin?: (work: Work<S>) => Promise<void>;
  /** Sent once more while the next step waits, it stands instead of what was sent before. */
  replaceable?: true;
  /** Comes to it once more, because what led here was replaced: a code of before counts no more. Default: `again`. */
  anew?: (work: Work<S>) => Promise<void>;
  /** Sends its code once more. */
  again?: (work: Work<S>) => Promise<void>;
  apply?: (work: Work<S>) => Promise<Facts>;
}

export const defineStep = <S, B = never>(module: StepModule<S, B>): StepModule => module as unknown as StepModule;

/** Its run has something to do when it comes to it, and notes that it is there; of all others the run's answer is enough. */
export const beginsWithEffect = ({ begin }: StepModule): boolean => begin !== undefined;

/** It asks nothing: the run does it and goes on. */
export const isSilent = ({ apply }: StepModule): boolean => apply !== undefined;
