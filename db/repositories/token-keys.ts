import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { KeyRing } from '../../config/key-ring.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

/** What the private key is bound to. */
export const TOKEN_KEY_PURPOSE = 'token-key';

/** One that signs access tokens; they name it as `kid` in their header. */
export interface TokenKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** Unix milliseconds; of the key in the settings: since ever. */
  signsFrom: number;
  /** From then on none of before counts. */
  endsEarlier: boolean;
}

export const tokenKeyOf = async (
  privateKey: KeyObject,
  { signsFrom = Number.NEGATIVE_INFINITY, endsEarlier = false } = {},
): Promise<TokenKey> => {
  const publicKey = createPublicKey(privateKey);
  const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }));
  return { kid, privateKey, publicKey, signsFrom, endsEarlier };
};

/** The stored keys, oldest first. Throws Config when one is sealed with a key that CONFIG_KEYS has not. */
export const loadTokenKeys = async (db: Queryable, ring: KeyRing): Promise<TokenKey[]> => {
  const { rows } = await db.query<{ kid: string; sealed: Buffer; signsFrom: Date; endsEarlier: boolean }>(
    `select kid, sealed, signs_from as "signsFrom", ends_earlier as "endsEarlier" from token_key order by signs_from, id`,
  );
  return Promise.all(
    rows.map(({ kid, sealed, signsFrom, endsEarlier }) =>
      tokenKeyOf(opened(ring, kid, sealed), { signsFrom: signsFrom.getTime(), endsEarlier }),
    ),
  );
};

const opened = (ring: KeyRing, kid: string, sealed: Buffer): KeyObject => {
  try {
    return createPrivateKey({ key: ring.open(sealed, TOKEN_KEY_PURPOSE), format: 'der', type: 'pkcs8' });
  } catch {
    throw new HubFailure('Config', 'unavailable', `the token key ${kid} cannot be opened: see CONFIG_KEYS`);
  }
};

/** Published at once, signs in `seconds`. */
export const addTokenKey = async (
  db: Queryable,
  ring: KeyRing,
  { seconds, endsEarlier }: { seconds: number; endsEarlier: boolean },
): Promise<{ kid: string; signsFrom: Date }> => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { kid } = await tokenKeyOf(privateKey);
  const sealed = ring.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), TOKEN_KEY_PURPOSE);
  const { rows } = await db.query<{ signsFrom: Date }>(
    `insert into token_key (kid, sealed, signs_from, ends_earlier) values ($1, $2, now() + make_interval(secs => $3), $4) returning signs_from as "signsFrom"`,
    [kid, sealed, seconds, endsEarlier],
  );
  return { kid, signsFrom: rows[0]!.signsFrom };
};

/** Those of which no token can be alive: a later key has signed for longer than any token lives. The newest always stays. */
export const dropOldTokenKeys = async (db: Queryable): Promise<void> => {
  await db.query(
    `delete from token_key k where exists (select from token_key later where later.signs_from > k.signs_from and later.signs_from < now() - interval '2 days')`,
  );
};
