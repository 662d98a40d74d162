import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { providers } from '../../../adapters/installed.ts';
import { hashPassword } from '../../../db/passwords.ts';
import { EMAIL_CANARY } from '../cast.ts';
import type { Random } from '../random.ts';
import type { Stack } from '../stack.ts';

/** Seen anywhere but in a hash, a password leaked. */
export const PASSWORD_CANARY = 'Canary-of-a-password-1';

const MAIL_WITHIN_MS = 45_000;

/** Somebody who walks a procedure: with a browser, a mailbox and an address of his own. */
export class Walker {
  readonly email = `${EMAIL_CANARY}.${randomUUID()}@example.com`;
  readonly password = `${PASSWORD_CANARY}${randomUUID().slice(0, 8)}`;
  readonly newPassword = `${PASSWORD_CANARY}${randomUUID().slice(0, 8)}`;
  /** Of the run; known once it is opened. */
  uuid = '';
  /** What the last step gave: tokens, the token of a challenge. */
  successToken = '';
  /** Of his: where the procedure moves money from, or what it is about. */
  account = 0;
  /** What he orders, its amount aside. */
  order: object = {};
  accessToken = '';
  recoveryCodes: string[] = [];
  private readonly stack: Stack;
  private readonly tried = new Set<string>();
  private agent = `Browser ${randomUUID()}`;
  private readonly address: string;

  constructor(stack: Stack, random: Random) {
    this.stack = stack;
    this.address = `10.${random.whole(1, 250)}.${random.whole(1, 250)}.${random.whole(1, 250)}`;
  }

  get headers(): Record<string, string> {
    return { 'user-agent': this.agent, 'x-forwarded-for': this.address };
  }

  get fingerprint(): string {
    return Buffer.from(JSON.stringify({ user_agent: this.agent })).toString('base64');
  }

  /** Goes on elsewhere. */
  takeAnotherDevice(): void {
    this.agent = `Phone ${randomUUID()}`;
  }

  /** Who registered before, in good weather; with the second factors he has on. */
  async becomeClient({ factors = [], mustReset = false }: { factors?: string[]; mustReset?: boolean }): Promise<void> {
    const { pool } = this.stack;
    const { rows } = await pool.query<{ id: number }>(
      `insert into client (email, first_name, last_name, type_id, verification_level_id, password_hash, must_reset_password)
       values ($1, 'Ann', 'Lee', (select min(id) from client_type), (select min(id) from verification_level), $2, $3)
       returning client_id as id`,
      [this.email, await hashPassword(this.password), mustReset],
    );
    for (const type of factors)
      await pool.query(`insert into client_factor (client_id, type) values ($1, $2)`, [rows[0]!.id, type]);
  }

  /** He waits until another code may be sent; here he need not. */
  async waitsForAnotherCode(): Promise<void> {
    await this.stack.pool.query(
      `update wizard_code set sent_at = sent_at - interval '1 hour' where run_id = (select id from wizard_run where uuid = $1)`,
      [this.uuid],
    );
  }

  /** The newest code in his mailbox that he has not tried. An opening whose answer was lost has sent one too, perhaps later. */
  async code(): Promise<string> {
    for (const until = Date.now() + MAIL_WITHIN_MS; Date.now() < until; await sleep(25)) {
      const [code] = this.codes().filter((one) => !this.tried.has(one));
      if (code === undefined) continue;
      this.tried.add(code);
      return code;
    }
    const { rows } = await this.stack.pool.query(
      `select id, channel, state, reason, attempts, create_time, update_time from message order by id desc limit 5`,
    );
    throw new Error(`no code came; the last messages: ${JSON.stringify(rows)}`);
  }

  private codes(): string[] {
    return this.mails().flatMap((text) => /\b\d{6}\b/.exec(text)?.[0] ?? []);
  }

  private mails(): string[] {
    return providers
      .filter(({ category, sandbox }) => category === 'messaging' && sandbox !== undefined)
      .flatMap(({ id }) => this.stack.sandbox(id).vendor.things?.() ?? [])
      .filter(({ title }) => title.includes(this.email))
      .flatMap(({ text }) => text ?? []);
  }
}
