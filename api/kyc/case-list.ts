import { z } from 'zod';
import { VerificationCase, type VerificationCaseRow } from '../../db/entities/verification.ts';
import { anyOf } from '../../db/unseen.ts';
import { CASE_STATES } from '../../domain/kyc.ts';
import { byId, byWord, byWords, custom } from '../kit/filters.ts';
import { type PresentContext, resource } from '../kit/resource.ts';
import { flagText, idAndName, isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';

const Case = z
  .object({
    id: z.int(),
    clientId: z.int(),
    level: idAndName(),
    state: z.enum(CASE_STATES).meta({ description: 'Whose turn it is, or how it ended (docs/verification.md).' }),
    provider: z.string().nullable().meta({ description: "Null: checked by the broker's own people." }),
    connectionId: z.int().nullable(),
    reference: z.string().meta({ description: 'Ours at the provider; at SumSub its `externalUserId`.' }),
    providerId: z.string().nullable().meta({ description: "The provider's; null: it knows of nothing yet." }),
    providerStatus: z.string().nullable().meta({ description: "The provider's words, as received last." }),
    reasons: z.array(z.string()).meta({ description: "The provider's labels for a refusal." }),
    comment: z.string().nullable().meta({ description: 'What the client is told of why.' }),
    attempt: z.int(),
    documentIds: z.array(z.int()).meta({ description: 'Handed in last, to our own people.' }),
    validUntil: z.iso.date().nullable().meta({ description: 'The last day of what was approved.' }),
    needsHuman: z.string().nullable().meta({ description: 'Why a person must look; null: nobody has to.' }),
    applicationId: z.int().nullable().meta({ description: 'The request that waits for an operator.' }),
    workflowId: z.string(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'VerificationCase' });

const present = async (rows: VerificationCaseRow[], { pool }: PresentContext): Promise<z.input<typeof Case>[]> => {
  const { rows: facts } = await pool.query<
    { id: number } & Pick<z.input<typeof Case>, 'level' | 'provider' | 'applicationId'>
  >(
    `select k.id, jsonb_build_object('id', l.id, 'name', l.name) as level, co.provider,
            (select id from application where kyc_case_id = k.id and status_id in (0, 3)) as "applicationId"
       from kyc_case k join verification_level l on l.id = k.level_id left join connection co on co.id = k.connection_id where k.id = ${anyOf(1)}`,
    [rows.map(({ id }) => id)],
  );
  const factsOf = new Map(facts.map(({ id, ...one }) => [id, one]));
  return rows.flatMap((row) => {
    const known = factsOf.get(row.id);
    if (!known) return [];
    return {
      ...{ id: row.id, clientId: row.clientId, state: row.state, reference: row.reference, workflowId: row.workflowId },
      ...{ attempt: row.attempt, reasons: row.reasons, documentIds: row.documentIds, ...known },
      connectionId: row.connectionId ?? null,
      providerId: row.providerId ?? null,
      providerStatus: row.providerStatus ?? null,
      comment: row.comment ?? null,
      validUntil: row.validUntil ?? null,
      needsHuman: row.needsHuman ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    };
  });
};

/** GET /verifications/cases: each client's way to each level, and what its provider says. Decided by its requests. */
export const verificationCases = resource({
  path: '/verifications/cases',
  idParam: 'caseId',
  noun: 'verification case',
  tag: 'Verification',
  entity: VerificationCase,
  id: 'id',
  permission: 'verifications',
  clientProperty: 'clientId',
  filters: {
    clientId: byId('clientId'),
    levelId: byId('levelId'),
    connectionId: byId('connectionId'),
    state: byWords('state', CASE_STATES),
    reference: byWord('reference'),
    providerId: byWord('providerId'),
    needsHuman: custom(flagText(), (needs) => ({ needsHuman: needs ? { $ne: null } : null })),
  },
  read: Case,
  present,
  // What a provider writes about somebody may name him.
  mask: (view) => ({ ...view, comment: view.comment && '*' }),
});
