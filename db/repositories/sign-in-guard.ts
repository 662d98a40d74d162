import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../pool.ts';

/** Failures before a block: for one account from one address, for one account from anywhere, and for the codes of one person in one kind of procedure. */
const MOST = { address: 5, account: 50, factors: 20 } as const;
const WINDOW_SECONDS = 600;
/** Codes are short, so their failures are remembered longer. */
const FACTORS_WINDOW_SECONDS = 86_400;
/** The first block; each further one is twice as long, up to a day. */
const BLOCK_SECONDS = 600;

export interface Knock {
  email: string;
  ip: string;
}

const markOf = (ring: KeyRing, email: string, ip?: string): Buffer =>
  ring.marks(`${email.trim().toLowerCase()}|${ip ?? ''}`, 'sign-in')[0];

/** `whom`: 'client:7', or an e-mail that nobody has. */
const factorsMarkOf = (ring: KeyRing, procedure: string, whom: string): Buffer =>
  ring.marks(`${procedure}|${whom}`, 'second-factor')[0];

const TRY = `
  insert into sign_in_guard as g (mark, failures, client_id, address)
    select $1, 1, (select client_id from client where lower(email) = lower($2) and status <> 'deleted'), $3::text
  on conflict (mark) do update set
    failures = case when g.blocked_until > now() then g.failures
                    when g.since < now() - make_interval(secs => $5) then 1
                    when g.failures >= $4 then 0 else g.failures + 1 end,
    since = case when g.blocked_until > now() then g.since
                 when g.since < now() - make_interval(secs => $5) or g.failures >= $4 then now() else g.since end,
    blocks = case when not coalesce(g.blocked_until > now(), false) and g.failures >= $4 and g.since >= now() - make_interval(secs => $5) then g.blocks + 1 else g.blocks end,
    blocked_until = case when not coalesce(g.blocked_until > now(), false) and g.failures >= $4 and g.since >= now() - make_interval(secs => $5)
                         then now() + make_interval(secs => least(${BLOCK_SECONDS} * power(2, least(g.blocks, 12)), 86400)) else g.blocked_until end,
    update_time = now()
  returning ceil(extract(epoch from blocked_until - now()))::int as wait`;

/**
 * Counts a try before it is made, so that guesses made at the same time do not slip through. Answers for how many seconds this account is closed from
 * here; 0 = it may be tried. An unknown e-mail is counted as a known one is.
 */
export const knock = async (db: Queryable, ring: KeyRing, { email, ip }: Knock): Promise<number> => {
  const doors = [
    [markOf(ring, email, ip), email, ip, MOST.address],
    [markOf(ring, email), email, null, MOST.account],
  ];
  for (const door of doors) {
    const wait = await tryDoor(db, [...door, WINDOW_SECONDS]);
    if (wait > 0) return wait;
  }
  return 0;
};

/**
 * Counts a code before it is compared, whichever run it is for: a new run brings no new tries. Answers for how many seconds no code is taken; 0 = it may
 * be tried. Its door has no account: a new password does not open it.
 */
export const knockWithCode = (db: Queryable, ring: KeyRing, procedure: string, whom: string): Promise<number> =>
  tryDoor(db, [factorsMarkOf(ring, procedure, whom), null, null, MOST.factors, FACTORS_WINDOW_SECONDS]);

/** Whoever gave the right code in a procedure of his own has shown what guards it. */
export const forgiveCodes = async (db: Queryable, ring: KeyRing, procedure: string, whom: string): Promise<void> => {
  await db.query(`delete from sign_in_guard where mark = $1`, [factorsMarkOf(ring, procedure, whom)]);
};

const tryDoor = async (db: Queryable, door: unknown[]): Promise<number> =>
  (await db.query<{ wait: number | null }>(TRY, door)).rows[0]?.wait ?? 0;

/** Everything that was asked has been shown: the password and the second factor. */
export const letIn = async (
  db: Queryable,
  ring: KeyRing,
  { email, ip, clientId }: Knock & { clientId: number },
): Promise<void> => {
  const factors = ['authorization', 'passwordRecovery'].map((one) => factorsMarkOf(ring, one, `client:${clientId}`));
  const doors = [markOf(ring, email, ip), markOf(ring, email), ...factors];
  await db.query(`delete from sign_in_guard where mark = any($1)`, [doors]);
};

/** Whoever set a new password has shown by other means who he is. */
export const openAllDoors = async (db: Queryable, clientId: number): Promise<void> => {
  await db.query(`delete from sign_in_guard where client_id = $1`, [clientId]);
};
