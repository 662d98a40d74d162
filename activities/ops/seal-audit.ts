import { createHash } from 'node:crypto';
import { inTransaction } from '../../db/pool.ts';
import type { Activity } from '../kit/activity.ts';
import { type AuditRow, auditContent } from './audit-content.ts';

const AT_ONCE = 2_000;

/**
 * Numbers new audit rows and chains each to the one before, so that a row taken out or changed later shows. Done here and not
 * when a row is written, because a chain is a queue and money must not wait in it.
 */
export const sealAudit: Activity<void, { sealed: number }> = async (_, { pool }) =>
  inTransaction(pool, async (db) => {
    await db.query(`select pg_advisory_xact_lock(hashtext('hub-seal-audit'))`);
    const { rows: heads } = await db.query<{ seq: string; hash: Buffer }>(
      `select seq, hash from audit where seq is not null order by seq desc limit 1`,
    );
    let seq = BigInt(heads[0]?.seq ?? 0);
    let previous = heads[0]?.hash ?? Buffer.alloc(32);
    const { rows } = await db.query<AuditRow>(`select * from audit where seq is null order by id limit $1`, [AT_ONCE]);
    const seals: { id: string; seq: string; previous: Buffer; hash: Buffer }[] = [];
    for (const row of rows) {
      seq += 1n;
      const hash = createHash('sha256').update(previous).update(auditContent(seq, row)).digest();
      seals.push({ id: row.id, seq: seq.toString(), previous, hash });
      previous = hash;
    }
    if (seals.length > 0) {
      await db.query(
        `update audit a set seq = s.seq, previous_hash = s.previous, hash = s.hash
           from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as s(id, seq, previous, hash) where a.id = s.id`,
        [seals.map((s) => s.id), seals.map((s) => s.seq), seals.map((s) => s.previous), seals.map((s) => s.hash)],
      );
    }
    return { sealed: seals.length };
  });
