import { createPrivateKey } from 'node:crypto';
import type pg from 'pg';
import { KeyRing } from '../../config/key-ring.ts';
import type { Memory } from '../../db/memory.ts';
import { loadTokenKeys, type TokenKey, tokenKeyOf } from '../../db/repositories/token-keys.ts';

interface KeySettings {
  jwtPrivateKey: string;
  configKeys: string;
  accessTokenSeconds: number;
}

/** A token of no key that counts. */
export class UnknownKey extends Error {}

export type TokenKeys = Awaited<ReturnType<typeof createTokenKeys>>;

/** Clocks of processes differ. */
const MARGIN_MS = 60_000;
/** A made-up `kid` must not have the database asked each time. */
const ASKED_AGAIN_MS = 1_000;

/**
 * Which key signs access tokens, and which may have signed those that are still alive. The newest stored key whose time has come signs, JWT_PRIVATE_KEY
 * while there is none; one of before counts until a later one has signed for as long as a token lives. All processes follow a rotation by themselves.
 */
export const createTokenKeys = async (settings: KeySettings, pool: pg.Pool, memory: Memory) => {
  const ring = new KeyRing(settings.configKeys);
  const ofSettings = await tokenKeyOf(createPrivateKey(settings.jwtPrivateKey));
  const stored = memory.remember<'all', TokenKey[]>({
    tables: ['token_key'],
    load: () => loadTokenKeys(pool, ring),
  });
  let asked = 0;

  const known = async (): Promise<TokenKey[]> => [ofSettings, ...(await stored.get('all'))];
  const alive = async (): Promise<TokenKey[]> =>
    aliveAt(await known(), Date.now(), settings.accessTokenSeconds * 1_000 + MARGIN_MS);

  return {
    signing: async (): Promise<TokenKey> => (await known()).findLast(({ signsFrom }) => signsFrom <= Date.now())!,

    /** Throws UnknownKey. */
    verifying: async (kid: string | undefined): Promise<TokenKey['publicKey']> => {
      const found = (await alive()).find((key) => key.kid === kid);
      if (found) return found.publicKey;
      // Another process may have heard of a new key a moment earlier.
      if (Date.now() - asked < ASKED_AGAIN_MS) throw new UnknownKey();
      asked = Date.now();
      stored.forget(() => true);
      const other = (await alive()).find((key) => key.kid === kid);
      if (!other) throw new UnknownKey();
      return other.publicKey;
    },

    /** As a JWK set names them, also one that does not sign yet. */
    published: async () =>
      (await alive()).map(({ kid, publicKey }) => ({
        kty: 'OKP' as const,
        crv: 'Ed25519' as const,
        x: publicKey.export({ format: 'jwk' }).x!,
        kid,
        use: 'sig' as const,
        alg: 'EdDSA' as const,
      })),
  };
};

/** Those whose tokens count. `keys`: oldest first. */
const aliveAt = (keys: readonly TokenKey[], now: number, lifeMs: number): TokenKey[] => {
  const first = Math.max(
    0,
    keys.findLastIndex(({ endsEarlier, signsFrom }) => endsEarlier && signsFrom <= now),
  );
  return keys.filter((_, at) => at >= first && !keys.slice(at + 1).some(({ signsFrom }) => signsFrom + lifeMs < now));
};
