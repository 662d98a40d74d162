import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { changeCase, changeLevel, loadCase } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import type { Activity } from '../kit/activity.ts';

export interface Settlement {
  caseId: number;
  /** Null: it stays as it is. */
  state: Extract<CaseState, 'approved' | 'retry' | 'rejected' | 'withdrawn'> | null;
  /** Who decided. */
  by: number;
  resolutionId: number | null;
}

/** What a person decided about a verification: his documents, his level, what the client is told. Harmless to repeat. */
export const settleCase: Activity<Settlement, void> = async ({ caseId, state, by, resolutionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    await db.query(`update kyc_case set settled_attempt = attempt, needs_human = null where id = $1`, [caseId]);
    if (state === null || known.state === state) return;
    const resolution = await resolutionText(db, resolutionId);
    await changeCase(db, caseId, { state, comment: resolution });
    const change = { clientId: known.clientId, userId: by, run };
    if (state === 'approved' && !known.hasLevel)
      await changeLevel(db, { ...change, levelId: known.levelId, reason: 'documents', caption: 'Documents approved' });
    if (state === 'withdrawn' && known.hasLevel)
      await changeLevel(db, {
        ...change,
        levelId: await levelBelow(db, known.levelId),
        reason: 'withdrawn',
        caption: 'Verification taken back',
      });
    if (state !== 'withdrawn' && known.documentIds.length > 0) {
      await db.query(
        `update client_document set status = $2, resolution = $3, update_time = now() where document_id = any($1) and status = 'pending'`,
        [known.documentIds, state === 'approved' ? 'approved' : 'rejected', state === 'approved' ? null : resolution],
      );
    }
    await recordAudit(db, {
      actor: `user:${by}`,
      action: `verification.${state}`,
      object: `verification-case:${caseId}`,
      before: { state: known.state },
      after: { state, resolutionId },
      ...run,
    });
  });

const resolutionText = async (db: Queryable, resolutionId: number | null): Promise<string | null> =>
  (
    await db.query<{ text: string }>(`select coalesce(description, name) as text from resolution where id = $1`, [
      resolutionId,
    ])
  ).rows[0]?.text ?? null;

/** The next lower level; there is always one, for nobody is verified for the lowest. */
const levelBelow = async (db: Queryable, levelId: number): Promise<number> =>
  (
    await db.query<{ id: number }>(
      `select b.id from verification_level l join verification_level b on b.index < l.index or b.id = l.id where l.id = $1 order by b.id = l.id, b.index desc limit 1`,
      [levelId],
    )
  ).rows[0]!.id;
