import type { KycApplicant } from '../../adapters/kit/kyc.ts';
import { loadCase } from '../../db/repositories/kyc.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { WizardAction } from '../../domain/kyc.ts';
import { mayBeginAnew } from '../../domain/kyc-dates.ts';
import type { Activity, Tools } from '../kit/activity.ts';

export interface CheckBegun {
  providerId: string;
  action: WizardAction;
}

/** Finds or makes the applicant at the provider and gets what the client goes on with. Harmless to repeat: one reference, one applicant. */
export const beginCheck: Activity<{ caseId: number }, CheckBegun> = async ({ caseId }, { pool, open, signal }) => {
  const row = await loadCase(pool, caseId);
  const { connectionId, reference, programme, clientId, level, providerId } = row;
  if (connectionId === null)
    throw new HubFailure('Unsupported', 'unsupported', 'This level is checked without a provider.');
  if (!programme)
    throw new HubFailure('Config', 'provider_misconfigured', `${level} names no programme of its provider`);
  const { adapter, ctx } = await open('kyc', connectionId, signal);
  // What was approved and ends soon is approved over there as well.
  const anew = mayBeginAnew(row, new Date());
  if (providerId !== null && anew) await adapter.reopen?.(ctx, { reference, providerId });
  return adapter.begin(ctx, { reference, programme, anew, ...(await applicantOf(pool, clientId)) });
};

const applicantOf = async (
  db: Tools['pool'],
  clientId: number,
): Promise<Pick<KycApplicant, 'kind' | 'locale' | 'person'>> => {
  const { rows } = await db.query<{ group: string; locale: string; person: Record<string, string | null> }>(
    `select t."group", c.locale, jsonb_build_object('firstName', c.first_name, 'lastName', c.last_name, 'birthday', to_char(c.birthday, 'YYYY-MM-DD'),
              'country', co.alpha3_code, 'email', c.email, 'phone', c.phone) as person
       from client c join client_type t on t.id = c.type_id left join country co on co.country_id = c.country_id where c.client_id = $1`,
    [clientId],
  );
  const { group, locale, person } = rows[0]!;
  const known = Object.entries(person).filter(([, value]) => value !== null && value !== '');
  return { kind: group === 'corporative' ? 'company' : 'individual', locale, person: Object.fromEntries(known) };
};
