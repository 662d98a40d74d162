import { createHash, createPrivateKey, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { SignJWT, calculateJwkThumbprint, errors, jwtVerify } from 'jose';
import type pg from 'pg';
import { inTransaction } from '../../db/pool.ts';
import { problem } from './errors.ts';
import { isoTime } from './shapes.ts';

type SubjectKind = 'user' | 'client';
interface Subject {
  kind: SubjectKind;
  id: number;
}
/** What an access token says once it is verified. `family`: the sign-in it belongs to. */
export interface Claims extends Subject {
  family: string;
  expires: number;
}
export interface TokenPair {
  accessToken: { token: string; createdAt: string; expiresAt: string };
  refreshToken: { token: string; createdAt: string; expiresAt: string };
}

interface TokenSettings {
  jwtPrivateKey: string;
  publicUrl: string;
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
}

export type Tokens = Awaited<ReturnType<typeof createTokens>>;

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
const unauthenticated = () => problem(401, 'unauthenticated', 'Sign in first.');

/** Short EdDSA access tokens and rotating refresh tokens; a refresh token used twice revokes its whole family. */
export const createTokens = async (settings: TokenSettings, pool: pg.Pool) => {
  const privateKey = createPrivateKey(settings.jwtPrivateKey);
  const publicKey = createPublicKey(privateKey);
  const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }));

  const accessToken = async (subject: Subject, family: string) => {
    const now = Date.now();
    const issued = Math.floor(now / 1000);
    const expires = issued + settings.accessTokenSeconds;
    const token = await new SignJWT({ typ: subject.kind, sid: family, iat_mt: (now / 1000).toFixed(6) })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setSubject(String(subject.id))
      .setIssuer(settings.publicUrl)
      .setIssuedAt(issued)
      .setNotBefore(issued)
      .setExpirationTime(expires)
      .sign(privateKey);
    return { token, createdAt: isoTime(new Date(issued * 1000)), expiresAt: isoTime(new Date(expires * 1000)) };
  };

  const pair = async (db: Pick<pg.ClientBase, 'query'>, subject: Subject, family: string): Promise<TokenPair> => {
    const token = randomBytes(32).toString('base64url');
    const now = new Date();
    const expires = new Date(now.getTime() + settings.refreshTokenSeconds * 1000);
    await db.query('insert into refresh_token (subject, family, token_hash, expires_at) values ($1, $2, $3, $4)', [
      `${subject.kind}:${subject.id}`,
      family,
      hashOf(token),
      expires,
    ]);
    return {
      accessToken: await accessToken(subject, family),
      refreshToken: { token, createdAt: isoTime(now), expiresAt: isoTime(expires) },
    };
  };

  const revoke = (family: string) =>
    pool.query('update refresh_token set revoked_at = now() where family = $1 and revoked_at is null', [family]);

  return {
    /** A new sign-in. */
    open: (subject: Subject): Promise<TokenPair> => pair(pool, subject, randomUUID()),

    /** The next pair of the same sign-in. 401 for an unknown, expired, used or revoked token. */
    rotate: async (token: string, kind: SubjectKind): Promise<TokenPair> => {
      const next = await inTransaction(pool, async (db) => {
        const found = await db.query<{ id: string; subject: string; family: string; used: boolean; dead: boolean }>(
          `select id, subject, family, used_at is not null as used, revoked_at is not null or expires_at < now() as dead
             from refresh_token where token_hash = $1 for update`,
          [hashOf(token)],
        );
        const row = found.rows[0];
        if (!row || row.dead || !row.subject.startsWith(`${kind}:`)) return { stolen: undefined };
        if (row.used) return { stolen: row.family };
        await db.query('update refresh_token set used_at = now() where id = $1', [row.id]);
        return { pair: await pair(db, { kind, id: Number(row.subject.slice(kind.length + 1)) }, row.family) };
      });
      if (next.pair) return next.pair;
      // Used before: whoever comes second, the thief or the owner, the sign-in is not safe any more.
      if (next.stolen) await revoke(next.stolen);
      throw unauthenticated();
    },

    revoke,

    /** 401 `token_expired` or `unauthenticated`. */
    verify: async (token: string): Promise<Claims> => {
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: ['EdDSA'],
          issuer: settings.publicUrl,
          requiredClaims: ['sub', 'exp', 'sid', 'typ'],
        });
        return {
          kind: payload['typ'] === 'user' ? 'user' : 'client',
          id: Number(payload.sub),
          family: String(payload['sid']),
          expires: payload.exp! * 1000,
        };
      } catch (error) {
        if (error instanceof errors.JWTExpired) throw problem(401, 'token_expired', 'The access token has expired.');
        throw unauthenticated();
      }
    },
  };
};
