import type { KeyRing } from '../../config/key-ring.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Facts, Plan, WizardType } from '../../domain/wizards/grammar.ts';
import type { Queryable } from '../pool.ts';

/** What sealed inputs and answers of wizards are bound to. */
export const WIZARD_PURPOSE = 'wizard';

export interface WizardRun {
  id: number;
  uuid: string;
  type: WizardType;
  definitionId: number | null;
  version: number | null;
  state: 'opening' | 'open' | 'done' | 'expired' | 'cancelled' | 'failed';
  step: string | null;
  facts: Facts;
  /** Known before the first step. */
  openingFacts: Facts;
  /** Taken, in order. */
  inputs: number[];
  openedBy: number | null;
  addressMark: Buffer | null;
  deviceMark: Buffer | null;
  clientId: number | null;
  locale: string;
}

const COLUMNS = `r.id, r.uuid, r.type, r.definition_id as "definitionId", r.version, r.state, r.step, r.facts, r.opening_facts as "openingFacts", r.inputs, r.opened_by as "openedBy",
  r.address_mark as "addressMark", r.device_mark as "deviceMark", r.client_id as "clientId", r.locale`;

/** For a worker, which knows the number of its run. */
export const loadRun = async (db: Queryable, id: number): Promise<WizardRun> => {
  const { rows } = await db.query<WizardRun>(`select ${COLUMNS} from wizard_run r where r.id = $1`, [id]);
  if (!rows[0]) throw new HubFailure('NotFound', 'wizard_not_found', `there is no wizard run ${id}`);
  return rows[0];
};

/** With the input under which the same was sent before. */
export interface AskedRun extends WizardRun {
  repeated: { input: number; step: string } | null;
}

export const findRun = async (db: Queryable, uuid: string, marks: readonly Buffer[]): Promise<AskedRun | null> => {
  const { rows } = await db.query<AskedRun>(
    `select ${COLUMNS}, case when i.id is not null then jsonb_build_object('input', i.id, 'step', i.step) end as repeated
       from wizard_run r left join lateral (select id, step from wizard_input i where i.run_id = r.id and i.mark = any($2) limit 1) i on true
      where r.uuid = $1`,
    [uuid, marks],
  );
  return rows[0] ?? null;
};

const plans = new Map<string, Plan>();

/** A version never changes, so it is read once in each process. */
export const loadPlan = async (db: Queryable, definitionId: number, version: number): Promise<Plan> => {
  const key = `${definitionId}:${version}`;
  const known = plans.get(key);
  if (known) return known;
  const { rows } = await db.query<Plan>(
    `select steps, lifetime_seconds as "lifetimeSeconds", tries from wizard_version where definition_id = $1 and version = $2`,
    [definitionId, version],
  );
  if (!rows[0])
    throw new HubFailure('NotFound', 'not_found', `there is no version ${version} of wizard ${definitionId}`);
  if (plans.size > 1_000) plans.clear();
  plans.set(key, rows[0]);
  return rows[0];
};

export interface NewRun {
  uuid: string;
  type: WizardType;
  /** Null: the client is still to choose. */
  chosen: { definitionId: number; version: number } | null;
  lifetimeSeconds: number;
  openedBy: number | null;
  addressMark: Buffer;
  deviceMark: Buffer | null;
  clientId: number | null;
  locale: string;
}

export const insertRun = async (db: Queryable, run: NewRun): Promise<number> =>
  (
    await db.query<{ id: number }>(
      `insert into wizard_run (uuid, type, definition_id, version, expires_at, opened_by, address_mark, device_mark, client_id, locale)
       values ($1, $2, $3, $4, now() + make_interval(secs => $5), $6, $7, $8, $9, $10) returning id`,
      [
        run.uuid,
        run.type,
        run.chosen?.definitionId ?? null,
        run.chosen?.version ?? null,
        run.lifetimeSeconds,
        run.openedBy,
        run.addressMark,
        run.deviceMark,
        run.clientId,
        run.locale,
      ],
    )
  ).rows[0]!.id;

/** Keeps what was sent and found right; the same again is the same input. */
export const insertInput = async (
  db: Queryable,
  ring: KeyRing,
  input: { runId: number; step: string; mark: Buffer; keep: object; userId?: number },
): Promise<number> =>
  (
    await db.query<{ id: number }>(
      `insert into wizard_input (run_id, step, mark, sealed, user_id) values ($1, $2, $3, $4, $5)
       on conflict (run_id, mark) do update set mark = excluded.mark returning id`,
      [
        input.runId,
        input.step,
        input.mark,
        ring.seal(Buffer.from(JSON.stringify(input.keep)), WIZARD_PURPOSE),
        input.userId ?? null,
      ],
    )
  ).rows[0]!.id;

/** Kept with each input: what the way depends on, the input it was judged after, and the one it stands instead of. */
export const FACTS = 'facts';
const AFTER = 'after';
const REPLACES = 'replaces';

export interface KeptSubmission {
  facts: Facts;
  after: number | null;
  replaces?: number | undefined;
}

/** An input with what its run must know of it. */
export const submissionToKeep = ({ facts, after, replaces }: KeptSubmission) => ({
  [FACTS]: facts,
  [AFTER]: after,
  ...(replaces !== undefined && { [REPLACES]: replaces }),
});

/** As it was told to the run the first time. */
export const loadSubmission = async (
  db: Queryable,
  ring: KeyRing,
  input: number,
): Promise<{ facts: Facts; replaces?: number }> => {
  const kept = (await loadDraft(db, ring, [input])) as { [FACTS]?: Facts; [REPLACES]?: number };
  const { [FACTS]: facts = {}, [REPLACES]: replaces } = kept;
  return { facts, ...(replaces !== undefined && { replaces }) };
};

export interface ShownInput {
  id: number;
  step: string;
  facts: Facts;
  /** The input that was the last one when this was judged; undefined: nobody noted it. */
  after: number | null | undefined;
}

/** Which steps of a run these inputs were sent for, and what was found out there. Not those of another run. */
export const loadInputs = async (
  db: Queryable,
  ring: KeyRing,
  runId: number,
  inputs: readonly number[],
): Promise<ShownInput[]> => {
  if (inputs.length === 0) return [];
  const { rows } = await db.query<{ id: number; step: string; sealed: Buffer }>(
    `select id, step, sealed from wizard_input where run_id = $1 and id = any($2)`,
    [runId, inputs],
  );
  return rows.map(({ id, step, sealed }) => {
    const kept = JSON.parse(ring.open(sealed, WIZARD_PURPOSE).toString()) as {
      [FACTS]?: Facts;
      [AFTER]?: number | null;
    };
    return { id, step, facts: kept[FACTS] ?? {}, after: kept[AFTER] };
  });
};

/** Notes what is known before the first step, once; answers what was sent with the opening. */
export const noteOpening = async (db: Queryable, runId: number, facts: Facts, mark: Buffer): Promise<number[]> =>
  (
    await db.query<{ id: number }>(
      `with noted as (update wizard_run set opening_facts = $3 where id = $1 and state = 'opening' and opening_facts = '{}')
       select id from wizard_input where run_id = $1 and mark = $2`,
      [runId, mark, JSON.stringify(facts)],
    )
  ).rows.map(({ id }) => id);

/** What a run did not take may be sent anew. */
export const dropInput = async (db: Queryable, input: number): Promise<void> => {
  await db.query(`delete from wizard_input where id = $1`, [input]);
};

/** Everything the steps kept, later ones over earlier ones. Personal data: it stays in this process. */
export const loadDraft = async (
  db: Queryable,
  ring: KeyRing,
  inputs: readonly number[],
): Promise<Record<string, unknown>> => {
  if (inputs.length === 0) return {};
  const { rows } = await db.query<{ sealed: Buffer }>(
    `select sealed from wizard_input where id = any($1) order by array_position($1::int[], id)`,
    [inputs],
  );
  const parts = rows.map(({ sealed }) => JSON.parse(ring.open(sealed, WIZARD_PURPOSE).toString()) as object);
  return Object.assign({}, ...parts) as Record<string, unknown>;
};

/** What was handed on is kept no longer. */
export const eraseFromInputs = async (db: Queryable, ring: KeyRing, runId: number, name: string): Promise<void> => {
  const { rows } = await db.query<{ id: number; sealed: Buffer }>(
    `select id, sealed from wizard_input where run_id = $1 for update`,
    [runId],
  );
  for (const { id, sealed } of rows) {
    const { [name]: erased, ...kept } = JSON.parse(ring.open(sealed, WIZARD_PURPOSE).toString()) as Record<
      string,
      unknown
    >;
    if (erased === undefined) continue;
    await db.query(`update wizard_input set sealed = $2 where id = $1`, [
      id,
      ring.seal(Buffer.from(JSON.stringify(kept)), WIZARD_PURPOSE),
    ]);
  }
};

export interface Entered {
  runId: number;
  position: number;
  step: string;
  facts: Facts;
  inputs: readonly number[];
  /** What led here; null at the first step, and when nothing was asked. */
  input: number | null;
  lifetimeSeconds: number;
}

/** False when the run is over, or the input that led here is none of its own. Harmless to repeat. */
export const noteEntered = async (db: Queryable, entered: Entered): Promise<boolean> => {
  const { runId, position, step, facts, inputs, input, lifetimeSeconds } = entered;
  const { rowCount } = await db.query(
    `update wizard_run r set state = 'open', position = $2, step = $3, facts = $4, inputs = $5, since = now(), update_time = now(),
            client_id = coalesce(($4::jsonb ->> 'clientId')::int, client_id), expires_at = now() + make_interval(secs => $7)
      where id = $1 and state in ('opening', 'open') and ($6::int is null or exists (select from wizard_input where id = $6 and run_id = r.id))`,
    [runId, position, step, JSON.stringify(facts), inputs, input, lifetimeSeconds],
  );
  return rowCount === 1;
};

export const noteEnded = async (
  db: Queryable,
  {
    runId,
    over,
    clientId,
    inputs,
  }: { runId: number; over: string; clientId: number | null; inputs: readonly number[] },
): Promise<void> => {
  await db.query(
    `update wizard_run set state = $2, client_id = coalesce((select client_id from client where registration_run = $1), $3, client_id), inputs = $4,
            since = now(), update_time = now() where id = $1 and state in ('opening', 'open')`,
    [runId, over, clientId, inputs],
  );
};

/** A run and what it kept are dropped a day after it could go on; its answer with tokens after minutes. */
export const dropOldRuns = async (db: Queryable): Promise<void> => {
  await db.query(`delete from wizard_outcome where create_time < now() - interval '5 minutes'`);
  await db.query(
    `delete from wizard_input i using wizard_run r where r.id = i.run_id and r.expires_at < now() - interval '1 day'`,
  );
  await db.query(`delete from wizard_run where expires_at < now() - interval '30 days'`);
  await db.query(`delete from code_sending where create_time < now() - interval '2 days'`);
  await db.query(
    `delete from sign_in_guard where update_time < now() - interval '2 days' and coalesce(blocked_until < now(), true)`,
  );
};
