import { HubFailure } from '../../domain/failures.ts';
import type { CaseState, KnownVerdicts, ProviderVerdict } from '../../domain/kyc.ts';
import { type CaseDates, type CaseWork, nextLook, remindersBehind } from '../../domain/kyc-dates.ts';
import type { Queryable } from '../pool.ts';
import { recordAudit } from './audit.ts';

export interface CaseRow extends CaseDates, CaseWork, KnownVerdicts {
  caseId: number;
  clientId: number;
  levelId: number;
  level: string;
  programme: string | null;
  provider: string | null;
  reference: string;
  providerId: string | null;
  /** Of the provider's last verdict: a newer attempt may be on its way. */
  verdictAttempt: number | null;
  /** The provider's last verdict; null: none, or a worker of before has noted it. */
  verdict: ProviderVerdict | null;
  documentIds: number[];
  workflowId: string;
  /** What happens when what was approved has ended: a person decides, or the level is taken at once. */
  onExpiry: 'request' | 'levelDown';
}

/** True when case `k` waits for an operator. */
export const IS_ASKED = `exists (select from application a where a.kyc_case_id = k.id and a.status_id in (0, 3))`;

const SELECT = `
  select k.id as "caseId", k.client_id as "clientId", k.level_id as "levelId", l.name as level, l.programme, k.connection_id as "connectionId", co.provider,
         k.reference, k.provider_id as "providerId", k.state, k.attempt, k.verdict_attempt as "verdictAttempt", k.verdict, k.settled_verdict as "settledVerdict", coalesce(k.settled_attempt >= k.attempt, false) as settled, k.document_ids as "documentIds", k.workflow_id as "workflowId",
         k.client_since as "clientSince", to_char(k.valid_until, 'YYYY-MM-DD') as "validUntil", k.reminders, k.provider_id is not null as begun,
         l.remind_after_days as "remindAfterDays", l.remind_before_days as "remindBeforeDays", l.deadline_days as "deadlineDays", l.on_expiry as "onExpiry",
         cl.index >= l.index as "hasLevel", ${IS_ASKED} as asked
    from kyc_case k join verification_level l on l.id = k.level_id left join connection co on co.id = k.connection_id
    join client c on c.client_id = k.client_id join verification_level cl on cl.id = c.verification_level_id`;

/** `lock`: nobody else changes it, or its client, meanwhile. */
export const loadCase = async (db: Queryable, caseId: number, lock = false): Promise<CaseRow> => {
  // First alone: a statement that waits for a row joins it, changed, to what the others were before, and may find nothing.
  if (lock)
    await db.query(
      `select from kyc_case k join client c on c.client_id = k.client_id where k.id = $1 for update of k, c`,
      [caseId],
    );
  const { rows } = await db.query<CaseRow>(`${SELECT} where k.id = $1`, [caseId]);
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no verification ${caseId}`);
  return rows[0];
};

export interface CaseChange {
  state: CaseState;
  providerId?: string | null;
  attempt?: number;
  /** What the provider has decided about this attempt; null: nothing yet. */
  verdict?: ProviderVerdict | null;
  providerStatus?: string | null;
  reasons?: readonly string[];
  comment?: string | null;
  /** Null: without an end. Left away: as it was. Given with 'approved', it is approved now, though it may have been before: how long it lasts at most counts anew. */
  validUntil?: string | null;
  /** Null clears it, unless a request waits. */
  needsHuman?: string | null;
}

/** `null` of a fact keeps what is known, but of `comment` and `needsHuman`, which belong to the state, and of `validUntil`. */
export const changeCase = async (db: Queryable, caseId: number, change: CaseChange): Promise<void> => {
  const { state, validUntil } = change;
  const { rows } = await db.query<{ anew: boolean }>(
    `update kyc_case k set state = $2, provider_id = coalesce($3, k.provider_id), attempt = coalesce($4, k.attempt), verdict_attempt = case when $11::text is null then k.verdict_attempt else $4 end, verdict = coalesce($11, k.verdict),
            provider_status = coalesce($5, k.provider_status),
            reasons = coalesce($6, k.reasons), comment = $7, valid_until = case when $8 then $9::date else k.valid_until end,
            needs_human = case when $10::text is null and exists (select from application where kyc_case_id = k.id and status_id in (0, 3)) then k.needs_human else $10 end,
            client_since = case when $2 not in ('open', 'retry') then null when old.state = $2 then old.client_since else now() end, update_time = now(),
            approved_at = case when $2 <> 'approved' then null when $8 then now() else old.approved_at end
       from (select id, state, client_since, valid_until, approved_at from kyc_case where id = $1 for update) old where k.id = old.id
     returning (old.state, old.valid_until) is distinct from (k.state, k.valid_until) as anew`,
    [
      caseId,
      state,
      change.providerId ?? null,
      change.attempt ?? null,
      change.providerStatus ?? null,
      change.reasons ?? null,
      change.comment ?? null,
      validUntil !== undefined,
      validUntil ?? null,
      change.needsHuman ?? null,
      change.verdict ?? null,
    ],
  );
  await planDates(db, { caseId }, rows[0]!.anew);
};

type Cases = { caseId: number } | { levelId: number };
const columnOf = (which: Cases): [string, number] =>
  'caseId' in which ? ['k.id', which.caseId] : ['k.level_id', which.levelId];

/** Nobody else changes them meanwhile. */
export const holdCases = async (db: Queryable, which: Cases): Promise<void> => {
  const [column, value] = columnOf(which);
  await db.query(`select from kyc_case k where ${column} = $1 order by k.id for update`, [value]);
};

/**
 * Says when the hub looks at a verification next; for whoever changed what its dates depend on, in the same transaction. `anew`: a turn, an end or the settings
 * are new, or a reminder was sent: what lies behind is counted again.
 */
export const planDates = async (db: Queryable, which: Cases, anew: boolean): Promise<void> => {
  // First alone, as whoever loads one for himself.
  await holdCases(db, which);
  const [column, value] = columnOf(which);
  const { rows } = await db.query<CaseRow>(
    `${SELECT} where ${column} = $1 and (k.client_since is not null or k.valid_until is not null or k.next_look is not null or k.state in ('checking', 'on_hold') or ${IS_ASKED})`,
    [value],
  );
  const now = new Date();
  const planned = rows.map((found) => {
    // Not every connection makes dates of times.
    const row = { ...found, clientSince: found.clientSince && new Date(found.clientSince) };
    const reminders = anew ? remindersBehind(row, now) : row.reminders;
    return { id: row.caseId, reminders, next: nextLook({ ...row, reminders }, now) };
  });
  await db.query(
    `update kyc_case k set reminders = p.reminders, next_look = p.next
       from jsonb_to_recordset($1::jsonb) as p (id integer, reminders integer, next timestamptz) where k.id = p.id`,
    [JSON.stringify(planned)],
  );
};

export interface LevelChange {
  clientId: number;
  levelId: number;
  /** 'documents', 'provider', 'withdrawn', … and the same for people. */
  reason: string;
  caption: string;
  userId: number | null;
  /** What changed it, for the audit: a run, or a call of the API. */
  cause: { workflowId: string; runId: string } | { requestId: string };
}

/** Puts a client on a level, with its record and audit row; nothing when he is on it. */
export const changeLevel = async (db: Queryable, change: LevelChange): Promise<void> => {
  const { clientId, levelId, reason, caption, userId, cause } = change;
  const { rows } = await db.query<{ before: number }>(
    `select verification_level_id as before from client where client_id = $1 for update`,
    [clientId],
  );
  const before = rows[0]!.before;
  if (before === levelId) return;
  await db.query(`update client set verification_level_id = $2, update_time = now() where client_id = $1`, [
    clientId,
    levelId,
  ]);
  await db.query(
    `insert into verification_record (client_id, current_level_id, previous_level_id, reason, caption, user_id) values ($1, $2, $3, $4, $5, $6)`,
    [clientId, levelId, before, reason, caption, userId],
  );
  await recordAudit(db, {
    actor: userId === null ? 'workflow' : `user:${userId}`,
    action: 'clients.level',
    object: `client:${clientId}`,
    before: { levelId: before },
    after: { levelId, reason },
    ...cause,
  });
};

/** The next lower level; there is always one, for nobody is verified for the lowest. */
export const levelBelow = async (db: Queryable, levelId: number): Promise<number> =>
  (
    await db.query<{ id: number }>(
      `select b.id from verification_level l join verification_level b on b.index < l.index or b.id = l.id where l.id = $1 order by b.id = l.id, b.index desc limit 1`,
      [levelId],
    )
  ).rows[0]!.id;

/** What the provider has said last is dealt with: seen again it is no news. */
export const settleVerdict = async (db: Queryable, caseId: number): Promise<void> => {
  await db.query(
    `update kyc_case set settled_attempt = coalesce(verdict_attempt, nullif(attempt, 0)), settled_verdict = verdict where id = $1`,
    [caseId],
  );
};

/** What the provider says now is heard, whatever was decided about what it said before. */
export const unsettleVerdict = async (db: Queryable, caseId: number): Promise<void> => {
  await db.query(`update kyc_case set settled_attempt = null, settled_verdict = null where id = $1`, [caseId]);
};

/** What was approved has ended: the level goes, the verdict is dealt with, and only new documents bring it back. */
export const endApproval = async (
  db: Queryable,
  { caseId, clientId, levelId, state, hasLevel }: CaseRow,
  { userId, run }: { userId: number | null; run: { workflowId: string; runId: string } },
): Promise<CaseState> => {
  const ended = state === 'approved' ? 'expired' : state;
  await settleVerdict(db, caseId);
  await db.query(`update kyc_case set valid_until = null where id = $1`, [caseId]);
  if (ended === state) await planDates(db, { caseId }, true);
  else await changeCase(db, caseId, { state: ended });
  if (hasLevel) {
    const below = await levelBelow(db, levelId);
    const change = { clientId, levelId: below, reason: 'expired', caption: 'Documents have expired' };
    await changeLevel(db, { ...change, userId, cause: run });
  }
  return ended;
};

/** The end of what is being approved now, or is `approved`, by the report or the documents and by how long the level lasts at most; null: none. */
export const endOfApproval = async (
  db: Queryable,
  caseId: number,
  reported: string | null,
  approved = false,
): Promise<string | null> =>
  (
    await db.query<{ until: string | null }>(
      `select to_char(least($2::date, (select min(valid_until) from client_document where document_id = any(k.document_ids)),
                            (case when $3 then k.approved_at else now() end at time zone 'utc')::date + l.valid_days), 'YYYY-MM-DD') as until
         from kyc_case k join verification_level l on l.id = k.level_id where k.id = $1`,
      [caseId, reported, approved],
    )
  ).rows[0]!.until;
