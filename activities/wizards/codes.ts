import { randomInt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { brokerSettings } from '../../db/repositories/broker-settings.ts';
import { type CodesOf, forgiveCodes, knockWithCode } from '../../db/repositories/sign-in-guard.ts';
import { isPlaceOf } from '../../db/repositories/sign-in-places.ts';
import { HubFailure } from '../../domain/failures.ts';
import { CODE_KEY } from '../../domain/messages.ts';
import { outdateMessages, queueMessage } from '../messaging/queue-message.ts';
import { recipientMarks } from '../messaging/recipient-marks.ts';
import type { Asked, At, Work } from './step.ts';
import { whatIsConfirmed } from './what-is-confirmed.ts';

export const CODE_LENGTH = 6;
const HASHED_FOR = 'wizard-code';

/**
 * How many codes may be sent within an hour: to one recipient and to those of one address (settings); for one client in one kind of procedure, so that nobody who
 * begins recoveries for others keeps them from signing in; and on a channel for everybody, for SMS cost money wherever they are asked from. Where a client has
 * signed in before, what strangers ask for uses up nothing of his: what was sent for there counts alone, and the address not at all, for many may share it.
 */
const MOST_FOR_A_CLIENT = 10;
const MOST_OF_ALL_AN_HOUR = { email: 20_000, sms: 2_000 } as const;
const HOUR = 3_600;
/** What a client is told after too many wrong codes. */
const AFTER_TRIES = 600;

export interface CodeSettings {
  /** Name of a message type. */
  template: string;
  lifetimeSeconds: number;
  resendAfterSeconds: number;
}

export interface CodeRecipient {
  channel: 'email' | 'sms';
  /** E-mail address, or phone in E.164. */
  to: string;
  firstName?: string;
  /** Nobody is there: everything is done but the sending, so that nobody learns it. */
  decoy: boolean;
}

type AtCode = At<CodeSettings>;

/** Makes the code of a step and promises the message that carries it. A step that has its code already keeps it. */
export const sendFirstCode = async (work: Work<CodeSettings>, recipient: CodeRecipient): Promise<void> => {
  const { db, run, step } = work;
  const { rowCount } = await db.query(`select 1 from wizard_code where run_id = $1 and step = $2 for update`, [
    run.id,
    step.name,
  ]);
  if (rowCount === 0) await sendCode(work, recipient, 1);
};

/** Another code instead of the one before. Throws `resend_too_early`. Wrong tries stay counted. */
export const sendCodeAgain = async (work: Work<CodeSettings>, recipient: CodeRecipient): Promise<void> => {
  const { db, run, step, settings } = work;
  const { rows } = await db.query<{ wait: number; sendings: number }>(
    `select ceil(extract(epoch from sent_at + make_interval(secs => $3) - now()))::int as wait, sendings from wizard_code where run_id = $1 and step = $2 for update`,
    [run.id, step.name, settings.resendAfterSeconds],
  );
  const { wait = 0, sendings = 0 } = rows[0] ?? {};
  if (wait > 0)
    throw new HubFailure('Rejected', 'resend_too_early', `A new code can be requested in ${wait} seconds.`, {
      retryAfter: wait,
    });
  await sendCode(work, recipient, sendings + 1);
};

const sendCode = async (work: Work<CodeSettings>, recipient: CodeRecipient, sending: number): Promise<void> => {
  const { db, ring, run, plan, step, settings } = work;
  const recipientMark = recipientMarks(ring, recipient.channel, recipient.to)[0];
  await count(work, recipient.channel, recipientMark);
  const code = String(randomInt(10 ** CODE_LENGTH)).padStart(CODE_LENGTH, '0');
  await db.query(
    `insert into wizard_code (run_id, step, hash, recipient_mark, tries_left, expires_at) values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
     on conflict (run_id, step) do update set hash = excluded.hash, recipient_mark = excluded.recipient_mark, sent_at = now(), expires_at = excluded.expires_at, sendings = wizard_code.sendings + 1`,
    [run.id, step.name, hashes(work, code)[0], recipientMark, plan.tries, settings.lifetimeSeconds],
  );
  const keyOfSending = (n: number): string => `${CODE_KEY}${run.id}:${step.name}:${n}`;
  await outdateMessages(db, keyOfSending(sending - 1));
  const what = await whatIsConfirmed(work);
  const promise = () =>
    queueMessage(db, ring, {
      to:
        recipient.channel === 'email'
          ? { email: recipient.to, locale: run.locale }
          : { phone: recipient.to, locale: run.locale },
      template: settings.template,
      parameters: { code, firstName: recipient.firstName ?? '', ...what },
      key: keyOfSending(sending),
    });
  if (recipient.decoy) return withoutEffect(db, async () => assertPromised(await promise(), recipient));
  const ids = await promise();
  assertPromised(ids, recipient);
  work.promised.push(...ids);
};

/** The same work as for a client that exists, taken back. */
const withoutEffect = async (db: Queryable, work: () => Promise<unknown>): Promise<void> => {
  await db.query('savepoint decoy');
  try {
    await work();
  } finally {
    await db.query('rollback to savepoint decoy');
  }
};

const assertPromised = (ids: readonly number[], { channel }: CodeRecipient): void => {
  if (ids.length === 0)
    throw new HubFailure(
      'Config',
      'unavailable',
      `No ${channel} message with a code can be sent: see its route and template.`,
    );
};

const tooManyCodes = () =>
  new HubFailure('Rejected', 'resend_too_early', 'Too many codes were sent. Try again in an hour.', {
    retryAfter: HOUR,
  });

/** Two that ask for one recipient at the same moment are counted one after the other. */
const count = async (at: AtCode, channel: 'email' | 'sms', recipientMark: Buffer): Promise<void> => {
  const { db, run } = at;
  const place = await ownPlaceOf(at);
  await db.query(`select pg_advisory_xact_lock(hashtextextended($1, 1))`, [recipientMark.toString('base64')]);
  const { rows } = await db.query<{ recipient: number; client: number; address: number; all: number }>(
    `with lately as not materialized (select * from code_sending where create_time > now() - interval '1 hour'),
          counted as (
       select (select count(*) from lately where recipient_mark = $1 and type = $4 and ($6::bytea is null or address_mark = $6))::int as recipient,
              (select count(*) from lately where client_id = $2 and type = $4 and ($6::bytea is null or address_mark = $6))::int as client,
              (select count(*) from lately where address_mark = $3 and type <> 'taken')::int as address,
              (select count(*) from lately where channel = $5)::int as all),
     noted as (insert into code_sending (recipient_mark, client_id, address_mark, type, channel) values ($1, $2, $3, $4, $5))
     select * from counted`,
    [recipientMark, run.clientId, run.addressMark ?? Buffer.alloc(0), run.type, channel, place],
  );
  const seen = rows[0]!;
  const { 'userConfirmation.codesAnHour': recipient, 'userConfirmation.codesOfAddress': ofAddress } =
    await brokerSettings(db, ['userConfirmation.codesAnHour', 'userConfirmation.codesOfAddress']);
  const isStranger = run.openedBy === null && place === null;
  // An address of nobody is counted as a recipient only: a client's limit is never the first to be met there.
  const most = {
    recipient,
    client: Math.max(MOST_FOR_A_CLIENT, 2 * recipient),
    address: isStranger ? ofAddress : Infinity,
  };
  const over = (['recipient', 'client', 'address'] as const).some((what) => seen[what] >= most[what]);
  if (over || seen.all >= MOST_OF_ALL_AN_HOUR[channel]) throw tooManyCodes();
};

const hashes = ({ ring, run, step }: AtCode, code: string) => ring.marks(`${run.id}:${step.name}:${code}`, HASHED_FOR);

/**
 * Takes the right code; throws `invalid_code` with the tries left, `code_expired`, or `too_many_attempts`, after which the run must end. Each try is
 * counted before it is compared.
 */
export const checkCode = async (asked: Asked<CodeSettings>, code: string): Promise<void> => {
  const { hash } = await countTry(asked);
  const right = hashes(asked, code).map((mark) => timingSafeEqual(mark, hash));
  if (!right.includes(true)) await refuseCode(asked);
  await forgiveTries(asked);
};

/** Who signed in before and gives right codes may do so all day; a sign-in or recovery forgets its tries at its end. */
export const forgiveTries = async <S>(at: At<S>): Promise<void> => {
  const { db, ring, run } = at;
  if (run.openedBy !== null) await forgiveCodes(db, ring, run.type, await whomOf(at));
};

/** Counts a try at the code of a step. */
export const countTry = async <S>(at: At<S>): Promise<{ hash: Buffer }> => {
  const { db, ring, run, step } = at;
  if (run.type !== 'registration') {
    const wait = await knockWithCode(db, ring, run.type, await whomOf(at));
    if (wait > 0) throw tooManyTries(wait);
  }
  const tried = await db.query<{ hash: Buffer }>(
    `update wizard_code set tries_left = tries_left - 1 where run_id = $1 and step = $2 and tries_left > 0 and expires_at > now() returning hash`,
    [run.id, step.name],
  );
  if (tried.rows[0]) return tried.rows[0];
  const { rows } = await db.query<{ triesLeft: number }>(
    `select tries_left as "triesLeft" from wizard_code where run_id = $1 and step = $2`,
    [run.id, step.name],
  );
  if (rows[0]?.triesLeft === 0) throw tooManyTries();
  throw new HubFailure('Rejected', 'code_expired', 'The code has expired. Request a new one.', { field: 'code' });
};

/** For nobody it counts by the e-mail, so that nobody learns it. */
const whomOf = async <S>(at: At<S>): Promise<CodesOf> =>
  at.run.clientId === null
    ? { email: String((await at.draft())['email']) }
    : { clientId: at.run.clientId, place: await ownPlaceOf(at) };

/** Of a run that anybody could have begun: where it was begun, if its client has been there before. */
const ownPlaceOf = async <S>({ db, run }: At<S>): Promise<Buffer | null> => {
  const { openedBy, clientId, addressMark } = run;
  if (openedBy !== null || clientId === null || addressMark === null) return null;
  return (await isPlaceOf(db, `client:${clientId}`, addressMark)) ? addressMark : null;
};

/** Says how many tries are left. */
export const refuseCode = async <S>({ db, run, step }: At<S>): Promise<never> => {
  const { rows } = await db.query<{ triesLeft: number }>(
    `select tries_left as "triesLeft" from wizard_code where run_id = $1 and step = $2`,
    [run.id, step.name],
  );
  const left = rows[0]?.triesLeft ?? 0;
  if (left === 0) throw tooManyTries();
  throw new HubFailure('Rejected', 'invalid_code', `The code is incorrect. Attempts left: ${left}.`, { field: 'code' });
};

const tooManyTries = (retryAfter = AFTER_TRIES) =>
  new HubFailure(
    'Rejected',
    'too_many_attempts',
    `Too many attempts. Try again in ${Math.ceil(retryAfter / 60)} minutes.`,
    { retryAfter },
  );

/** `data` of every step that waits for a code. */
export const CodeAsked = z
  .object({
    confirmationChannel: z.enum(['email', 'sms']),
    recipient: z.string().meta({ description: 'Where the code went, masked: `a***@example.com`, `+9955****3456`.' }),
    codeLength: z.int().meta({ description: 'How many digits it has.' }),
    expiresAt: z.iso.datetime({ offset: true }).nullable().meta({
      description: 'Until when it is taken, ten minutes as a rule; afterwards 400 `code_expired`: ask for another.',
    }),
    resendAfter: z.int().meta({
      description:
        'Seconds from its sending after which another may be asked for; sooner 429 `resend_too_early` with `Retry-After`.',
    }),
    attemptsLeft: z.int().meta({
      description:
        'How many tries are left at this step, whichever of its codes is tried. A wrong one is 400 `invalid_code`, the last one 429 `too_many_attempts`, and the run is over.',
    }),
  })
  .meta({
    id: 'CodeAsked',
    description:
      'A code was sent. Send `{uuid, code}`, or `{uuid, resend: true}` for another one: the one before counts no more then.',
  });

export const codeForm = async (
  { db, run, step, settings }: AtCode,
  { channel, to }: CodeRecipient,
): Promise<z.input<typeof CodeAsked>> => {
  const { rows } = await db.query<{ expiresAt: Date; triesLeft: number }>(
    `select expires_at as "expiresAt", tries_left as "triesLeft" from wizard_code where run_id = $1 and step = $2`,
    [run.id, step.name],
  );
  return {
    confirmationChannel: channel,
    recipient: channel === 'email' ? maskedEmail(to) : maskedPhone(to),
    codeLength: CODE_LENGTH,
    expiresAt: rows[0] ? `${rows[0].expiresAt.toISOString().slice(0, 19)}+00:00` : null,
    resendAfter: settings.resendAfterSeconds,
    attemptsLeft: rows[0]?.triesLeft ?? 0,
  };
};

export const maskedEmail = (email: string): string => email.replace(/^(.).*@/, '$1***@');
export const maskedPhone = (phone: string): string => `${phone.slice(0, 5)}****${phone.slice(-4)}`;
