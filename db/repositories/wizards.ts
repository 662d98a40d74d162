import type { KeyRing } from '../../config/key-ring.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Facts, Plan, WizardType } from '../../domain/wizards/grammar.ts';
import type { Submission } from '../../domain/wizards/machine.ts';
import type { Queryable } from '../pool.ts';
import { anyOf } from '../unseen.ts';

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
  position: number;
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

const COLUMNS = `r.id, r.uuid, r.type, r.definition_id as "definitionId", r.version, r.state, r.step, r.position, r.facts, r.opening_facts as "openingFacts", r.inputs, r.opened_by as "openedBy",
  r.address_mark as "addressMark", r.device_mark as "deviceMark", r.client_id as "clientId", r.locale`;

/** For a worker, which knows the number of its run. */
export const loadRun = async (db: Queryable, id: number): Promise<WizardRun> => {
  const { rows } = await db.query<WizardRun>(`select ${COLUMNS} from wizard_run r where r.id = $1`, [id]);
  if (!rows[0]) throw new HubFailure('NotFound', 'wizard_not_found', `there is no wizard run ${id}`);
  return rows[0];
};

export interface AskedRun extends WizardRun {
  /** The input under which the same was sent before. */
  repeated: { input: number; step: string } | null;
  /** Something was kept for its step, and what came of that is not noted yet: it may have gone on. */
  mayBeBehind: boolean;
}

/** Of a run `r`: what was sent for the step it is noted at, and may have reached it. */
const KEPT_FOR_ITS_STEP = `select from wizard_input k where k.run_id = r.id and k.step = r.step and k.state in ('kept', 'unanswered') and not k.id = any(r.inputs)`;

export const findRun = async (db: Queryable, uuid: string, marks: readonly Buffer[]): Promise<AskedRun | null> => {
  const { rows } = await db.query<AskedRun>(
    `select ${COLUMNS}, case when i.id is not null then jsonb_build_object('input', i.id, 'step', i.step) end as repeated,
            exists (${KEPT_FOR_ITS_STEP}) as "mayBeBehind"
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

export const insertRun = async (db: Queryable, run: NewRun): Promise<WizardRun> =>
  (
    await db.query<WizardRun>(
      `insert into wizard_run as r (uuid, type, definition_id, version, expires_at, opened_by, address_mark, device_mark, client_id, locale)
       values ($1, $2, $3, $4, now() + make_interval(secs => $5), $6, $7, $8, $9, $10) returning ${COLUMNS}`,
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
  ).rows[0]!;

/** Of inputs `i`: nobody waits for an answer any more. One that is on its way to its run is not among them: of two that are, the run takes the first. */
const IS_LEFT = `(i.state = 'unanswered' or i.state = 'kept' and i.create_time < now() - interval '15 seconds')`;

export interface NewInput {
  runId: number;
  step: string;
  mark: Buffer;
  keep: object;
  userId?: number;
}

/** Keeps what was sent and found right; the same again is the same input. What was left behind at the step before counts no more. */
export const insertInput = async (db: Queryable, ring: KeyRing, input: NewInput): Promise<number> =>
  (
    await db.query<{ id: number }>(
      `with before as (
         update wizard_input i set state = 'superseded' from wizard_run r
          where r.id = $1 and i.run_id = $1 and i.step = $2 and i.mark <> $3 and ${IS_LEFT} and not i.id = any(r.inputs))
       insert into wizard_input as i (run_id, step, mark, sealed, user_id) values ($1, $2, $3, $4, $5)
       on conflict (run_id, mark) do update set state = case i.state when 'taken' then i.state else 'kept' end returning id`,
      [input.runId, input.step, input.mark, sealed(ring, input), input.userId ?? null],
    )
  ).rows[0]!.id;

/** The same for a run as it was last seen, by what it had taken then. Null: it has gone on, or something else was sent for its step, or this before. */
export const insertNextInput = async (
  db: Queryable,
  ring: KeyRing,
  input: Omit<NewInput, 'userId'>,
  taken: readonly number[],
): Promise<number | null> =>
  (
    await db.query<{ id: number }>(
      `insert into wizard_input (run_id, step, mark, sealed)
       select r.id, r.step, $3, $4 from wizard_run r
        where r.id = $1 and r.state = 'open' and r.step = $2 and r.inputs = $5::int[] and not exists (${KEPT_FOR_ITS_STEP})
       on conflict (run_id, mark) do nothing returning id`,
      [input.runId, input.step, input.mark, sealed(ring, input), taken],
    )
  ).rows[0]?.id ?? null;

const sealed = (ring: KeyRing, { keep }: Pick<NewInput, 'keep'>): Buffer =>
  ring.seal(Buffer.from(JSON.stringify(keep)), WIZARD_PURPOSE);

/** What was sent before is sent again: of what was kept for its step it is what counts. */
export const wantAgain = async (db: Queryable, runId: number, input: number): Promise<void> => {
  await db.query(
    `update wizard_input i set state = case i.id when $2 then 'kept' else 'superseded' end
       from wizard_run r, wizard_input wanted
      where r.id = $1 and wanted.id = $2 and wanted.state <> 'taken' and i.run_id = $1 and i.step = wanted.step
        and (i.id = $2 and i.state in ('unanswered', 'superseded') or i.id <> $2 and ${IS_LEFT}) and not r.inputs && array[i.id, $2]`,
    [runId, input],
  );
};

/** Whoever sent it is told that nobody can take it now. */
export const noteUnanswered = async (db: Queryable, input: number): Promise<void> => {
  await db.query(`update wizard_input set state = 'unanswered' where id = $1 and state = 'kept'`, [input]);
};

/** Whether another input was kept for its step since, before it reached its run. */
export const isSuperseded = async (db: Queryable, input: number | null): Promise<boolean> =>
  (await db.query(`select from wizard_input where id = $1 and state = 'superseded'`, [input])).rowCount === 1;

/** What a run must know of an input, kept with it. */
type KeptSubmission = Pick<Submission, 'facts' | 'after' | 'replaces'>;

/** Which steps of a run these inputs were sent for, and what was found out there. Not those of another run. */
export const loadInputs = async (
  db: Queryable,
  ring: KeyRing,
  runId: number,
  inputs: readonly number[],
): Promise<Submission[]> => {
  if (inputs.length === 0) return [];
  const { rows } = await db.query<{ input: number; step: string; sealed: Buffer }>(
    `select id as input, step, sealed from wizard_input where run_id = $1 and id = any($2)`,
    [runId, inputs],
  );
  return rows.map(({ input, step, sealed }) => {
    const kept = JSON.parse(ring.open(sealed, WIZARD_PURPOSE).toString()) as Partial<KeptSubmission>;
    const { facts = {}, after, replaces } = kept;
    return { step, input, facts, ...(after !== undefined && { after }), ...(replaces !== undefined && { replaces }) };
  });
};

/** Notes what is known before the first step, once; answers what was noted, and what was sent with the opening. */
export const noteOpening = async (
  db: Queryable,
  runId: number,
  facts: Facts,
  mark: Buffer,
): Promise<{ facts: Facts; inputs: number[] }> => {
  await db.query(
    `update wizard_run set opening_facts = $2::jsonb where id = $1 and state = 'opening' and opening_facts = '{}' and $2::jsonb <> '{}'`,
    [runId, JSON.stringify(facts)],
  );
  // Apart: a statement that waits for a twin answers what there was before it.
  const { rows } = await db.query<{ facts: Facts; inputs: number[] }>(
    `select opening_facts as facts, array(select id from wizard_input where run_id = r.id and mark = $2) as inputs from wizard_run r where id = $1`,
    [runId, mark],
  );
  return rows[0]!;
};

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
    `select sealed from wizard_input where id = ${anyOf(1)} order by array_position($1::int[], id)`,
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

/** False when the run is over, or the input that led here is none of its own, or superseded. Harmless to repeat. */
export const noteEntered = async (db: Queryable, entered: Entered): Promise<boolean> => {
  const { runId, position, step, facts, inputs, input, lifetimeSeconds } = entered;
  const { rowCount } = await db.query(
    `with taken as (update wizard_input set state = 'taken' where id = $6 and run_id = $1 and state <> 'superseded' returning id)
     update wizard_run r set state = 'open', position = $2, step = $3, facts = $4, inputs = $5, since = now(), update_time = now(),
            client_id = coalesce(($4::jsonb ->> 'clientId')::int, client_id), expires_at = now() + make_interval(secs => $7)
      where id = $1 and state in ('opening', 'open') and ($6::int is null or exists (select from taken))`,
    [runId, position, step, JSON.stringify(facts), inputs, input, lifetimeSeconds],
  );
  return rowCount === 1;
};

/**
 * Where a run has answered to be, for a step that begins with nothing; only ever forward, so that who is late changes nothing. Nobody waits for the disk:
 * the run knows it, and what was lost is noted again (activities/wizards/bring-step.ts).
 */
export const noteReached = async (db: Queryable, run: WizardRun, lifetimeSeconds: number): Promise<void> => {
  await db.query(
    `update wizard_run r set state = 'open', position = $2, step = $3, facts = $4, inputs = $5, since = now(), update_time = now(),
            client_id = coalesce($6, client_id), expires_at = now() + make_interval(secs => $7)
       from (select set_config('synchronous_commit', 'off', true)) as quick
      where id = $1 and state in ('opening', 'open') and position < $2`,
    [run.id, run.position, run.step, JSON.stringify(run.facts), run.inputs, run.clientId, lifetimeSeconds],
  );
};

/**
 * Kept for a step and not noted as taken: whoever was to bring them to their run died. Of the last hour; a run that has long been left alone may stay so.
 * In no order: some that cannot be brought do not keep others back.
 */
export const inputsLeftBehind = async (db: Queryable, most: number): Promise<{ runId: number; input: number }[]> =>
  (
    await db.query<{ runId: number; input: number }>(
      `select r.id as "runId", i.id as input from wizard_input i join wizard_run r on r.id = i.run_id
        where i.create_time between now() - interval '1 hour' and now() - interval '15 seconds' and i.step <> '' and i.state <> 'superseded' and r.state = 'open' and not i.id = any(r.inputs)
        order by random() limit $1`,
      [most],
    )
  ).rows;

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

/**
 * A run and what it kept are dropped a day after it could go on; its answer with tokens after minutes. What is that old was made earlier still, and by when it
 * was made it is found.
 */
export const dropOldRuns = async (db: Queryable): Promise<void> => {
  await db.query(`delete from wizard_outcome where create_time < now() - interval '5 minutes'`);
  await db.query(
    `delete from wizard_input i using wizard_run r
      where i.create_time < now() - interval '1 day' and r.id = i.run_id and r.expires_at < now() - interval '1 day'`,
  );
  await db.query(
    `delete from wizard_run where create_time < now() - interval '30 days' and expires_at < now() - interval '30 days'`,
  );
  await db.query(`delete from code_sending where create_time < now() - interval '2 days'`);
};
