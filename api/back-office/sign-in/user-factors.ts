import { randomInt, randomUUID, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import { toDataURL } from 'qrcode';
import type { Steer } from '../../../activities/kit/activity.ts';
import { queueMessage, startMessages } from '../../../activities/messaging/queue-message.ts';
import { base32, newTotpSecret, totpStepOf, totpUri } from '../../../activities/wizards/totp.ts';
import type { KeyRing } from '../../../config/key-ring.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { forgiveCodes, knockWithCode } from '../../../db/repositories/sign-in-guard.ts';
import {
  type ChallengePurpose,
  closeChallenge,
  insertChallenge,
  tryChallenge,
  type UserChallenge,
} from '../../../db/repositories/user-challenges.ts';
import {
  loadUserTotp,
  saveUserTotp,
  USER_TOTP_PURPOSE,
  type UserFactor,
  type UserFactorState,
  useUserTotpStep,
} from '../../../db/repositories/user-factors.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { isoTime } from '../../kit/shapes.ts';

const SECONDS = 600;
const CODE_DIGITS = 6;
const CODE_PURPOSE = 'user-code';
/** Under what wrong codes of users are counted. */
const PROCEDURE = 'backOffice';

/** What a user is asked for; `setUp`: of an app that he has yet to add. */
export interface AskedCode {
  token: string;
  provider: UserFactor;
  expiresAt: string;
  setUp: { key: string; uri: string; qr: string } | null;
}

/** Second factors of Back Office users: asked for, and checked. Wrong codes are counted for each challenge and for each user in a day. */
export class UserFactors {
  private readonly pool: pg.Pool;
  private readonly ring: KeyRing;
  private readonly steer: Pick<Steer, 'startWaiting'>;

  constructor(pool: pg.Pool, ring: KeyRing, steer: Pick<Steer, 'startWaiting'>) {
    this.pool = pool;
    this.ring = ring;
    this.steer = steer;
  }

  /** Mails a code, or shows the key of an app that is new. `holds`: throws unless what it is asked upon is still so, and keeps it so. */
  async ask(
    user: UserFactorState,
    purpose: ChallengePurpose,
    provider: UserFactor,
    holds?: (db: Queryable) => Promise<void>,
  ): Promise<AskedCode> {
    const token = randomUUID();
    const { expiresAt, setUp, messages } = await inTransaction(this.pool, async (db) => {
      await holdUser(db, user.id);
      await holds?.(db);
      const code = provider === 'email' ? String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0') : null;
      const codeHash = code === null ? null : this.hashes(user.id, purpose, code)[0];
      const challenge = await insertChallenge(db, {
        ...{ userId: user.id, purpose, provider, token, codeHash },
        seconds: SECONDS,
      });
      const isNew = provider === 'totp' && (purpose === 'first' || purpose === 'switch-on');
      return {
        expiresAt: challenge.expiresAt,
        setUp: isNew ? await this.newApp(db, user) : null,
        messages: code === null ? [] : await this.mail(db, user, challenge.id, code),
      };
    });
    void startMessages(this.steer, messages);
    return { token, provider, expiresAt: isoTime(expiresAt), setUp };
  }

  /**
   * Takes the right code for a challenge, once, and does what it is for in the same transaction; `userId`: only his. A change of how he signs in drops his
   * challenges, also one that comes while the code is checked; so does another app. Throws `invalid_code`, `too_many_attempts`, `challenge_not_found`.
   */
  async answer<T>(
    { token, code }: { token: string; code: string },
    meant: { purposes: ChallengePurpose[]; userId?: number },
    then: (db: Queryable, challenge: UserChallenge) => Promise<T>,
  ): Promise<T> {
    const challenge = await tryChallenge(this.pool, { token, ...meant });
    if (!challenge) throw gone();
    const app = await this.check(challenge.userId, challenge, code.trim());
    return inTransaction(this.pool, async (db) => {
      await holdUser(db, challenge.userId);
      if (!(await closeChallenge(db, challenge.id))) throw gone();
      if (app && !(await loadUserTotp(db, challenge.userId))?.equals(app)) throw gone();
      return then(db, challenge);
    });
  }

  /** Takes a fresh code for one thing a user does. Throws as `answer` does. */
  async confirm(user: UserFactorState, code: string): Promise<void> {
    if (user.twoFactor === 'email') {
      const challenge = await tryChallenge(this.pool, { actionOf: user.id });
      if (!challenge) throw gone();
      await this.check(user.id, challenge, code);
      if (!(await closeChallenge(this.pool, challenge.id))) throw gone();
    } else await this.check(user.id, null, code);
  }

  /** Answers the sealed secret of the app that showed the code; null: it was mailed. */
  private async check(userId: number, challenge: UserChallenge | null, code: string): Promise<Buffer | null> {
    const wait = await knockWithCode(this.pool, this.ring, PROCEDURE, { userId });
    if (wait > 0 || (challenge && challenge.triesLeft < 0)) throw tooMany(wait);
    const isMailed = challenge?.provider === 'email';
    const app = isMailed ? null : await this.appThatShowed(userId, challenge?.id ?? null, code);
    if (isMailed ? !this.isMailed(challenge, code) : app === null) {
      const left = challenge ? ` Attempts left: ${challenge.triesLeft}.` : '';
      throw new HubFailure('Rejected', 'invalid_code', `The code is incorrect.${left}`, { field: 'code' });
    }
    await forgiveCodes(this.pool, this.ring, PROCEDURE, { userId });
    return app;
  }

  private isMailed({ userId, purpose, codeHash }: UserChallenge, code: string): boolean {
    return this.hashes(userId, purpose, code)
      .map((mark) => codeHash !== null && timingSafeEqual(mark, codeHash))
      .includes(true);
  }

  private async appThatShowed(userId: number, challengeId: number | null, code: string): Promise<Buffer | null> {
    const sealed = await loadUserTotp(this.pool, userId);
    if (!sealed) return null;
    const step = totpStepOf(this.ring.open(sealed, USER_TOTP_PURPOSE), code, Date.now());
    return step !== null && (await useUserTotpStep(this.pool, { userId, sealed, step, challengeId })) ? sealed : null;
  }

  /** Bound to what it is for: a code to sign in does nothing else. */
  private hashes(userId: number, purpose: ChallengePurpose, code: string) {
    return this.ring.marks(`${userId}:${purpose}:${code}`, CODE_PURPOSE);
  }

  private async newApp(db: Queryable, { id, email }: UserFactorState) {
    const secret = newTotpSecret();
    await saveUserTotp(db, id, this.ring.seal(secret, USER_TOTP_PURPOSE));
    const uri = totpUri(secret, await brokerSetting(db, 'clients.authenticatorName'), email);
    return { key: base32(secret), uri, qr: await toDataURL(uri) };
  }

  private async mail(db: Queryable, user: UserFactorState, challengeId: number, code: string): Promise<number[]> {
    const messages = await queueMessage(db, this.ring, {
      to: { userId: user.id },
      template: 'signInCode',
      parameters: { code, firstName: user.name },
      key: `user-code:${challengeId}`,
    });
    if (messages.length === 0)
      throw new HubFailure('Config', 'unavailable', 'No e-mail with a code can be sent: see its route and template.');
    return messages;
  }
}

/** First of all, as everybody does who changes how he signs in. */
const holdUser = (db: Queryable, userId: number) =>
  db.query(`select from hub_user where id = $1 for no key update`, [userId]);

const gone = () =>
  new HubFailure('NotFound', 'challenge_not_found', 'The code has expired. Start again.', { field: 'token' });

const tooMany = (wait: number) => {
  const retryAfter = Math.max(wait, SECONDS);
  const issue = `Too many attempts. Try again in ${Math.ceil(retryAfter / 60)} minutes.`;
  return new HubFailure('Rejected', 'too_many_attempts', issue, { retryAfter });
};
