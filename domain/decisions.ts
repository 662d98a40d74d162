/** What an operator can say to a run that waits for him. */
export type DecisionWord = 'approve' | 'reject' | 'continue' | 'mark_done' | 'mark_failed';

export interface Decision {
  decision: DecisionWord;
  /** Id of the Back Office user. */
  by: number;
  resolutionId?: number;
  comment?: string;
  /** What proves that a deposit arrived, or a payout left, outside the hub. */
  evidence?: { bankReference: string; valueDate: string };
  /** Made by the API for a signed-in user. Without it the decision came from Temporal UI, where nobody proves who he is. */
  proof?: string;
}

/** Why a run waits for a person. */
export type Purpose = 'approval' | 'assistance' | 'review';

/** The words that make sense in each situation. */
export const WORDS: Record<Purpose, readonly DecisionWord[]> = {
  approval: ['approve', 'reject'],
  /** Outcome unknown: keep asking, or say what happened. */
  assistance: ['continue', 'mark_done', 'mark_failed'],
  /** Money is there but not as ordered: credit what came, or do not. */
  review: ['approve', 'reject', 'continue'],
};

/** What the decider hears. */
export interface Decided {
  purpose: Purpose;
  decision: DecisionWord;
  /** How many more approvals are needed; 0 = the request is closed. */
  missing: number;
}

export interface OpenRequest {
  applicationId: number;
  purpose: Purpose;
}

/** Null when the shape is right, else what is wrong with it. Runs in the validator: Temporal UI sends whatever was typed. */
export const whatIsWrongWith = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return 'send an object like {"decision": "approve", "by": 1}';
  const { decision, by, resolutionId, comment, evidence } = value as Record<string, unknown>;
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
  if (comment !== undefined && (typeof comment !== 'string' || comment.length > 2_000))
    return '"comment" must be a text of at most 2000 characters';
  if (evidence !== undefined) {
    const { bankReference, valueDate } = (evidence ?? {}) as Record<string, unknown>;
    if (typeof bankReference !== 'string' || !/^[\w/.: -]{1,64}$/.test(bankReference))
      return '"evidence.bankReference" must be the bank\'s reference';
    if (typeof valueDate !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(valueDate))
      return '"evidence.valueDate" must be a date like 2026-01-31';
  }
  return null;
};
