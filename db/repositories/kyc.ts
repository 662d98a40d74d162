import { HubFailure } from '../../domain/failures.ts';
import type { CaseState } from '../../domain/kyc.ts';
import type { Queryable } from '../pool.ts';
import { recordAudit } from './audit.ts';

export interface CaseRow {
  caseId: number;
  clientId: number;
  levelId: number;
  level: string;
  programme: string | null;
  connectionId: number | null;
  provider: string | null;
  reference: string;
  providerId: string | null;
  state: CaseState;
  attempt: number;
  /** A person has decided about the provider's last verdict. */
  settled: boolean;
  documentIds: number[];
  workflowId: string;
  /** Whether the client is on this level, or above. */
  hasLevel: boolean;
}

const SELECT = `
  select k.id as "caseId", k.client_id as "clientId", k.level_id as "levelId", l.name as level, l.programme, k.connection_id as "connectionId", co.provider,
         k.reference, k.provider_id as "providerId", k.state, k.attempt, coalesce(k.settled_attempt >= k.attempt, false) as settled, k.document_ids as "documentIds", k.workflow_id as "workflowId",
         cl.index >= l.index as "hasLevel"
    from kyc_case k join verification_level l on l.id = k.level_id left join connection co on co.id = k.connection_id
    join client c on c.client_id = k.client_id join verification_level cl on cl.id = c.verification_level_id where k.id = $1`;

export const loadCase = async (db: Queryable, caseId: number, lock = false): Promise<CaseRow> => {
  const { rows } = await db.query<CaseRow>(`${SELECT}${lock ? ' for update of k, c' : ''}`, [caseId]);
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no verification ${caseId}`);
  return rows[0];
};

export interface CaseChange {
  state: CaseState;
  providerId?: string | null;
  attempt?: number;
  providerStatus?: string | null;
  reasons?: readonly string[];
  comment?: string | null;
  validUntil?: string | null;
  /** Null clears it. */
  needsHuman?: string | null;
}

/** `null` of a fact keeps what is known, but of `comment` and `needsHuman`, which belong to the state. */
export const changeCase = async (db: Queryable, caseId: number, change: CaseChange): Promise<void> => {
  await db.query(
    `update kyc_case set state = $2, provider_id = coalesce($3, provider_id), attempt = coalesce($4, attempt), provider_status = coalesce($5, provider_status),
            reasons = coalesce($6, reasons), comment = $7, valid_until = coalesce($8::date, valid_until), needs_human = $9, update_time = now() where id = $1`,
    [
      caseId,
      change.state,
      change.providerId ?? null,
      change.attempt ?? null,
      change.providerStatus ?? null,
      change.reasons ?? null,
      change.comment ?? null,
      change.validUntil ?? null,
      change.needsHuman ?? null,
    ],
  );
};

export interface LevelChange {
  clientId: number;
  levelId: number;
  /** 'documents', 'provider', 'withdrawn', … and the same for people. */
  reason: string;
  caption: string;
  userId: number | null;
  run: { workflowId: string; runId: string };
}

/** Puts a client on a level, with its record and audit row; nothing when he is on it. */
export const changeLevel = async (db: Queryable, change: LevelChange): Promise<void> => {
  const { clientId, levelId, reason, caption, userId, run } = change;
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
    ...run,
  });
};
