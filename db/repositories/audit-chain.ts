import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { KeyRing } from '../../config/key-ring.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type AuditRow, auditContent } from '../audit-content.ts';
import { type Queryable, inTransaction } from '../pool.ts';

export const AUDIT_PURPOSE = 'audit-head';

/** A row's place in the chain. */
export interface Link {
  seq: bigint;
  hash: Buffer;
}

const BEGINNING: Link = { seq: 0n, hash: Buffer.alloc(32) };
const SEALED_AT_ONCE = 2_000;
const CHECKED_AT_ONCE = 5_000;

/** '1234:9f86…': as people note it and `audit:check` takes it. */
export const linkText = ({ seq, hash }: Link): string => `${seq}:${hash.toString('hex')}`;

/** Null when it is none. */
export const linkFrom = (text: string): Link | null => {
  const [, seq, hash] = /^(\d{1,18}):([0-9a-f]{64})$/.exec(text) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: BigInt(seq), hash: Buffer.from(hash, 'hex') };
};

const same = (a: Link, b: Link): boolean => a.seq === b.seq && a.hash.equals(b.hash);

const next = (after: Link, row: AuditRow): Link => {
  const seq = after.seq + 1n;
  return { seq, hash: createHash('sha256').update(after.hash).update(auditContent(seq, row)).digest() };
};

const lastLink = async (db: Queryable): Promise<Link> => {
  const { rows } = await db.query<{ seq: string; hash: Buffer }>(
    'select seq, hash from audit where seq is not null order by seq desc limit 1',
  );
  return rows[0] ? { seq: BigInt(rows[0].seq), hash: rows[0].hash } : BEGINNING;
};

/** Where the chain ends, as the sealer last left it; null when there is no head, or nobody with our keys wrote it. */
const keptHead = async (db: Queryable, ring: KeyRing): Promise<Link | null> => {
  const { rows } = await db.query<{ sealed: Buffer }>('select sealed from audit_head');
  if (!rows[0]) return null;
  try {
    return linkFrom(ring.open(rows[0].sealed, AUDIT_PURPOSE).toString());
  } catch {
    return null;
  }
};

const keepHead = async (db: Queryable, ring: KeyRing, head: Link): Promise<void> => {
  await db.query(
    'insert into audit_head (sealed) values ($1) on conflict (id) do update set sealed = excluded.sealed',
    [ring.seal(Buffer.from(linkText(head)), AUDIT_PURPOSE)],
  );
};

const alone = (db: Queryable) => db.query(`select pg_advisory_xact_lock(hashtext('hub-seal-audit'))`);

/**
 * Numbers new audit rows and chains each to the one before, up to 2,000 of them. Throws when the chain does not end where its head says: what goes on from
 * a shortened chain would hide that it was shortened.
 */
export const sealNext = (pool: pg.Pool, ring: KeyRing): Promise<{ sealed: number }> =>
  inTransaction(pool, async (db) => {
    await alone(db);
    const last = await lastLink(db);
    const head = await keptHead(db, ring);
    const untouched = head ? same(head, last) : last.seq === 0n;
    if (!untouched) {
      const issue = 'The audit chain does not end where its head says. See the runbook: npm run audit:check.';
      throw new HubFailure('Config', 'internal', issue);
    }
    const { rows } = await db.query<AuditRow>('select * from audit where seq is null order by id limit $1', [
      SEALED_AT_ONCE,
    ]);
    const seals: { id: string; previous: Buffer; link: Link }[] = [];
    let link = last;
    for (const row of rows) {
      const previous = link.hash;
      link = next(link, row);
      seals.push({ id: row.id, previous, link });
    }
    if (seals.length === 0) return { sealed: 0 };
    await db.query(
      `update audit a set seq = s.seq, previous_hash = s.previous, hash = s.hash
         from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as s(id, seq, previous, hash) where a.id = s.id`,
      [
        seals.map((one) => one.id),
        seals.map((one) => one.link.seq.toString()),
        seals.map((one) => one.previous),
        seals.map((one) => one.link.hash),
      ],
    );
    await keepHead(db, ring, link);
    return { sealed: seals.length };
  });

/** Takes the chain as it is: its last row becomes the head. For what a person has looked at, and for chains older than their head. */
export const acceptAudit = (pool: pg.Pool, ring: KeyRing): Promise<Link> =>
  inTransaction(pool, async (db) => {
    await alone(db);
    const last = await lastLink(db);
    await keepHead(db, ring, last);
    return last;
  });

export interface AuditCheck {
  rows: number;
  /** Written since the last sealing. */
  unsealed: number;
  /** Where the chain ends: worth noting outside of this database. */
  end: Link;
  /** The first thing that is wrong, in words. */
  broken: string | null;
}

/** Recomputes the chain from its first row; or from one whose place somebody noted, which must still be there. */
export const checkAudit = (pool: pg.Pool, ring: KeyRing, from: Link = BEGINNING): Promise<AuditCheck> =>
  inTransaction(pool, async (db) => {
    await db.query('set transaction isolation level repeatable read, read only');
    let end = from;
    let broken = await wrongWithBeginning(db, from);
    for (let more = true; more && broken === null;) {
      const { rows } = await db.query<SealedRow>('select * from audit where seq > $1 order by seq limit $2', [
        end.seq.toString(),
        CHECKED_AT_ONCE,
      ]);
      for (const row of rows) {
        broken = wrongWith(row, end);
        if (broken !== null) break;
        end = { seq: BigInt(row.seq), hash: row.hash };
      }
      more = rows.length === CHECKED_AT_ONCE;
    }
    broken ??= wrongWithEnd(end, await keptHead(db, ring));
    const { rows } = await db.query<{ unsealed: number }>(
      'select count(*)::int as unsealed from audit where seq is null',
    );
    return { rows: Number(end.seq - from.seq), unsealed: rows[0]!.unsealed, end, broken };
  });

type SealedRow = AuditRow & { seq: string; previous_hash: Buffer; hash: Buffer };

const wrongWithBeginning = async (db: Queryable, { seq, hash }: Link): Promise<string | null> => {
  if (seq === 0n) return null;
  const { rows } = await db.query<{ hash: Buffer }>('select hash from audit where seq = $1', [seq.toString()]);
  if (!rows[0]) return `row ${seq}, which was noted, is missing`;
  return rows[0].hash.equals(hash) ? null : `row ${seq} is not the one that was noted`;
};

const wrongWith = (row: SealedRow, before: Link): string | null => {
  const link = next(before, row);
  if (row.seq !== link.seq.toString()) return `row ${link.seq} is missing`;
  const called = `row ${row.seq} (id ${row.id}, ${row.create_time.toISOString()})`;
  if (!row.previous_hash.equals(before.hash)) return `${called} does not follow the row before it`;
  if (!row.hash.equals(link.hash)) return `${called} was changed, or put there`;
  return null;
};

const wrongWithEnd = (end: Link, head: Link | null): string | null => {
  if (!head) return end.seq === 0n ? null : 'the head is missing, or was not written with our CONFIG_KEYS';
  if (head.seq > end.seq) return `row ${end.seq + 1n} is missing: the chain was ${head.seq} rows long`;
  if (head.seq < end.seq) return `row ${head.seq + 1n} was not sealed by the hub`;
  return same(head, end) ? null : `row ${end.seq} is not the one the hub sealed: the chain was written anew`;
};
