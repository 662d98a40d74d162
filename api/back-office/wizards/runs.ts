import { raw } from '@mikro-orm/postgresql';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { recipientMarks } from '../../../activities/messaging/recipient-marks.ts';
import type { KeyRing } from '../../../config/key-ring.ts';
import { WizardDefinition, WizardRun, type WizardRunRow } from '../../../db/entities/wizards.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import {
  type AskedRun,
  findRun,
  insertInput,
  noteEnded,
  type WizardRun as Run,
} from '../../../db/repositories/wizards.ts';
import { anyOf } from '../../../db/unseen.ts';
import { isHubFailure } from '../../../domain/failures.ts';
import { WIZARD_TYPES } from '../../../domain/wizards/grammar.ts';
import { actorName, scopeSql, type UserActor } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { byId, byIds, byWords, custom, type Filter } from '../../kit/filters.ts';
import { type Call, type Procedure, procedure } from '../../kit/procedure.ts';
import { resource } from '../../kit/resource.ts';
import type { ResourceDeps } from '../../kit/resource-spec.ts';
import { idAndName, idText, isoTime, isoTimeOrNull, text, time } from '../../kit/shapes.ts';
import type { WizardHub } from '../../wizards/wizard-hub.ts';

const RUN_STATES = ['opening', 'open', 'done', 'expired', 'cancelled', 'failed'] as const;
const View = z
  .object({
    id: z.int(),
    type: z.enum(WIZARD_TYPES),
    wizard: idAndName().nullable().meta({ description: 'null: the client has not chosen yet.' }),
    version: z.int().nullable(),
    state: z.enum(RUN_STATES),
    step: z.string().nullable().meta({ description: 'Where it waits, or was last.' }),
    since: time(),
    expiresAt: time(),
    triesLeft: z.int().nullable().meta({ description: 'Of a code it waits for.' }),
    clientId: z.int().nullable(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'WizardRun' });

/** Runs that sent a code to this e-mail or phone: of a registration nothing else tells whose it is. */
const sentTo = (ring: KeyRing): Filter =>
  custom(text(254), (to) => {
    const marks = recipientMarks(ring, to.includes('@') ? 'email' : 'sms', to.trim());
    const among = marks.map((mark) => `'\\x${mark.toString('hex')}'`).join(', ');
    return {
      [raw(
        (alias) => `${alias}.id in (select run_id from wizard_code where recipient_mark in (${among}))`,
      ) as unknown as string]: [],
    };
  });

/** GET /wizards/runs: where clients are in their procedures. Nothing of what they typed. */
export const wizardRuns = (deps: ResourceDeps): Procedure[] =>
  resource({
    path: '/wizards/runs',
    idParam: 'runId',
    noun: 'wizard run',
    tag: 'Wizards',
    entity: WizardRun,
    id: 'id',
    permission: 'wizardRuns',
    clientProperty: 'clientId',
    filters: {
      type: byWords('type', WIZARD_TYPES),
      state: byWords('state', RUN_STATES),
      step: byWords('step'),
      clientId: byIds('clientId'),
      wizardId: byId('definitionId'),
      recipient: sentTo(deps.ring),
    },
    sorts: ['createTime', 'since', 'expiresAt'],
    hides: ['recipient'],
    read: View,
    present: async (rows: WizardRunRow[], { em, pool }) => {
      const definitions = await em.find(WizardDefinition, {
        id: { $in: rows.flatMap((row) => row.definitionId ?? []) },
      });
      const named = new Map(definitions.map(({ id, name }) => [id, { id, name }]));
      const { rows: codes } = await pool.query<{ id: number; triesLeft: number }>(
        `select c.run_id as id, c.tries_left as "triesLeft" from wizard_code c join wizard_run r on r.id = c.run_id and r.step = c.step and r.state = 'open'
        where r.id = ${anyOf(1)}`,
        [rows.map(({ id }) => id)],
      );
      const tries = new Map(codes.map(({ id, triesLeft }) => [id, triesLeft]));
      return rows.map((row) => ({
        id: row.id,
        type: row.type,
        wizard: (row.definitionId != null && named.get(row.definitionId)) || null,
        version: row.version ?? null,
        state: row.state,
        step: row.step ?? null,
        since: isoTime(row.since),
        expiresAt: isoTime(row.expiresAt),
        triesLeft: tries.get(row.id) ?? null,
        clientId: row.clientId ?? null,
        createTime: isoTime(row.createTime),
        updateTime: isoTimeOrNull(row.updateTime),
      }));
    },
  })(deps);

/** What an operator can do for a client who is stuck. */
export const wizardRunProcedures = (wizards: WizardHub): Procedure[] => {
  const action = (
    name: 'resend' | 'confirm' | 'cancel',
    permission: string,
    summary: string,
    description: string,
    { confirm }: { confirm?: true },
    act: (run: AskedRun, actor: UserActor, note: (db: Queryable) => Promise<void>) => Promise<void>,
  ) =>
    procedure(`POST /wizards/runs/{runId}/${name}`, {
      summary,
      description,
      tags: ['Wizards'],
      access: 'user',
      permission,
      ...(confirm && { confirm }),
      params: z.object({ runId: idText() }),
      answer: null,
      errors: [404, 409],
      handle: async ({ actor, params, requestId }) => {
        const run = await seen(wizards, actor, params.runId);
        await act(run, actor, (db) => noted(db, run, { actor, requestId }, name));
      },
    });

  return [
    action(
      'resend',
      'wizardRuns.update',
      'Send the code again',
      'As the client could himself, with the same limits.',
      {},
      async (run, _actor, note) => {
        const { run: present, step, module } = await wizards.waiting(await wizards.whereItIs(run));
        await wizards.resend(present, step, module, note);
      },
    ),

    action(
      'confirm',
      'wizardRuns.confirm',
      'Confirm the step by hand',
      'For the e-mail or phone of a registration, when its code does not arrive. Not for a sign-in or a new password: that would hand the account over.',
      { confirm: true },
      async (run, actor, note) => {
        const { run: present, step } = await wizards.waiting(await wizards.whereItIs(run));
        if (run.type !== 'registration' || !['email-code', 'phone-code'].includes(step.kind))
          throw problem(403, 'restricted', 'Only a code of a registration can be confirmed by hand.');
        const facts = step.kind === 'email-code' ? { emailConfirmed: true } : { phoneConfirmed: true };
        const kept = { runId: run.id, step: step.name, mark: randomBytes(32), keep: { facts }, userId: actor.id };
        const input = await inTransaction(wizards.db, async (db) => {
          await note(db);
          return insertInput(db, wizards.ring, kept);
        });
        await wizards.send(present, { step: step.name, input, facts });
      },
    ),

    action('cancel', 'wizardRuns.update', 'End a run', 'The client must start again.', {}, async (run, actor, note) => {
      if (run.state !== 'open') throw problem(409, 'already_done', 'The run is over.');
      await note(wizards.db);
      await wizards.hub
        .ask((steering) => steering.stopWizard(run.uuid, actorName(actor), 'cancelled'))
        .catch((error: unknown) => endLost(wizards.db, run, error));
    }),
  ];
};

/** A run that was terminated from outside notes nothing itself: it would stay open in the books. */
const endLost = async (db: Queryable, { id: runId, clientId, inputs }: Run, error: unknown): Promise<void> => {
  if (!isHubFailure(error) || error.reason !== 'not_waiting') throw error;
  await noteEnded(db, { runId, over: 'cancelled', clientId, inputs });
};

/** 404 for a run of a client whom this user may not see. */
const seen = async ({ db }: WizardHub, actor: UserActor, runId: number): Promise<AskedRun> => {
  const { rows } = await db.query<{ uuid: string }>(
    `select uuid from wizard_run where id = $1 and ${scopeSql(actor, 'wizard_run.client_id')}`,
    [runId],
  );
  const run = rows[0] && (await findRun(db, rows[0].uuid, []));
  if (!run) throw notFound('wizard run');
  return run;
};

/** Written before the act is sent, so that nothing is done that is not written down. Without its uuid: whoever knows that goes on with the run. */
const noted = (
  db: Queryable,
  run: Run,
  { actor, requestId }: { actor: UserActor; requestId: Call['requestId'] },
  what: string,
) =>
  recordAudit(db, {
    actor: actorName(actor),
    action: `wizardRuns.${what}`,
    object: `wizard-run:${run.id}`,
    after: { step: run.step },
    requestId,
  });
