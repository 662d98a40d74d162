import { describe, expect, it } from '@jest/globals';
import { type ApprovalPolicy, approvalsNeeded, whyMayNotApprove } from '../../domain/approvals.ts';
import { whatIsWrongWith } from '../../domain/decisions.ts';

const rule = (part: Partial<ApprovalPolicy>): ApprovalPolicy => ({
  id: 1,
  kind: 'withdrawal',
  currency: null,
  methodId: null,
  tagId: null,
  minAmount: '0',
  approvals: 1,
  ...part,
});
const payout = { kind: 'withdrawal' as const, currency: 840, methodId: 4, tagIds: [7], amount: '500' };

describe('how many persons must approve', () => {
  it('is told by the first rule that fits', () => {
    const rules = [rule({ minAmount: '1000', approvals: 2 }), rule({ tagId: 7, approvals: 0 }), rule({})];
    expect(approvalsNeeded(rules, payout)).toBe(0);
    expect(approvalsNeeded(rules, { ...payout, amount: '1000' })).toBe(2);
    expect(approvalsNeeded(rules, { ...payout, tagIds: [] })).toBe(1);
  });
  it('is one when no rule fits', () => {
    expect(approvalsNeeded([], payout)).toBe(1);
    expect(
      approvalsNeeded(
        [
          rule({ kind: 'deposit', approvals: 0 }),
          rule({ currency: 978, approvals: 0 }),
          rule({ methodId: 9, approvals: 0 }),
        ],
        payout,
      ),
    ).toBe(1);
  });
});

describe('four eyes', () => {
  const proven = (userId: number) => ({ userId, proven: true });
  it('exclude the requester and the same person twice', () => {
    expect(whyMayNotApprove(proven(1), 1, [])).toMatchObject({ reason: 'own_request' });
    expect(whyMayNotApprove(proven(2), 1, [proven(2)])).toMatchObject({ reason: 'decided_already' });
    expect(whyMayNotApprove(proven(3), 1, [proven(2)])).toBeNull();
  });
  it('let one decision come without proof of identity, never two', () => {
    const unproven = { userId: 3, proven: false };
    expect(whyMayNotApprove(unproven, 1, [proven(2)])).toBeNull();
    expect(whyMayNotApprove(unproven, 1, [{ userId: 2, proven: false }])).toMatchObject({ reason: 'forbidden' });
  });
});

describe('a decision typed into Temporal UI', () => {
  it.each([
    ['approve', 'send an object'],
    [null, 'send an object'],
    [{ decision: 'yes', by: 1 }, '"decision" must be one of'],
    [{ decision: 'approve', by: 'olga' }, '"by" must be'],
    [{ decision: 'approve', by: -1 }, '"by" must be'],
    [{ decision: 'reject', by: 1, resolutionId: '5' }, '"resolutionId"'],
    [{ decision: 'approve', by: 1, comment: 5 }, '"comment"'],
    [{ decision: 'approve', by: 1, evidence: { bankReference: '<script>' } }, '"evidence.bankReference"'],
    [
      { decision: 'approve', by: 1, evidence: { bankReference: 'A-1', valueDate: '2026-02-31' } },
      '"evidence.valueDate"',
    ],
  ])('%p is refused with a sentence', (value, said) => {
    expect(whatIsWrongWith(value)).toContain(said);
  });
  it('is welcome in its right form', () => {
    expect(
      whatIsWrongWith({
        decision: 'approve',
        by: 1,
        comment: 'seen',
        evidence: { bankReference: 'A-1', valueDate: '2026-01-31' },
      }),
    ).toBeNull();
  });
});
