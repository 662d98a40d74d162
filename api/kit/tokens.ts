import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { SignJWT, errors, jwtVerify } from 'jose';
import type pg from 'pg';
import type { DeviceMarks } from '../../activities/wizards/device.ts';
import { inTransaction } from '../../db/pool.ts';
import { revokeTokens } from '../../db/repositories/refresh-tokens.ts';
import { problem } from './errors.ts';
import { isoTime } from './shapes.ts';
import { type TokenKeys, UnknownKey } from './token-keys.ts';

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
  publicUrl: string;
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
}

interface RefreshRow extends Partial<DeviceMarks> {
  id: string;
  subject: string;
  family: string;
  beganAt: string;
  used: boolean;
  dead: boolean;
}

interface RotateOptions {
  /** Whether the caller is at the device a token was given to. */
  comesFrom?: (device: DeviceMarks) => boolean;
  /** Told whose sign-in goes on, and on which device, in the transaction of the next pair. */
  onRotated?: (db: Pick<pg.ClientBase, 'query'>, id: number, device: DeviceMarks) => Promise<void>;
  /** Told whose sign-in was ended because its token was used twice, or elsewhere. */
  onStolen?: (id: number) => Promise<void>;
}

export type Tokens = ReturnType<typeof createTokens>;

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
const unauthenticated = () => problem(401, 'unauthenticated', 'Sign in first.');

/** Short EdDSA access tokens and rotating refresh tokens; a refresh token used twice revokes its whole family. */
export const createTokens = (settings: TokenSettings, pool: pg.Pool, keys: TokenKeys) => {
  const accessToken = async (subject: Subject, family: string) => {
    const now = Date.now();
    const issued = Math.floor(now / 1000);
    const expires = issued + settings.accessTokenSeconds;
    const { kid, privateKey } = await keys.signing();
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

  const pair = async (
    db: Pick<pg.ClientBase, 'query'>,
    subject: Subject,
    family: string,
    device?: DeviceMarks,
    beganAt: string | null = null,
  ): Promise<TokenPair> => {
    const token = randomBytes(32).toString('base64url');
    const now = new Date();
    const expires = new Date(now.getTime() + settings.refreshTokenSeconds * 1000);
    await db.query(
      `insert into refresh_token (subject, family, token_hash, expires_at, device_mark, agent_mark, began_at)
       values ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, now()))`,
      [
        `${subject.kind}:${subject.id}`,
        family,
        hashOf(token),
        expires,
        device?.deviceMark ?? null,
        device?.agentMark ?? null,
        beganAt,
      ],
    );
    return {
      accessToken: await accessToken(subject, family),
      refreshToken: { token, createdAt: isoTime(now), expiresAt: isoTime(expires) },
    };
  };

  const revoke = (family: string) => revokeTokens(pool, { family });

  return {
    /** A new sign-in. */
    open: (subject: Subject, db: Pick<pg.ClientBase, 'query'> = pool): Promise<TokenPair> =>
      pair(db, subject, randomUUID()),

    /** A new sign-in on a device, in the transaction of `db`. `beganAt`: of the sign-in that vouches for it; it is no younger than that. */
    openOn: (
      db: Pick<pg.ClientBase, 'query'>,
      subject: Subject,
      device: DeviceMarks,
      beganAt: string | null = null,
    ): Promise<TokenPair> => pair(db, subject, randomUUID(), device, beganAt),

    /**
     * The next pair of the same sign-in. 401 for an unknown, expired, used or revoked token, and for one that comes from another device than it was given
     * to; used twice or from elsewhere, it ends the sign-in, and `onStolen` hears whose.
     */
    rotate: async (
      token: string,
      kind: SubjectKind,
      { comesFrom = () => true, onRotated, onStolen }: RotateOptions = {},
    ): Promise<TokenPair> => {
      const next = await inTransaction(pool, async (db) => {
        const found = await db.query<RefreshRow>(
          `select id, subject, family, began_at::text as "beganAt", used_at is not null as used, revoked_at is not null or expires_at < now() as dead,
                  device_mark as "deviceMark", agent_mark as "agentMark"
             from refresh_token where token_hash = $1 for update`,
          [hashOf(token)],
        );
        const row = found.rows[0];
        if (!row || row.dead || !row.subject.startsWith(`${kind}:`)) return { stolen: undefined };
        const id = Number(row.subject.slice(kind.length + 1));
        const { deviceMark, agentMark } = row;
        const device = deviceMark && agentMark ? { deviceMark, agentMark } : undefined;
        if (row.used || (device && !comesFrom(device))) return { stolen: { family: row.family, id } };
        await db.query('update refresh_token set used_at = now() where id = $1', [row.id]);
        if (device) await onRotated?.(db, id, device);
        return { pair: await pair(db, { kind, id }, row.family, device, row.beganAt) };
      });
      if (next.pair) return next.pair;
      // Whoever comes second, the thief or the owner, the sign-in is not safe any more.
      if (next.stolen) {
        await revoke(next.stolen.family);
        await onStolen?.(next.stolen.id);
      }
      throw unauthenticated();
    },

    revoke,

    /** 401 `token_expired` or `unauthenticated`. */
    verify: async (token: string): Promise<Claims> => {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keys.verifying(kid), {
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
        if (error instanceof errors.JOSEError || error instanceof UnknownKey) throw unauthenticated();
        throw error;
      }
    },
  };
};
