import { randomBytes } from 'node:crypto';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { changeCase, loadCase } from '../../db/repositories/kyc.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { CaseState } from '../../domain/kyc.ts';
import { mayBeginAnew, mayRenew } from '../../domain/kyc-dates.ts';
import { referenceFrom } from '../../domain/references.ts';
import type pg from 'pg';
import { loadClientRights } from '../../db/repositories/client-rights.ts';
import { IS_OFF, OFFERED } from './offered.ts';
import { notFound, problem } from '../kit/errors.ts';
import { gone } from '../wizards/refusals.ts';

export interface WizardCase {
  caseId: number;
  workflowId: string;
  uuid: string;
  state: CaseState;
  level: { id: number; name: string };
  wizard: string;
  /** Null: checked by the broker's own people. */
  connectionId: number | null;
}

const COLUMNS = `k.id as "caseId", k.workflow_id as "workflowId", k.wizard_uuid as uuid, k.state,
  jsonb_build_object('id', l.id, 'name', l.name) as level, l.wizard, k.connection_id as "connectionId"`;

/**
 * The client's way to a level, begun when there is none: to the level he names, else to the lowest above his own. 404 when there is none for him,
 * 409 when he is there already or it is being checked, 403 when he was refused for good.
 */
export const caseToWalk = async (db: Queryable, clientId: number, levelId: number | undefined): Promise<WizardCase> => {
  const { rows } = await db.query<{ id: number; connectionId: number | null; reached: boolean; isOff: boolean }>(
    `select l.id, l.connection_id as "connectionId", cl.index >= l.index as reached, ${IS_OFF} as "isOff"
       from client c join verification_level cl on cl.id = c.verification_level_id join verification_level l on l.visible and l.wizard is not null and ${OFFERED}
      where c.client_id = $1 and (l.id = $2 or $2::int is null and l.index > cl.index) order by l.index limit 1`,
    [clientId, levelId ?? null],
  );
  const level = rows[0];
  if (!level) throw notFound('level to verify for', levelId === undefined ? undefined : 'levelId');
  if (!(await loadClientRights(db, clientId)).may.verification)
    throw new HubFailure('Rejected', 'restricted', 'You cannot be verified now.');
  if (level.isOff) throw new HubFailure('Rejected', 'restricted', 'You cannot be verified for this level now.');
  if (level.reached) await assertMayRenew(db, clientId, level.id);
  // What the provider has not heard of yet, or what is over, follows the level's present connection; what proved it before proves it no more.
  await db.query(
    `insert into kyc_case (client_id, level_id, connection_id, reference) values ($1, $2, $3, $4)
     on conflict (client_id, level_id) do update set connection_id = excluded.connection_id, provider_id = null, attempt = 0, verdict_attempt = null, verdict = null,
       settled_attempt = null, settled_verdict = null, document_ids = '{}'
       where kyc_case.connection_id is distinct from excluded.connection_id
         and (kyc_case.state in ('expired', 'withdrawn') or kyc_case.provider_id is null and kyc_case.state in ('open', 'retry'))`,
    [clientId, level.id, level.connectionId, referenceFrom(randomBytes(12))],
  );
  const found = await db.query<WizardCase>(
    `select ${COLUMNS} from kyc_case k join verification_level l on l.id = k.level_id where k.client_id = $1 and k.level_id = $2`,
    [clientId, level.id],
  );
  const walked = found.rows[0]!;
  assertOpen(walked);
  return walked;
};

/** Who has the level walks there again only when what proves it ends soon. */
const assertMayRenew = async (db: Queryable, clientId: number, levelId: number): Promise<void> => {
  const { rows } = await db.query<{ id: number }>(`select id from kyc_case where client_id = $1 and level_id = $2`, [
    clientId,
    levelId,
  ]);
  if (rows[0] && mayRenew(await loadCase(db, rows[0].id), new Date())) return;
  throw new HubFailure('Rejected', 'already_done', 'You have this level.', { field: 'levelId' });
};

const assertOpen = ({ state, connectionId }: WizardCase): void => {
  if (state === 'rejected') throw new HubFailure('Rejected', 'restricted', 'You cannot be verified for this level.');
  // At a provider's own pages the client may look how far it is.
  if (connectionId === null && state === 'checking') throw isBeingChecked();
};

export const isBeingChecked = (): HubFailure =>
  new HubFailure('Rejected', 'already_exists', 'Your documents are being checked.');

/** The client's own case by its wizard; `wizard_not_found` for another client's. */
export const caseOfWizard = async (db: Queryable, clientId: number, uuid: string): Promise<WizardCase> => {
  const { rows } = await db.query<WizardCase>(
    `select ${COLUMNS} from kyc_case k join verification_level l on l.id = k.level_id where k.client_id = $1 and k.wizard_uuid = $2`,
    [clientId, uuid],
  );
  if (!rows[0]) throw gone();
  return rows[0];
};

export interface HandedDocument {
  typeId: number;
  documentId: number;
}

/** Hands documents in for a check by the broker's own people. Every group that the level asks for must be there. */
export const handInDocuments = async (
  pool: pg.Pool,
  walked: WizardCase,
  given: { clientId: number; documents: readonly HandedDocument[]; requestId: string },
): Promise<void> => {
  const { clientId, documents, requestId } = given;
  const ids = [...new Set(documents.map(({ documentId }) => documentId))];
  await inTransaction(pool, async (db) => {
    const known = await loadCase(db, walked.caseId, true);
    // Said again: the first answer may have been lost.
    if (known.state === 'checking' && sameIds(known.documentIds, ids)) return;
    assertOpen({ ...walked, state: known.state });
    if (known.state === 'approved' && !mayBeginAnew(known, new Date()))
      throw new HubFailure('Rejected', 'already_done', 'You have this level.');
    const owned = await db.query<HandedDocument & { isOver: boolean }>(
      `select document_id as "documentId", type_id as "typeId", coalesce(valid_until < (now() at time zone 'utc')::date, false) as "isOver" from client_document where client_id = $1 and document_id = any($2) and status <> 'rejected' for update`,
      [clientId, ids],
    );
    for (const [i, { documentId, typeId }] of documents.entries()) {
      const document = owned.rows.find((one) => one.documentId === documentId && one.typeId === typeId);
      if (!document)
        throw problem(400, 'not_found', 'There is no such document of this type.', `documents.${i}.documentId`);
      if (document.isOver)
        throw problem(400, 'validation', 'This document has ended. Upload a new one.', `documents.${i}.documentId`);
    }
    await assertComplete(
      db,
      walked.level.id,
      owned.rows.map(({ typeId }) => typeId),
    );
    await db.query(`update kyc_case set document_ids = $2 where id = $1`, [walked.caseId, ids]);
    await changeCase(db, walked.caseId, { state: 'checking', reasons: [] });
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: 'verification.checking',
      object: `verification-case:${walked.caseId}`,
      before: { state: known.state },
      after: { state: 'checking', documentIds: ids },
      requestId,
    });
  });
};

const sameIds = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((id, n) => id === other[n]);

const assertComplete = async (db: Queryable, levelId: number, typeIds: readonly number[]): Promise<void> => {
  const { rows } = await db.query<{ name: string }>(
    `select g.name from verification_level_group lg join document_group g on g.id = lg.group_id and g.enabled
      where lg.level_id = $1 and exists (select from document_type t where t.group_id = g.id and t.enabled)
        and case g.type when 'one' then not exists (select from document_type t where t.group_id = g.id and t.id = any($2))
                        else exists (select from document_type t where t.group_id = g.id and t.enabled and t.id <> all($2)) end
      order by g.priority, g.id`,
    [levelId, typeIds],
  );
  if (rows[0])
    throw problem(400, 'validation', `Documents are missing: ${rows.map(({ name }) => name).join(', ')}.`, 'documents');
  if (typeIds.length === 0) throw problem(400, 'validation', 'documents must name at least one document.', 'documents');
};
