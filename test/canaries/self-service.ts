import { randomUUID } from 'node:crypto';
import { eventually } from '../kit/hub.ts';
import { otherThan } from '../wizards/devices.ts';
import type { Processes } from './processes.ts';
import { NO_CODE, PERSON, type Traffic } from './traffic.ts';

const EMAIL = `new.${PERSON.email}`;
const NEWER = `newer.${PERSON.email}`;
const FINGERPRINT = Buffer.from('{"user_agent":"canary"}').toString('base64');

type Said = Record<string, unknown>;

/** Somebody who does all of it herself: registers, changes her phone, her name and her e-mail, recovers a password and signs in, each with a wrong code first. */
export class SelfService {
  private readonly processes: Processes;
  private readonly traffic: Traffic;
  private token: string | undefined;
  private readonly seen = new Set<string>([NO_CODE]);

  constructor(processes: Processes, traffic: Traffic) {
    this.processes = processes;
    this.traffic = traffic;
  }

  async live(): Promise<void> {
    await this.clearTheWay();
    const password = this.secret('a password of her own', `Canary-${randomUUID()}`);
    const opened = await this.step('POST /my/signup/wizard', { utm: { utm_source: 'canary' } });
    const { uuid } = opened;
    const form = {
      ...{ uuid, email: EMAIL, password, password_confirmation: password, device_fingerprint: FINGERPRINT },
      info: { givenName: PERSON.firstName, familyName: PERSON.lastName, birthday: PERSON.birthday },
      addresses: { '0': { country_code: '276' } },
    };
    await this.call('POST /my/signup', { ...form, password_confirmation: `${password}x` });
    await this.step('POST /my/signup', form);
    this.takeTokens(await this.confirm('POST /my/signup', { uuid }, EMAIL));

    const phone = await this.step('GET /my/phones/wizard');
    await this.step('POST /my/phones', { uuid: phone.uuid, phone: PERSON.phone });
    await this.confirm('POST /my/phones', { uuid: phone.uuid }, PERSON.phone);

    const names = await this.step('GET /my/profile/wizard');
    await this.step('POST /my/profile/wizard', { uuid: names.uuid, info: { middleName: PERSON.lastName } });
    const asked = await this.confirm('POST /my/profile/wizard', { uuid: names.uuid }, EMAIL);
    await this.traffic.operate(`POST /applications/${asked.data.request.requestId}/approve`, {});

    const moving = await this.step('GET /my/profile/wizard');
    await this.step('POST /my/profile/wizard', { uuid: moving.uuid, email: NEWER });
    await this.confirm('POST /my/profile/wizard', { uuid: moving.uuid }, EMAIL);
    await this.confirm('POST /my/profile/wizard', { uuid: moving.uuid }, NEWER);
    this.token = undefined;

    const other = this.secret('a recovered password', `Canary-${randomUUID()}`);
    const challenge = await this.step(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${encodeURIComponent(NEWER)}`,
    );
    const success = await this.confirm('POST /my/2fa/challenge', { token: challenge.token }, NEWER);
    const successtoken = this.secret('a token of success', success.successToken as string);
    await this.call('POST /my/password/restore', { password: other }, { successtoken });

    const signIn = await this.step('GET /my/signin/wizard');
    const credentials = { uuid: signIn.uuid, email: NEWER, device_fingerprint: FINGERPRINT };
    await this.call('POST /my/signin', { ...credentials, password });
    this.takeTokens(await this.step('POST /my/signin', { ...credentials, password: other }));
  }

  /** Mails and SMS go where they arrive, and nobody is asked whether she is human. */
  private async clearTheWay(): Promise<void> {
    const { hub } = this.processes;
    await hub.pool.query(`update connection set enabled = false where provider = 'recaptcha'`);
    for (const code of this.codesFor(PERSON.phone)) this.seen.add(code);
    for (const { provider, id, kind } of this.traffic.connections) {
      const channel = { sendgrid: 'email', twilio: 'sms' }[provider.id];
      if (channel === undefined || kind !== 'good') continue;
      await hub.pool.query(`delete from message_route where channel = $1`, [channel]);
      await hub.pool.query(`insert into message_route (channel, connection_id, priority) values ($1, $2, 0)`, [
        channel,
        id,
      ]);
    }
  }

  /** A wrong code, then the one that was sent. */
  private async confirm(route: string, said: Said, to: string): Promise<any> {
    const code = await eventually(() => Promise.resolve(this.newCode(to)), 'a code');
    await this.call(route, { ...said, code: otherThan(code) });
    return this.step(route, { ...said, code });
  }

  /** As JSON and as mails have it: six digits alone are anywhere. */
  private newCode(to: string): string | undefined {
    const code = this.codesFor(to).find((one) => !this.seen.has(one));
    if (code === undefined) return undefined;
    this.seen.add(code);
    this.secret('a code in JSON', `"code":"${code}"`);
    this.secret('a code in a message', `code is ${code}`);
    return code;
  }

  /** The newest first. */
  private codesFor(to: string): string[] {
    const things = this.processes.hub.sandbox(to.includes('@') ? 'sendgrid' : 'twilio').vendor.things!();
    return things
      .filter(({ title }) => title.toLowerCase().includes(to))
      .flatMap(({ text }) => /\b\d{6}\b/.exec(text ?? '')?.[0] ?? []);
  }

  private takeTokens({ data }: any): void {
    this.token = this.secret('an access token of her own', data.accessToken.token as string);
    this.secret('a refresh token of her own', data.refreshToken.token as string);
  }

  private secret(what: string, text: string): string {
    this.traffic.secrets.push({ what, text });
    return text;
  }

  private async step(route: string, said?: Said): Promise<any> {
    const { status, body } = await this.call(route, said);
    if (status !== 200) throw new Error(`${route.split('?')[0]}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Kept only when it was refused: what is fine may hand out tokens. */
  private async call(route: string, said?: Said, headers: Record<string, string> = {}) {
    const answer = await this.traffic.send(route.replace(' ', ' /api/v2'), said, this.token, false, headers);
    const text = JSON.stringify(answer.body);
    if (answer.status >= 400) this.traffic.answers.push({ where: `the refusal of ${route.split('?')[0]}`, text });
    return answer;
  }
}
