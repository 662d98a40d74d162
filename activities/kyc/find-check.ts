import { loadCase } from '../../db/repositories/kyc.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { CheckReport } from '../../domain/kyc.ts';
import type { Activity } from '../kit/activity.ts';

/** How far the provider is; null when it clearly knows no such applicant. */
export const findCheck: Activity<{ caseId: number }, CheckReport | null> = async (
  { caseId },
  { pool, open, signal },
) => {
  const { connectionId, reference, providerId } = await loadCase(pool, caseId);
  if (connectionId === null)
    throw new HubFailure('Unsupported', 'unsupported', 'This level is checked without a provider.');
  const { adapter, ctx } = await open('kyc', connectionId, signal);
  const report = await adapter.find(ctx, { reference, ...(providerId !== null && { providerId }) });
  if (!report) return null;
  const ends = report.documents.flatMap(({ validUntil }) => validUntil ?? []).sort();
  return {
    providerId: report.providerId,
    state: report.state,
    providerStatus: report.providerStatus,
    unknownWord: report.unknownWord === true,
    reasons: report.reasons,
    comment: report.comment ?? null,
    validUntil: ends[0] ?? null,
    attempt: report.attempt,
  };
};
