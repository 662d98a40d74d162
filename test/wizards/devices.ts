import { randomUUID } from 'node:crypto';
import { type Answer, MoneyApi } from '../api/money-hub.ts';
import type { Settings } from '../../config/settings.ts';
import { eventually } from '../kit/hub.ts';

/** A hub whose mails and SMS arrive at the sandboxes of sendgrid and twilio. */
export const startWizardApi = (
  connections: readonly string[] = [],
  settings: Partial<Settings> = {},
): Promise<MoneyApi> => MoneyApi.start({}, ['sendgrid', 'twilio', ...connections], settings);

/** A browser; of somebody who is not signed in until it has a token. */
export class Device {
  readonly agent: string;
  /** The access token of whoever is signed in here. */
  token: string | undefined;
  private readonly api: MoneyApi;
  private readonly address: string | undefined;

  /** `address`: where it is, for an API behind a proxy (`trustProxy` 1). */
  constructor(api: MoneyApi, agent = `Browser ${randomUUID()}`, address?: string) {
    this.api = api;
    this.agent = agent;
    this.address = address;
  }

  get fingerprint(): string {
    return Buffer.from(JSON.stringify({ user_agent: this.agent })).toString('base64');
  }

  async call(route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const [method, path] = route.split(' ') as [string, string];
    const response = await fetch(`${this.api.url}/api/v2${path}`, {
      method,
      headers: {
        ...{ 'user-agent': this.agent, 'content-type': 'application/json' },
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(this.address !== undefined && { 'x-forwarded-for': this.address }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  }

  /** The body of a step that must be fine. */
  async step(route: string, body?: unknown): Promise<any> {
    const answer = await this.call(route, body);
    if (answer.status !== 200) throw new Error(`${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

interface Thing {
  title: string;
  text: string;
}

const thingsFor = (api: MoneyApi, to: string): Thing[] =>
  (api.hub.sandbox(to.includes('@') ? 'sendgrid' : 'twilio').vendor.things!() as unknown as Thing[]).filter(
    ({ title }) => title.toLowerCase().includes(to.toLowerCase()),
  );

/** All of them, the newest first. */
export const codesSentTo = (api: MoneyApi, to: string): string[] =>
  thingsFor(api, to).flatMap(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? []);

/** The newest message to an address or phone that has a code. */
export const codeSentTo = (api: MoneyApi, to: string): Promise<string> =>
  eventually(() => Promise.resolve(codesSentTo(api, to)[0]), `a code for ${to}`);

/** The one of the message that comes after so many of before. */
export const nextCodeTo = async (api: MoneyApi, to: string, before: number): Promise<string> => {
  await eventually(() => Promise.resolve(codesSentTo(api, to).length > before), `another code for ${to}`);
  return codeSentTo(api, to);
};

export const mailsTo = (api: MoneyApi, to: string): string[] => thingsFor(api, to).map(({ title }) => title);

/** What is in them, the newest first. */
export const lettersTo = (api: MoneyApi, to: string): string[] => thingsFor(api, to).map(({ text }) => text);

/** B2Core's name of the last step of every wizard. */
export const END = 'B2B\\TCA\\Wizards\\Workflow\\TerminateWorkflow';

/** Status and reason of what was refused; without a reason of what was not. */
export const reasons = ({ status, body }: { status: number; body: any }) => [status, body?.error?.details[0]?.reason];

/** A code that is surely not this one. */
export const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

/** The bytes of a key as an app reads it. */
export const fromBase32 = (key: string): Buffer => {
  const bits = Array.from(key, (one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'));
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2)));
};

export const anEmail = (): string => `ann-${randomUUID().slice(0, 8)}@client.example`;

export const PASSWORD = 'Secret123';

/** What the form of the seeded registration wants. */
export const mainForm = (device: Device, email: string, more: object = {}) => ({
  email,
  password: PASSWORD,
  password_confirmation: PASSWORD,
  device_fingerprint: device.fingerprint,
  info: { givenName: 'Ann', familyName: 'Canary', birthday: '1990-05-01' },
  addresses: { '0': { country_code: '276' } },
  ...more,
});

/** Registers somebody on a device, who is signed in there then. */
export const registerAndStay = async (
  api: MoneyApi,
  device: Device,
  email = anEmail(),
): Promise<{ email: string; clientId: number }> => {
  const { answer } = await register(api, device, email);
  device.token = answer.data.accessToken.token;
  const { id } = await api.hub.one<{ id: number }>(`select client_id as id from client where email = $1`, [email]);
  return { email, clientId: id };
};

/** Signs in up to the step after the password. */
export const signIn = async (device: Device, email: string, password = PASSWORD): Promise<any> => {
  const { uuid } = await device.step('GET /my/signin/wizard');
  return device.step('POST /my/signin', { uuid, email, password, device_fingerprint: device.fingerprint });
};

/** Registers somebody by the seeded wizard. */
export const register = async (
  api: MoneyApi,
  device: Device,
  email = anEmail(),
): Promise<{ email: string; uuid: string; answer: any }> => {
  const { uuid } = await device.step('POST /my/signup/wizard', {});
  await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
  const answer = await device.step('POST /my/signup', { uuid, code: await codeSentTo(api, email) });
  return { email, uuid, answer };
};
