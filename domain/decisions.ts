import type { DecisionBy } from './approvals.ts';
import { isDay } from './days.ts';

/** What an operator can say to a run that waits for him. */
export type DecisionWord = 'approve' | 'reject' | 'continue' | 'mark_done' | 'mark_failed';

export interface Decision {
  decision: DecisionWord;
  /** Id of the Back Office user. */
  by: number;
  /** The request it is about; the API names it, so that a word on one question never answers the next one. */
  applicationId?: number;
  /** The request as it was when the decision was given: what it has become since, it is not about. The API names it. */
  version?: string;
  resolutionId?: number;
  comment?: string;
  /** What proves that a deposit arrived, or a payout left, outside the hub. */
  evidence?: { bankReference: string; valueDate: string };
  /** Made by the API for a signed-in user. Without it the decision came from Temporal UI, where nobody proves who he is. */
  proof?: string;
}

/** Why a run waits for a person. */
export type Purpose = 'approval' | 'assistance' | 'review' | 'repair' | 'difference';

/** Why a movement of money waits. */
export type MoneyPurpose = Exclude<Purpose, 'difference'>;

/** The words that make sense in each situation. */
export const WORDS: Record<Purpose, readonly DecisionWord[]> = {
  approval: ['approve', 'reject'],
  /** Outcome unknown: keep asking, or say what happened. */
  assistance: ['continue', 'mark_done', 'mark_failed'],
  /** Money is there but not as ordered: credit what came, or do not. */
  review: ['approve', 'reject', 'continue'],
  /** Something could not be written: mend the cause, then try again. */
  repair: ['continue'],
  /** Our books and the provider's differ: it was put right outside, or go on watching. Nothing is posted for either word. */
  difference: ['mark_done', 'continue'],
};

/** What a run tells of a decision it has taken. */
export interface Decided {
  purpose: Purpose;
  decision: DecisionWord;
  /** How many more approvals are needed; 0 = the request is closed. Null: to be known once it is written down, which the API does itself. */
  missing: number | null;
  /** What there is to write down. */
  record: DecisionRecord;
  runId: string;
}

/** A decision as a run took it: whoever writes it down first, the run's own activity or the API, writes the same. */
export interface DecisionRecord {
  applicationId: number;
  /** Of the Update that brought it. */
  updateId: string;
  /** Approvals given before. */
  earlier: DecisionBy[];
}

export interface OpenRequest {
  applicationId: number;
  purpose: Purpose;
  /** How many persons must approve, by the policy for the amount in question. */
  needed: number;
  /** What an approval would move; null while nobody knows. */
  amount: string | null;
}

/** Null when the shape is right, else what is wrong with it. Runs in the validator: Temporal UI sends whatever was typed. */
export const whatIsWrongWith = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return 'send an object like {"decision": "approve", "by": 1}';
  const { decision, by, applicationId, version, resolutionId, comment, evidence } = value as Record<string, unknown>;
  if (
    typeof decision !== 'string' ||
    !Object.values(WORDS)
      .flat()
      .includes(decision as DecisionWord)
  ) {
    return `"decision" must be one of ${[...new Set(Object.values(WORDS).flat())].join(', ')}`;
  }
  if (!Number.isSafeInteger(by) || (by as number) < 1) return '"by" must be the id of a Back Office user';
  if (resolutionId !== undefined && !Number.isSafeInteger(resolutionId))
    return '"resolutionId" must be the id of a resolution';
  if (applicationId !== undefined && !Number.isSafeInteger(applicationId))
    return '"applicationId" must be the id of a request';
  if (version !== undefined && !isPlainText(version)) return '"version" must be a plain text';
  if (comment !== undefined && !isPlainText(comment))
    return '"comment" must be a text of at most 2000 plain characters';
  if (evidence !== undefined) {
    const { bankReference, valueDate } = (evidence ?? {}) as Record<string, unknown>;
    if (typeof bankReference !== 'string' || !/^[\w/.: -]{1,64}$/.test(bankReference))
      return '"evidence.bankReference" must be the bank\'s reference';
    if (typeof valueDate !== 'string' || !isDay(valueDate))
      return '"evidence.valueDate" must be a date like 2026-01-31';
  }
  return null;
};

/** At most 2000 characters, none of them a control character: what is typed in Temporal UI goes into our books. */
export const isPlainText = (value: unknown): boolean =>
  // oxlint-disable-next-line no-control-regex -- these are what is refused
  typeof value === 'string' && value.length <= 2_000 && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(value);
