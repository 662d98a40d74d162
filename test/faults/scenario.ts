import type { CallbackMode } from '../../sandbox/callbacks.ts';
import type { FaultOrder } from '../../sandbox/faults.ts';

/** What can go wrong. Each run has one of these; the table at the end counts by them. */
export const FAULT_KINDS = [
  'calm',
  'worker-before-call',
  'worker-during-call',
  'worker-after-effect',
  'worker-before-report',
  'worker-any-time',
  'api-after-each-step',
  'temporal-restart',
  'database-cut',
  'database-terminate',
  'database-reset',
  'database-half-open',
  'database-unanswered',
  'database-slow',
  'lost-reply',
  'late-reply',
  'error-500',
  'error-500-after-effect',
  'rate-limited',
  'garbage',
  'garbage-after-effect',
  'slow-drip',
  'reset-before',
  'probe-fails',
  'callback-duplicates',
  'callback-first',
  'callback-reordered',
  'callback-late',
  'callback-forged',
  'callback-stale',
  'callback-dropped',
  'two-deciders',
  'double-approval',
  'own-request',
  'double-order',
  'racing-payouts',
  'run-terminated',
  'run-reset',
  'everything-dies',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** When to strike: after so long, or when a provider has a write in its hands. */
export type Moment =
  | { at: 'time'; afterMs: number }
  /** `coming`: the call before the write. `seen`: the write arrived. `effect`: it is in the books. `answered`: its answer is out. */
  | { at: 'write'; provider: string; stage: 'coming' | 'seen' | 'effect' | 'answered'; plusMs: number };

export type Fault =
  | {
      does: 'spoil';
      provider: string;
      on: 'write' | 'read';
      kind: FaultOrder['kind'];
      times: number;
      ms?: number;
      retryAfter?: number;
    }
  | { does: 'kill'; what: 'worker' | 'api' | 'temporal'; when: Moment; downMs: number }
  | {
      does: 'database';
      how: 'cut' | 'reset' | 'terminate' | 'half-open' | 'unanswered' | 'drip' | 'latency';
      when: Moment;
      forMs: number;
    }
  /** Somebody at Temporal UI, to every run that moves money at that moment. */
  | {
      does: 'meddle';
      how: 'terminate' | 'reset';
      /** How many of its last tasks are done again. */
      back: number;
      /** Cancels it in the same breath. */
      cancels: boolean;
      when: Moment;
    }
  | { does: 'callbacks'; provider: string; mode: CallbackMode; copies: number };

export type StoryKind =
  | 'payout'
  | 'hand-payout'
  | 'deposit'
  | 'hand-deposit'
  | 'refund'
  | 'to-platform'
  | 'from-platform'
  | 'between-wallets'
  | 'open-account'
  | 'change-account';

export interface Story {
  name: string;
  kind: StoryKind;
  /** Through which connection; null: the hub is among itself. */
  venue: string | null;
  /** Its minor part may be magic: the sandboxes decide by it. */
  amount: string;
  startAfterMs: number;
  /** The same request under one key, so many times at once. */
  copies: number;
  /** Other orders of the same amount, each with its own key, on a balance that covers one. */
  rivals: number;
  /** `race`: two persons, one each way, at one moment. `double`: one person, twice at one moment. `own`: the requester tries first. */
  decision: 'approve' | 'reject' | 'race' | 'double' | 'own' | 'cancel';
  /** What the payer of a deposit does. `twice`: again when it is done. `late`: after it expired. */
  pays: 'once' | 'twice' | 'late' | 'never';
  /** Of a deposit that is given back: how much. Two at once are ordered. */
  refund?: string;
  /** What an operator says where the outcome is unknown and the provider's books tell it: the fact, or "keep asking". */
  assistance: 'fact' | 'continue';
}

/** Everything one run does, decided before it begins. */
export interface Scenario {
  seed: number;
  run: number;
  kind: FaultKind;
  stories: Story[];
  faults: Fault[];
}

export const needsPlatform = ({ kind }: Story): boolean =>
  kind === 'to-platform' || kind === 'from-platform' || kind === 'change-account';
/** Moves nothing. */
export const isAboutAccount = ({ kind }: Story): boolean => kind === 'open-account' || kind === 'change-account';
