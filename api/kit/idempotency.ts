import { createHmac, type KeyObject } from 'node:crypto';
import type { Queryable } from '../../db/pool.ts';
import { HubFailure, WrongFields } from '../../domain/failures.ts';
import { type Actor, actorName } from './access.ts';
import { Problem, errorBody, problem, toProblem } from './errors.ts';
import { canonical } from './json-body.ts';

interface Outcome {
  status: number;
  body: unknown;
  replayed: boolean;
}

export interface Answered {
  status: number;
  body: unknown;
  /** More is to be heard: it is answered, and not kept. */
  isProvisional: boolean;
}

/**
 * One Idempotency-Key of one actor. A handler that is not harmless to repeat by itself takes `lock` first thing in its
 * transaction and calls `finish` in the same transaction: effect and outcome then commit together.
 */
export interface Once {
  /** '{actor}:{key}': unique for the operation, to be stored beside what it made. */
  readonly key: string;
  /** Of the request, to be stored beside what it made: the key is kept there for longer than here. */
  readonly fingerprint: Buffer;
  /** Has the request confirmed, unless it was before: the code does once, and what came after it may have failed. `take`: whether a code was taken. */
  confirm(take: () => Promise<boolean>): Promise<void>;
  /** Waits for twins. Throws when one of them has finished: its outcome is answered instead. */
  lock(db: Queryable): Promise<void>;
  finish(db: Queryable, status: number, body: unknown): Promise<void>;
}

class AlreadyFinished extends Error {}

const FINISH = `insert into idempotency (actor, key, route, fingerprint, status, body) values ($1, $2, $3, $4, $5, $6)
  on conflict (actor, key) do update set status = excluded.status, body = excluded.body
    where idempotency.status is null and idempotency.route = excluded.route and idempotency.fingerprint = excluded.fingerprint returning 1`;

/** Only of this very request: meanwhile a twin that was refused may have freed the key, and another request have taken it. */
const CONFIRMED = `insert into idempotency (actor, key, route, fingerprint, confirmed) values ($1, $2, $3, $4, true)
  on conflict (actor, key) do update set confirmed = true where idempotency.route = excluded.route and idempotency.fingerprint = excluded.fingerprint`;

/** A twin without the right code does not take away that the request was confirmed. */
const FREE = `delete from idempotency where actor = $1 and key = $2 and route = $3 and fingerprint = $4 and status is null and (not confirmed or $5)`;

const reused = () =>
  problem(409, 'idempotency_key_reused', 'This Idempotency-Key was used for another request.', 'Idempotency-Key');

/** What was made under a key may outlive what was asked for under it (30 days): another request is not answered with it. */
export const assertSameRequest = (made: { fingerprint?: Buffer | null }, once: Once | undefined): void => {
  if (once && made.fingerprint && !made.fingerprint.equals(once.fingerprint)) throw reused();
};

/**
 * Runs `work` under the caller's key. The first finished outcome is kept and answered to every repeat. Twins that run at the
 * same time all do the work, which is idempotent by `once.key`, and all answer the outcome that was kept first.
 */
export const withKey = async (
  call: {
    db: Queryable;
    secret: KeyObject;
    actor: Actor;
    key: string;
    route: string;
    body: unknown;
    requestId: string;
  },
  work: (once: Once) => Promise<Answered>,
): Promise<Outcome> => {
  const { db, key, route } = call;
  const actor = actorName(call.actor);
  // Keyed, because a body may hold a password that a plain hash would let be guessed.
  const fingerprint = createHmac('sha256', call.secret).update(canonical(call.body)).digest();

  let confirmed = false;
  const kept = async (): Promise<Outcome | undefined> => {
    const { rows } = await db.query<{ isThis: boolean; status: number | null; body: unknown; confirmed: boolean }>(
      `select route = $3 and fingerprint = $4 as "isThis", status, body, confirmed from idempotency where actor = $1 and key = $2`,
      [actor, key, route, fingerprint],
    );
    const row = rows[0];
    if (!row) return undefined;
    if (!row.isThis) throw reused();
    confirmed = row.confirmed;
    return row.status === null ? undefined : { status: row.status, body: row.body, replayed: true };
  };

  const begun = await db.query(
    'insert into idempotency (actor, key, route, fingerprint) values ($1, $2, $3, $4) on conflict do nothing',
    [actor, key, route, fingerprint],
  );
  if (begun.rowCount === 0) {
    const before = await kept();
    if (before) return before;
  }

  let finishedInside = false;
  const finish = async (on: Queryable, status: number, body: unknown): Promise<boolean> =>
    (await on.query(FINISH, [actor, key, route, fingerprint, status, JSON.stringify(body ?? null)])).rows.length > 0;
  const once: Once = {
    key: `${actor}:${key}`,
    fingerprint: createHmac('sha256', call.secret).update(`${route}\n`).update(fingerprint).digest(),
    confirm: async (take) => {
      if (confirmed || !(await take())) return;
      const { rowCount } = await db.query(CONFIRMED, [actor, key, route, fingerprint]);
      if (rowCount === 0) throw reused();
      confirmed = true;
    },
    lock: async (on) => {
      await on.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${actor}:${key}`]);
      const done = await on.query('select 1 from idempotency where actor = $1 and key = $2 and status is not null', [
        actor,
        key,
      ]);
      if (done.rows.length > 0) throw new AlreadyFinished();
    },
    finish: async (on, status, body) => {
      await finish(on, status, body);
      finishedInside = true;
    },
  };

  let outcome: Answered;
  try {
    outcome = await work(once);
  } catch (error) {
    if (error instanceof AlreadyFinished) return (await kept())!;
    if (!isOutcome(error)) {
      if (leavesNothing(error)) await db.query(FREE, [actor, key, route, fingerprint, confirmed]);
      throw error;
    }
    const found = toProblem(error);
    outcome = { status: found.status, body: errorBody(found, call.requestId), isProvisional: false };
  }
  const { status, body, isProvisional } = outcome;
  if (isProvisional || finishedInside || (await finish(db, status, body))) return { status, body, replayed: false };
  return (await kept())!;
};

/** A business no is an outcome, and stays one however often it is asked for. */
const isOutcome = (error: unknown): boolean => {
  const { status, details } = toProblem(error);
  if (status === 409) return true;
  return (
    status === 400 &&
    details[0]?.reason !== 'validation' &&
    !(error instanceof HubFailure && error.type === 'InvalidInput')
  );
};

/** Refused before anything happened: the key stays free. After a 5xx it does not, since something may have happened. */
const leavesNothing = (error: unknown): boolean =>
  (error instanceof Problem || error instanceof HubFailure || error instanceof WrongFields) &&
  toProblem(error).status < 500;
