import { inTransaction } from '../../db/pool.ts';
import { type PlatformBalance, platformBalances } from '../../db/repositories/platform-balances.ts';
import type { AccountLook } from '../../db/repositories/provider-books.ts';
import { loadReconciliation, noteReconciliation } from '../../db/repositories/reconciliations.ts';
import { sum } from '../../domain/money.ts';
import { judge } from '../../domain/reconciliation.ts';
import type { Activity } from '../kit/activity.ts';
import { type Finding, tellRuns, writeFindings } from './write-findings.ts';

export interface BalancesToCompare {
  reconciliationId: number;
  after: number;
  /** This account alone. */
  only: number | null;
  /** Milliseconds. */
  settledBefore: number;
}

const AT_ONCE = 500;

/** Why the balance of an account says nothing today, as operators read it. */
const LEFT_OUT: Record<Exclude<AccountLook, 'idle' | 'missing'> | 'busy', string> = {
  trading: 'accounts with open positions',
  moving: 'accounts whose balance moved while it was read',
  not_shown: 'accounts whose trades the platform does not tell',
  busy: 'accounts with movements under way',
};

/**
 * Compares the balances of one page of trading accounts: what we moved, what the platform's trades made of it, and what known differences explain, must
 * be what the platform shows. Answers where the next page begins; null: this one was empty. Harmless to repeat.
 */
export const compareBalances: Activity<
  BalancesToCompare,
  { after: number | null; leftOut: Record<string, number> }
> = async ({ reconciliationId, after, only, settledBefore }, { pool, run, steer }) => {
  const leftOut: Record<string, number> = {};
  const { last, compared } = await inTransaction(pool, async (db) => {
    const { connectionId, provider } = await loadReconciliation(db, reconciliationId);
    const page = { connectionId, after, only, settledBefore: new Date(settledBefore), limit: AT_ONCE };
    const balances = await platformBalances(db, page);
    const findings: Finding[] = [];
    for (const one of balances) {
      const why = whyNot(one);
      if (why === null) findings.push(findingOf(one));
      else leftOut[LEFT_OUT[why]] = (leftOut[LEFT_OUT[why]] ?? 0) + 1;
    }
    const compared = await writeFindings(db, { reconciliationId, connectionId, provider }, findings, run);
    await noteReconciliation(db, reconciliationId, { found: compared.found, resolved: compared.resolved });
    return { last: balances.at(-1)?.accountId ?? null, compared };
  });
  await tellRuns(steer, compared);
  return { after: last, leftOut };
};

const whyNot = ({ state, isBusy }: PlatformBalance): keyof typeof LEFT_OUT | null => {
  if (state === 'missing') return null;
  if (state !== 'idle') return state;
  return isBusy ? 'busy' : null;
};

const findingOf = (one: PlatformBalance): Finding => {
  const { accountId, clientId, currency, minorUnit, state, balance, lookedAt } = one;
  const expected = state === 'missing' ? one.mirror : sum([one.mirror, one.trades, one.explained]);
  const pair: Finding['pair'] = {
    subject: { of: 'account', accountId },
    transactionId: null,
    accountId,
    clientId,
    reference: null,
    providerId: null,
    stage: null,
    at: lookedAt,
    theirs: balance === null ? null : { amount: balance, currency },
    ours: { booked: expected, currency, minorUnit, isOver: true, isAsked: false, isLate: true, isCovered: true },
  };
  if (state === 'missing') return { pair, kind: 'account_missing' };
  return { pair, kind: judge(pair) === null ? null : 'other_balance' };
};
