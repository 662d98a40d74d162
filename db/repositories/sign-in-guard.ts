import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../pool.ts';
import { brokerSettings } from './broker-settings.ts';
import { notePlace, placeMarks } from './sign-in-places.ts';

/** Codes are short, so their failures are remembered longer. */
const CODES_WINDOW_SECONDS = 86_400;

/** Who signs in where: clients, or users of the Back Office. */
export type Side = 'client' | 'user';

export interface Knock {
  side: Side;
  email: string;
  /** Address, of IPv6 its network. */
  network: string;
}

export type Account = { clientId: number } | { userId: number };

const subjectOf = (account: Account): string =>
  'clientId' in account ? `client:${account.clientId}` : `user:${account.userId}`;

/** Keyed hashes of what a try is counted under. Those of clients have no prefix. */
const doorsOf = (ring: KeyRing, { side, email, network }: Knock) => {
  const account = `${side === 'user' ? 'user|' : ''}${email.trim().toLowerCase()}`;
  return {
    accountFromHere: ring.marks(`${account}|${network}`, 'sign-in')[0],
    account: ring.marks(`${account}|`, 'sign-in')[0],
    here: ring.marks(`${side}|${network}`, 'sign-in-address')[0],
  };
};

/** Whose codes are tried. `place`: a client's own, which is counted by itself, so that nobody elsewhere uses his tries up; `email`: one that nobody has. */
export type CodesOf = { clientId: number; place?: Buffer | null } | { userId: number } | { email: string };

const codesMarkOf = (ring: KeyRing, procedure: string, whom: CodesOf): Buffer => {
  const subject = 'email' in whom ? whom.email : subjectOf(whom);
  const place = 'place' in whom && whom.place ? `|${whom.place.toString('base64')}` : '';
  return ring.marks(`${procedure}|${subject}${place}`, 'second-factor')[0];
};

interface Limits {
  tries: number;
  windowSeconds: number;
  blockSeconds: number;
  longestSeconds: number;
}

const NAMES = [
  'userConfirmation.tries',
  'userConfirmation.triesFromAnywhere',
  'userConfirmation.triesOfAddress',
  'userConfirmation.codeTries',
  'userConfirmation.failedInterval',
  'userConfirmation.blockTime',
  'userConfirmation.longestBlockTime',
] as const;

const limitsIn = async (db: Queryable) => {
  const set = await brokerSettings(db, NAMES);
  const common = {
    windowSeconds: set['userConfirmation.failedInterval'] * 60,
    blockSeconds: set['userConfirmation.blockTime'] * 60,
    longestSeconds: set['userConfirmation.longestBlockTime'] * 60,
  };
  return {
    accountFromHere: { ...common, tries: set['userConfirmation.tries'] },
    account: { ...common, tries: set['userConfirmation.triesFromAnywhere'] },
    here: { ...common, tries: set['userConfirmation.triesOfAddress'] },
    codes: { ...common, tries: set['userConfirmation.codeTries'], windowSeconds: CODES_WINDOW_SECONDS },
  };
};

/** $4: tries, $5: within seconds; the first block lasts $6 seconds, each further one twice as long as the one before, at most $7. */
const TRY = `
  insert into sign_in_guard as g (mark, failures, client_id, user_id, address, forget_at, of_codes)
    select $1, 1, coalesce($9::int, (select client_id from client where $8 = 'client' and lower(email) = lower($2) and status <> 'deleted')),
           (select id from hub_user where $8 = 'user' and lower(email) = lower($2)), $3::text, now() + make_interval(secs => $5), $9::int is not null
  on conflict (mark) do update set
    failures = case when g.blocked_until > now() then g.failures
                    when g.since < now() - make_interval(secs => $5) then 1
                    when g.failures >= $4 then 0 else g.failures + 1 end,
    since = case when g.blocked_until > now() then g.since
                 when g.since < now() - make_interval(secs => $5) or g.failures >= $4 then now() else g.since end,
    blocks = case when not coalesce(g.blocked_until > now(), false) and g.failures >= $4 and g.since >= now() - make_interval(secs => $5) then g.blocks + 1 else g.blocks end,
    blocked_until = case when not coalesce(g.blocked_until > now(), false) and g.failures >= $4 and g.since >= now() - make_interval(secs => $5)
                         then now() + make_interval(secs => least($6 * power(2, least(g.blocks, 20)), $7)) else g.blocked_until end,
    forget_at = greatest(g.forget_at, now() + make_interval(secs => $5),
                         case when g.failures >= $4 then now() + make_interval(secs => least($6 * power(2, least(g.blocks, 20)), $7)) + interval '2 days' end),
    update_time = now()
  returning ceil(extract(epoch from blocked_until - now()))::int as wait`;

interface Door {
  mark: Buffer;
  limits: Limits;
  /** Whose it is, for people who look, and for opening it. */
  of?: { side: Side; email: string | null; address: string | null } | { codesOf: number };
}

const tryDoor = async (db: Queryable, { mark, limits, of }: Door): Promise<number> => {
  const { tries, windowSeconds, blockSeconds, longestSeconds } = limits;
  const { side = null, email = null, address = null } = of && 'side' in of ? of : {};
  const codesOf = of && 'codesOf' in of ? of.codesOf : null;
  const values = [mark, email, address, tries, windowSeconds, blockSeconds, longestSeconds, side, codesOf];
  return (await db.query<{ wait: number | null }>(TRY, values)).rows[0]?.wait ?? 0;
};

/** The longest of these blocks in seconds; 0 = none holds. */
const waitAt = async (db: Queryable, marks: readonly Buffer[]): Promise<number> =>
  (
    await db.query<{ wait: number | null }>(
      `select ceil(extract(epoch from max(blocked_until) - now()))::int as wait from sign_in_guard where mark = any($1) and blocked_until > now()`,
      [marks],
    )
  ).rows[0]?.wait ?? 0;

/** Whether the owner of this account has signed in from here before. Asked for nobody's e-mail as well. */
const isKnownPlace = async (db: Queryable, ring: KeyRing, { side, email, network }: Knock): Promise<boolean> => {
  const subject =
    side === 'client'
      ? `select 'client:' || client_id from client where lower(email) = lower($1) and status <> 'deleted'`
      : `select 'user:' || id from hub_user where lower(email) = lower($1)`;
  const { rowCount } = await db.query(
    `select from sign_in_place where subject in (${subject}) and mark = any($2) limit 1`,
    [email.trim(), placeMarks(ring, network)],
  );
  return rowCount !== 0;
};

/**
 * Counts a try before it is made, so that guesses made at the same time do not slip through: for this account from here, for it from anywhere, and from
 * here for all accounts. The last two do not hold where its owner has signed in before, so that nobody locks him out. Answers for how many seconds it is
 * closed; 0 = it may be tried. What is closed is only looked at: a flood leaves no rows. An unknown e-mail is counted as a known one is.
 */
export const knock = async (db: Queryable, ring: KeyRing, asked: Knock): Promise<number> => {
  const marks = doorsOf(ring, asked);
  const isKnown = await isKnownPlace(db, ring, asked);
  const closed = await waitAt(db, isKnown ? [marks.accountFromHere] : Object.values(marks));
  if (closed > 0) return closed;
  const limits = await limitsIn(db);
  const { side, email, network } = asked;
  const doors: Door[] = [
    { mark: marks.accountFromHere, limits: limits.accountFromHere, of: { side, email, address: network } },
    ...(isKnown
      ? []
      : [
          { mark: marks.account, limits: limits.account, of: { side, email, address: null } },
          { mark: marks.here, limits: limits.here, of: { side, email: null, address: network } },
        ]),
  ];
  for (const door of doors) {
    const wait = await tryDoor(db, door);
    if (wait > 0) return wait;
  }
  return 0;
};

/**
 * The password was right: this try was no guess, and counts no more, also for those who sign in without end or send the same again. It brings back no
 * other try. Where its owner was known it had been counted under one mark only.
 */
export const forgiveTry = async (db: Queryable, ring: KeyRing, asked: Knock): Promise<void> => {
  const marks = doorsOf(ring, asked);
  const counted = (await isKnownPlace(db, ring, asked)) ? [marks.accountFromHere] : Object.values(marks);
  await db.query(`update sign_in_guard set failures = greatest(failures - 1, 0) where mark = any($1)`, [counted]);
};

/**
 * Counts a code before it is compared, whichever run it is for: a new run brings no new tries. Answers for how many seconds no code is taken; 0 = it may
 * be tried. A client's new password opens its door, for he has shown his codes for it; that of a user does not.
 */
export const knockWithCode = async (
  db: Queryable,
  ring: KeyRing,
  procedure: string,
  whom: CodesOf,
): Promise<number> => {
  const door = { mark: codesMarkOf(ring, procedure, whom), limits: (await limitsIn(db)).codes };
  return tryDoor(db, { ...door, ...('clientId' in whom && { of: { codesOf: whom.clientId } }) });
};

/** Whoever gave the right code in a procedure of his own has shown what guards it. */
export const forgiveCodes = async (db: Queryable, ring: KeyRing, procedure: string, whom: CodesOf): Promise<void> => {
  await db.query(`delete from sign_in_guard where mark = $1`, [codesMarkOf(ring, procedure, whom)]);
};

/**
 * Everything that was asked has been shown: the password and the second factor. From here he may always try. Where that was known before, what others did
 * elsewhere stays counted, so that his coming and going gives them no new tries.
 */
export const letIn = async (
  db: Queryable,
  ring: KeyRing,
  { account, ...asked }: Knock & { account: Account },
): Promise<void> => {
  const subject = subjectOf(account);
  const [place] = placeMarks(ring, asked.network);
  const codes = CODES_OF[asked.side].flatMap((one) => [
    codesMarkOf(ring, one, account),
    codesMarkOf(ring, one, { ...account, place }),
  ]);
  const doors = doorsOf(ring, asked);
  const opened = [doors.accountFromHere, ...((await isKnownPlace(db, ring, asked)) ? [] : [doors.account]), ...codes];
  await db.query(`delete from sign_in_guard where mark = any($1)`, [opened]);
  await notePlace(db, subject, place);
};

/** Kinds of procedures whose wrong codes a sign-in forgets. */
const CODES_OF = { client: ['authorization', 'passwordRecovery'], user: ['backOffice'] } as const;

/** Whoever set a new password has shown by other means who he is. */
export const openAllDoors = async (db: Queryable, account: Account): Promise<void> => {
  const [column, id] = 'clientId' in account ? ['client_id', account.clientId] : ['user_id', account.userId];
  await db.query(`delete from sign_in_guard where ${column} = $1`, [id]);
};

/** A try that counts no more is no row any more. */
export const dropOldTries = async (db: Queryable): Promise<void> => {
  await db.query(`delete from sign_in_guard where forget_at < now() and coalesce(blocked_until < now(), true)`);
};
