import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import type { WizardAction } from '../../domain/kyc.ts';
import { isHubFailure, HubFailure } from '../../domain/failures.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { id, idAndName, idText, isoTime, time } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { documentGroupsOf, GroupToShow } from './groups-to-show.ts';
import { caseOfWizard, caseToWalk, handInDocuments, isBeingChecked, type WizardCase } from './cases.ts';

const Step = z
  .object({
    code: z.int(),
    data: z.object({
      level: idAndName(),
      wizard: z.string(),
      documentGroups: z.array(GroupToShow),
      sdk: z
        .object({
          provider: z.string(),
          accessToken: z.string().nullable(),
          url: z.string().nullable(),
          expiresAt: time().nullable(),
        })
        .nullable(),
      state: z.enum(['open', 'checking', 'on_hold', 'retry', 'approved', 'expired', 'withdrawn']).meta({
        description: '`approved`: the level is there and its documents end soon.',
      }),
      reasons: z.array(z.string()).meta({ description: "Why better documents are wanted, in the provider's words." }),
      comment: z.string().nullable(),
    }),
    done: z.literal(false),
    uuid: z.uuid(),
    workflow: z.literal('verification_form'),
  })
  .meta({ id: 'VerificationWizard' });

const END = 'B2B\\TCA\\Wizards\\Workflow\\TerminateWorkflow';
const Done = z
  .object({
    code: z.literal(202),
    data: z.object({
      request: z
        .object({ requestId: z.int(), type: z.literal('verification'), status: z.literal('pending') })
        .nullable(),
      state: z.enum(['open', 'checking', 'on_hold', 'retry', 'approved', 'rejected', 'expired', 'withdrawn']),
    }),
    done: z.literal(true),
    uuid: z.uuid(),
    workflow: z.string(),
  })
  .meta({ id: 'VerificationHandedIn' });

const HandIn = z.strictObject({
  uuid: z.uuid(),
  documents: z
    .array(z.strictObject({ typeId: id(), documentId: id() }))
    .max(100)
    .optional()
    .meta({ description: 'For the documents form; with a provider leave it away.' }),
});

/** GET /my/verifications/wizard and POST /my/verifications: how a client shows who he is. */
export const wizardProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('GET /my/verifications/wizard', {
    summary: 'What the client goes on with towards a level',
    description: 'The documents form, or a fresh token or page of the provider. Without `levelId`: the next level.',
    tags: ['My verification'],
    access: 'client',
    query: z.object({ levelId: idText().optional() }),
    answer: Step,
    errors: [404, 409],
    handle: async ({ actor, query }) => {
      const walked = await caseToWalk(hub.pool, actor.id, query.levelId);
      const action = await hub.ask((steering) => steering.beginVerification(walked)).catch(sayWhy);
      return {
        code: 200,
        data: {
          level: walked.level,
          wizard: walked.wizard,
          documentGroups:
            action.kind === 'documents'
              ? ((await documentGroupsOf(hub.pool, [walked.level.id])).get(walked.level.id) ?? [])
              : [],
          sdk: sdkOf(action),
          ...(await standing(hub.pool, walked)),
        },
        done: false as const,
        uuid: walked.uuid,
        workflow: 'verification_form' as const,
      };
    },
  }),

  procedure('POST /my/verifications', {
    summary: 'The client is done',
    description: 'With the documents form, people check what is named here; with a provider it is asked how far it is.',
    tags: ['My verification'],
    access: 'client',
    body: HandIn,
    answer: Done,
    errors: [404, 409],
    handle: async ({ actor, body, requestId }) => {
      const walked = await caseOfWizard(hub.pool, actor.id, body.uuid);
      if (walked.connectionId === null) {
        const documents = body.documents ?? [];
        await handInDocuments(hub.pool, walked, { clientId: actor.id, documents, requestId });
      }
      const { state, requestId: request } = await hub.ask((steering) => steering.handIn(walked));
      return {
        code: 202 as const,
        data: {
          request:
            request === null || state !== 'checking'
              ? null
              : { requestId: request, type: 'verification' as const, status: 'pending' as const },
          state,
        },
        done: true as const,
        uuid: walked.uuid,
        workflow: END,
      };
    },
  }),
];

/** The provider's no is about the client's case, not about what he typed; its words are for operators. */
const sayWhy = (error: unknown): never => {
  if (isHubFailure(error) && error.reason === 'already_done') throw isBeingChecked();
  if (isHubFailure(error) && error.reason === 'provider_refused')
    throw new HubFailure('Rejected', 'restricted', 'You cannot be verified for this level now.');
  throw error;
};

const sdkOf = (action: WizardAction): z.input<typeof Step>['data']['sdk'] => {
  if (action.kind === 'documents') return null;
  if (action.kind === 'redirect') return { provider: 'page', accessToken: null, url: action.url, expiresAt: null };
  const { sdk: provider, token: accessToken, expiresAt } = action;
  return { provider, accessToken, url: null, expiresAt: isoTime(new Date(expiresAt)) };
};

const standing = async (db: Queryable, { caseId }: WizardCase) =>
  (
    await db.query<{ state: z.input<typeof Step>['data']['state']; reasons: string[]; comment: string | null }>(
      `select state, reasons, comment from kyc_case where id = $1`,
      [caseId],
    )
  ).rows[0]!;
