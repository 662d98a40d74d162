/** Who may still decide a request. Pure, so that the API, the workflow's validator and the tests agree. */
import type { Amount } from './money.ts';
import { compare } from './money.ts';
import type { Reason } from './reasons.ts';

export interface ApprovalPolicy {
  id: number;
  kind: 'deposit' | 'withdrawal' | 'transfer';
  currency: number | null;
  methodId: number | null;
  tagId: number | null;
  minAmount: Amount;
  approvals: 0 | 1 | 2;
}

export interface Approvable {
  kind: ApprovalPolicy['kind'];
  currency: number;
  methodId: number | null;
  tagIds: readonly number[];
  amount: Amount;
}

/**
 * The first policy that fits, in the given order, says how many persons must approve; when none fits, one must.
 * Silence never means that money moves unseen.
 */
export const approvalsNeeded = (policies: readonly ApprovalPolicy[], what: Approvable): 0 | 1 | 2 =>
  policies.find(
    (policy) =>
      policy.kind === what.kind &&
      (policy.currency === null || policy.currency === what.currency) &&
      (policy.methodId === null || policy.methodId === what.methodId) &&
      (policy.tagId === null || what.tagIds.includes(policy.tagId)) &&
      compare(what.amount, policy.minAmount) >= 0,
  )?.approvals ?? 1;

export interface DecisionBy {
  userId: number;
  /** False when it came from Temporal UI, where nobody proves who he is. */
  proven: boolean;
}

/**
 * Null when this person may approve now, else why not. Four eyes: never the requester, never the same person twice, and of
 * two approvals at most one may come without proof of identity.
 */
export const whyMayNotApprove = (
  by: DecisionBy,
  requestedBy: number | null,
  given: readonly DecisionBy[],
): { reason: Reason; issue: string } | null => {
  if (requestedBy === by.userId)
    return { reason: 'own_request', issue: 'The person who made a request cannot approve it.' };
  if (given.some((one) => one.userId === by.userId)) {
    return { reason: 'decided_already', issue: 'This person approved already; another one must.' };
  }
  if (!by.proven && given.some((one) => !one.proven)) {
    return {
      reason: 'forbidden',
      issue: 'One approval came from Temporal UI already; the other must come through the API.',
    };
  }
  return null;
};

/** 'user 1 (Temporal UI) and user 2 (API)' */
export const namesOf = (deciders: readonly DecisionBy[]): string =>
  deciders.map(({ userId, proven }) => `user ${userId} (${proven ? 'API' : 'Temporal UI'})`).join(' and ');

/** Whether Temporal UI may bring no further approval. */
export const onlyThroughApi = (given: readonly DecisionBy[]): boolean => given.some(({ proven }) => !proven);

/** How many of several approvals are given, by whom, and which way the missing may come. Null: one is enough. */
export const howApprovalsStand = (given: readonly DecisionBy[], needed: number): string | null => {
  if (needed < 2) return null;
  const missing = needed - given.length;
  if (given.length === 0) return `${needed} approvals of different persons are needed, at most one from Temporal UI`;
  const by = onlyThroughApi(given) ? 'through the API only' : 'through the API or from Temporal UI';
  return `${given.length} of ${needed} approvals is given, by ${namesOf(given)}; ${missing} more, of another person, may come ${by}`;
};
