import type { Amount } from '../../domain/money.ts';
import type { DifferenceKind, DifferenceState } from '../../domain/reconciliation.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

/** A difference as it was found. */
export interface Found {
  connectionId: number;
  reconciliationId: number;
  subject: string;
  kind: DifferenceKind;
  why: string;
  clientId: number | null;
  accountId: number | null;
  transactionId: number | null;
  reference: string | null;
  providerId: string | null;
  ours: Amount | null;
  oursCurrency: number | null;
  theirs: Amount | null;
  theirsCurrency: number | null;
  offBy: Amount | null;
  at: Date;
}

export type Recorded =
  | { outcome: 'new' | 'changed'; id: number }
  /** Known already, and open or settled as it is. */
  | { outcome: 'known' | 'settled' };

/**
 * Writes a difference down, once: one that is open is brought up to date, one that a person has settled is only written again when it has become
 * another one, or was gone in between.
 */
export const recordDifference = async (db: Queryable, found: Found): Promise<Recorded> => {
  const { rows: known } = await db.query<{ id: number; state: DifferenceState; same: boolean }>(
    `select id, state, kind = $3 and off_by is not distinct from $4::numeric and theirs_currency is not distinct from $5::integer as same
       from reconciliation_difference where connection_id = $1 and subject = $2 and state <> 'resolved' and gone_time is null order by state = 'open' desc, id desc for update`,
    [found.connectionId, found.subject, found.kind, found.offBy, found.theirsCurrency],
  );
  const open = known.find(({ state }) => state === 'open');
  if (open?.same) return { outcome: 'known' };
  if (!open && known[0]?.same) return { outcome: 'settled' };
  const facts = [
    found.kind,
    found.why,
    found.clientId,
    found.accountId,
    found.transactionId,
    found.reference,
    found.providerId,
    found.ours,
    found.oursCurrency,
    found.theirs,
    found.theirsCurrency,
    found.offBy,
    found.at,
  ];
  if (open) {
    await db.query(
      `update reconciliation_difference set kind = $2, why = $3, client_id = $4, account_id = $5, transaction_id = $6, reference = $7, provider_id = $8,
              ours = $9, ours_currency = $10, theirs = $11, theirs_currency = $12, off_by = $13, at = $14, update_time = now() where id = $1`,
      [open.id, ...facts],
    );
    return { outcome: 'changed', id: open.id };
  }
  // What was settled has become this one: both together would explain a balance twice.
  await settledIsGone(db, found.connectionId, found.subject);
  const { rows } = await db.query<{ id: number }>(
    `insert into reconciliation_difference (connection_id, reconciliation_id, subject, kind, why, client_id, account_id, transaction_id, reference,
            provider_id, ours, ours_currency, theirs, theirs_currency, off_by, at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning id`,
    [found.connectionId, found.reconciliationId, found.subject, ...facts],
  );
  return { outcome: 'new', id: rows[0]!.id };
};

/** A settled difference is none any more. It stays as the person left it. */
const settledIsGone = async (db: Queryable, connectionId: number, subject: string): Promise<void> => {
  await db.query(
    `update reconciliation_difference set gone_time = now(), update_time = now()
      where connection_id = $1 and subject = $2 and state = 'settled' and gone_time is null`,
    [connectionId, subject],
  );
};

/** The books agree: what was open about it ends by itself, and so does its request; what was settled is gone. Answers what ended. */
export const resolveDifference = async (
  db: Queryable,
  connectionId: number,
  subject: string,
  note: string,
): Promise<number[]> => {
  // The request first, as whoever decides about it does: so neither waits for the other.
  await db.query(
    `select from application where status_id in (0, 3) and difference_id in (
       select id from reconciliation_difference where connection_id = $1 and subject = $2 and state = 'open') for update`,
    [connectionId, subject],
  );
  const { rows } = await db.query<{ id: number; state: DifferenceState }>(
    `update reconciliation_difference set state = case state when 'open' then 'resolved' else state end,
            note = case state when 'open' then $3 else note end, process_time = case state when 'open' then now() else process_time end,
            gone_time = case state when 'settled' then now() end, update_time = now()
      where connection_id = $1 and subject = $2 and (state = 'open' or state = 'settled' and gone_time is null) returning id, state`,
    [connectionId, subject, note],
  );
  const ended = rows.filter(({ state }) => state === 'resolved').map(({ id }) => id);
  // By itself: the statement above may have waited for whoever opened a request, and does not see it.
  await db.query(
    `update application set status_id = 1, comment = coalesce(comment, $2), update_time = now(), process_time = now()
      where difference_id = any($1) and status_id in (0, 3)`,
    [ended, note],
  );
  return ended;
};

export interface DifferenceRow {
  id: number;
  connectionId: number;
  connection: string;
  provider: string;
  reconciliationId: number;
  kind: DifferenceKind;
  subject: string;
  state: DifferenceState;
  why: string;
  clientId: number | null;
  accountId: number | null;
  transactionId: number | null;
  at: Date;
  note: string | null;
}

export const loadDifference = async (db: Queryable, id: number, lock = false): Promise<DifferenceRow> => {
  const { rows } = await db.query<DifferenceRow>(
    `select d.id, d.connection_id as "connectionId", c.name as connection, c.provider, d.reconciliation_id as "reconciliationId", d.kind, d.subject, d.state,
            d.why, d.client_id as "clientId", d.account_id as "accountId", d.transaction_id as "transactionId", d.at, d.note
       from reconciliation_difference d join connection c on c.id = d.connection_id where d.id = $1${lock ? ' for update of d' : ''}`,
    [id],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no difference ${id}`);
  return rows[0];
};
