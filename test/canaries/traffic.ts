import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { providers } from '../../adapters/installed.ts';
import type { ConformanceFacts } from '../../adapters/kit/conformance.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import { inTransaction } from '../../db/pool.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { totpAt } from '../../activities/wizards/totp.ts';
import { queueMessage, startMessages } from '../../activities/messaging/queue-message.ts';
import { post } from '../../db/repositories/ledger.ts';
import { loadTokenKeys } from '../../db/repositories/token-keys.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { fromBase32, otherThan } from '../wizards/devices.ts';
import type { Processes } from './processes.ts';
import type { Canary, Trace } from './scan.ts';
import { goodSettings, refusedSettings, secretFields, type Settings } from './settings.ts';

/** A client nobody else can be taken for. */
export const PERSON = {
  email: 'zeldaquin.quixwoodsen@canary-mail.example',
  firstName: 'Zeldaquin',
  lastName: 'Quixwoodsen',
  phone: '+35799173651',
  birthday: '1987-11-23',
} as const;
/** Stands in messages of ours, which may arrive at any time; no run sent it. */
export const NO_CODE = '493027';
const ADDRESS = 'TCanaryAddress00000000000000000001';
const COMMENT = 'canary comment of an operator';

export const PERSONAL: readonly Canary[] = [
  { what: 'e-mail', text: PERSON.email },
  { what: 'first name', text: PERSON.firstName },
  { what: 'last name', text: PERSON.lastName },
  { what: 'phone', text: PERSON.phone.slice(1) },
  { what: 'birthday', text: PERSON.birthday },
  { what: 'where a payout goes', text: ADDRESS },
];
/** Not about a person by itself, but nothing to be read by everybody who may look at Temporal. */
export const CONFIDENTIAL: readonly Canary[] = [{ what: "an operator's comment", text: COMMENT }];

/** One way of a provider's sandbox to misbehave, or to be well. */
type Trouble = 'echo' | 'garbage' | 'timeout_before' | null;

/** Calls wait for a first answer of the provider; in trouble it does not come. */
const PATIENCE_MS = 4_000;

export interface Connected {
  provider: Provider;
  facts: ConformanceFacts;
  id: number;
  kind: 'good' | 'refused';
}

interface Caller {
  token: string;
  call: (route: string, body?: unknown) => Promise<{ status: number; body: any }>;
}

/** Drives the hub through its API as operators, clients and providers do, and keeps all it answers. */
export class Traffic {
  readonly answers: Trace[] = [];
  readonly secrets: Canary[] = [];
  readonly connections: Connected[] = [];
  private readonly processes: Processes;
  private readonly unanswered: Promise<void>[] = [];
  private operator!: Caller;
  private client!: Caller & { id: number };

  constructor(processes: Processes) {
    this.processes = processes;
  }

  /** An operator who signs in, once with a wrong password, and a client whom he writes down. */
  async people(): Promise<void> {
    const { email, password } = this.processes;
    await this.send('POST /api/v2/signin', { email, password: `${password}-wrong` });
    const { body: signedIn } = await this.send('POST /api/v2/signin', { email, password }, undefined, false);
    this.operator = this.caller('the token of the operator', signedIn.accessToken.token);
    this.secrets.push({ what: 'the refresh token of the operator', text: signedIn.refreshToken.token });
    const { body: client } = await this.operator.call('POST /clients', PERSON);
    const { body: hers } = await this.send(
      'POST /api/v2/dev/client-token',
      { clientId: client.clientId },
      this.operator.token,
      false,
    );
    this.client = { id: client.clientId, ...this.caller('the token of the client', hers.accessToken.token) };
    // Twice the same e-mail, and bad fields beside good ones.
    await this.operator.call('POST /clients', PERSON);
    await this.operator.call('POST /clients', {
      ...PERSON,
      birthday: `${PERSON.birthday}x`,
      phone: `${PERSON.phone}x`,
    });
    await this.operator.call(`GET /clients?filter[emails]=${encodeURIComponent(PERSON.email)}`);
  }

  /** 503 asks to come again. */
  async operate(route: string, said: unknown): Promise<void> {
    let { status, body } = await this.operator.call(route, said);
    for (let n = 0; n < 20 && status === 503; n++) {
      await sleep(500);
      ({ status, body } = await this.operator.call(route, said));
    }
    if (status >= 300) throw new Error(`${route}: ${status} ${JSON.stringify(body)}`);
  }

  /** The operator adds a second factor, with a wrong code first; the client signs in to a browser by her phone. */
  async signIns(): Promise<void> {
    const { password } = this.processes;
    const { body: begun } = await this.send('POST /api/v2/2fa/totp', { password }, this.operator.token, false);
    const { token, setUp } = begun;
    this.secrets.push({ what: 'the key of an app', text: setUp.key }, { what: 'a challenge of a user', text: token });
    await this.operator.call('POST /2fa/totp', { password: `${password}-wrong` });
    await this.operator.call('POST /2fa/totp/confirm', { token, code: '000000' });
    await this.operator.call('GET /users');

    const { body: shown } = await this.send('GET /api/v2/my/signin/qrcodes', undefined, undefined, false);
    const { channel, secret } = shown;
    const { body: said } = await this.send('POST /api/v2/my/signin/tokens', { channel }, this.client.token, false);
    this.secrets.push({ what: 'the secret of a QR code', text: secret }, { what: 'its token', text: said.token });
    const fingerprint = Buffer.from('{"user_agent":"canary"}').toString('base64');
    const sent = { channel, token: said.token, device_fingerprint: fingerprint };
    const { body: entered } = await this.send('POST /api/v2/my/signin/qrcodes', sent, undefined, false);
    this.secrets.push({ what: 'a token by QR code', text: entered.data.refreshToken.token });
    await this.send('POST /api/v2/my/signin/qrcodes', sent);
  }

  /** Of every provider one connection its sandbox takes and one with canaries in every secret field. */
  async connect(): Promise<void> {
    for (const provider of providers) {
      const sandbox = await provider.sandbox?.();
      if (!sandbox) continue;
      const { vendor } = this.processes.hub.sandbox(provider.id);
      const good = vendor.defaultConfig(this.processes.hub.sandboxes.origin);
      for (const [kind, { settings, canaries }] of [
        ['good', goodSettings(provider, good)],
        ['refused', refusedSettings(provider, good)],
      ] as const) {
        const name = `${kind}-${provider.id}`;
        const { status, body } = await this.operator.call('POST /connections', {
          name,
          provider: provider.id,
          settings,
        });
        if (status !== 201) throw new Error(`${name}: ${JSON.stringify(body)}`);
        this.secrets.push(...canaries);
        this.connections.push({ provider, facts: vendor.conformance!, id: body.id, kind });
      }
    }
  }

  /** What an operator does with a connection: looks, mistakes, other secrets. */
  async manage(): Promise<void> {
    for (const { provider, id, kind } of this.connections) {
      await this.operator.call(`GET /connections/${id}`);
      if (kind === 'good') continue;
      const { vendor } = this.processes.hub.sandbox(provider.id);
      const { settings, canaries } = refusedSettings(
        provider,
        vendor.defaultConfig(this.processes.hub.sandboxes.origin),
      );
      this.secrets.push(...canaries.map(({ what, text }) => ({ what: `${what}, changed`, text })));
      for (const field of secretFields(provider)) {
        const misplaced: Settings = { ...settings, [`${field}s`]: settings[field] };
        await this.operator.call(`PATCH /connections/${id}`, { settings: misplaced });
        await this.operator.call(`PATCH /connections/${id}`, {
          settings: { ...settings, [field]: String(settings[field]).repeat(400) },
        });
        await this.operator.call(`PATCH /connections/${id}`, {
          settings: { ...settings, [field]: { value: settings[field] } },
        });
      }
      await this.operator.call(`PATCH /connections/${id}`, { settings });
    }
    for (const path of ['', '/providers', ...providers.map(({ id }) => `/providers/${id}/settings`)])
      await this.operator.call(`GET /connections${path}`);
  }

  /** The client guards her profile: an authenticator app with its recovery codes, another password, each with codes that are wrong as well. */
  async guard(): Promise<void> {
    // She pays out on the same day.
    await this.operator.call('PATCH /settings/withdrawals.afterChangeHours', { value: 0 });
    const quietly = (route: string, body?: unknown) =>
      this.send(route.replace(' ', ' /api/v2'), body, this.client.token, false);
    const keepSecret = (what: string, text: string) => this.secrets.push({ what, text });
    const { body: began } = await quietly('GET /my/2fa/google/enable/wizard');
    const secret = fromBase32(began.data.key);
    keepSecret('the key of an app', began.data.key);
    for (const coding of ['hex', 'base64'] as const)
      keepSecret(`the key of an app, ${coding}`, secret.toString(coding));
    /** As JSON has it: six digits alone are anywhere. */
    const codeNow = async () => {
      await this.processes.hub.pool.query(`update client_totp set last_step = 0`);
      const code = totpAt(secret, Math.floor(Date.now() / 30_000));
      keepSecret('a code', `"code":"${code}"`);
      return code;
    };
    const { uuid } = began;
    await this.client.call('POST /my/2fa/wizard', { uuid, code: '12345' });
    await this.client.call('POST /my/2fa/wizard', { uuid, code: otherThan(await codeNow()) });
    const { body: done } = await quietly('POST /my/2fa/wizard', { uuid, code: await codeNow() });
    const codes = done.data.recoveryCodes as string[];
    for (const code of codes) {
      keepSecret('a recovery code', code);
      keepSecret('a recovery code, plain', code.replaceAll('-', ''));
    }
    await this.client.call('GET /my/2fa');
    // As if she had signed in since: only then does the app guard what she does.
    await this.processes.hub.pool.query(`update client_factor set create_time = '2020-01-01'`);

    const challenge = await this.client.call('GET /my/2fa/challenge?businessProcess=changePassword');
    const { token } = challenge.body;
    await this.client.call('POST /my/2fa/challenge', { token, code: codes[0] });
    const { body: success } = await quietly('POST /my/2fa/challenge', { token, code: await codeNow() });
    const password = `Canary-${randomUUID()}`;
    keepSecret('a token of success', success.successToken);
    keepSecret('a password of a client', password);
    const change = (said: string) =>
      this.send('POST /api/v2/my/password/change', { password: said }, this.client.token, true, {
        successtoken: success.successToken,
      });
    await change(password.toLowerCase());
    const changed = await change(password);
    const { body: off } = await this.client.call('GET /my/2fa/google/disable/wizard');
    const disabled = await this.client.call('POST /my/2fa/wizard', { uuid: off.uuid, code: codes[1] });

    const { body: other } = await this.operator.call('POST /clients', { ...PERSON, email: `other.${PERSON.email}` });
    const given = `Canary-${randomUUID()}`;
    keepSecret('a password that an operator set', given);
    const give = (said: string) =>
      this.operator.call(`PUT /clients/${other.clientId}/password`, { password: said, send_mail: true });
    await give(given.toLowerCase());
    const answers = [changed, disabled, await give(given)].map(({ status }) => status);
    if (answers.join() !== '204,200,204') throw new Error(`the profile was guarded with ${answers.join()}`);
    for (const path of ['2fa/changes', 'password/changes'])
      await this.operator.call(`GET /clients/${this.client.id}/${path}`);
  }

  /** Tests every connection in each of these troubles. */
  async test(...troubles: Trouble[]): Promise<void> {
    for (const trouble of troubles) {
      const ofProvider = Map.groupBy(this.connections, ({ provider }) => provider.id);
      await Promise.all(
        [...ofProvider].map(async ([provider, connections]) => {
          const sandbox = this.processes.hub.sandbox(provider);
          if (trouble) sandbox.fault({ match: {}, kind: trouble, times: 50 });
          for (const { id } of connections) await (await this.colleague()).call(`POST /connections/${id}/test`);
          sandbox.faults.clear();
        }),
      );
    }
  }

  /** Real work through every connection, undisturbed or in trouble; what waits for money, news or people is left waiting. */
  async work(trouble: Trouble): Promise<void> {
    for (const { provider } of this.connections) {
      const sandbox = this.processes.hub.sandbox(provider.id);
      sandbox.faults.clear();
      if (trouble) sandbox.fault({ match: {}, kind: trouble, times: 12 });
    }
    const begun = this.connections.map((one) => this.use(one));
    this.unanswered.push(...begun);
    await Promise.race([Promise.all(begun), sleep(PATIENCE_MS)]);
  }

  /** What a client does in steps: he says where his payouts go, and keeps it. */
  async steps(): Promise<void> {
    const { provider, facts, id } = this.connections.find((one) => one.provider.id === 'b2binpay')!;
    const { numericCode: currencyCode } = facts.payments!.currency;
    const methodId = await this.method('withdrawal', provider.id, id, 'send', currencyCode);
    const order = { accountId: await this.wallet(currencyCode), methodId, currencyCode, data: { address: ADDRESS } };
    const { body: template } = await this.client.call('POST /my/withdrawals/patterns', { name: 'Canary', ...order });
    await this.client.call(`PATCH /my/withdrawals/patterns/${template.patternId}`, { name: 'Another' });
    const { body: listing } = await this.client.call('GET /my/withdrawals/policies/wizard');
    await this.client.call('POST /my/withdrawals/policies', {
      uuid: listing.uuid,
      ...{ currencyCode, walletAddress: ADDRESS, caption: PERSON.lastName },
    });
    const { body: payout } = await this.client.call('GET /my/withdrawals/wizard');
    await this.client.call('POST /my/withdrawals', { uuid: payout.uuid, ...order, amount: 3, isPretend: true });
    await this.client.call('POST /my/withdrawals', { uuid: payout.uuid, ...order, amount: 'NaN' });
    await this.client.call('POST /my/withdrawals', { uuid: payout.uuid, patternId: template.patternId, amount: 3 });
    await this.client.call('PUT /my/withdrawals/policies/enable');
    await this.client.call('POST /my/withdrawals', { ...order, amount: 4 });
    for (const path of ['withdrawals/patterns', 'withdrawals/policies']) await this.operator.call(`GET /${path}`);
  }

  /** Waits for the answers that `work` did not wait for. */
  async answered(): Promise<void> {
    await Promise.all(this.unanswered);
  }

  /** What providers send: forged, garbled, unasked. */
  async webhooks(): Promise<void> {
    for (const { provider, id } of this.connections) {
      const message = JSON.stringify({
        type: 'applicantReviewed',
        externalUserId: 'x',
        email: PERSON.email,
        reviewStatus: 'completed',
      });
      for (const body of ['{"data": [', message, ''])
        await this.keep(
          `the answer to a webhook of ${provider.id}`,
          await fetch(`${this.processes.origin}/webhooks/${id}?who=${PERSON.email}`, {
            method: 'POST',
            body,
            headers: { 'content-type': 'application/json', 'x-signature': 'forged' },
          }),
        );
    }
    const { body } = await this.operator.call('GET /webhooks?limit=1000');
    for (const { id } of body.data.slice(0, 10)) {
      await this.operator.call(`GET /webhooks/${id}`);
      await this.operator.call(`POST /webhooks/${id}/replay`);
    }
  }

  /** New keys while the hub runs with the old ones: what was sealed anew cannot be read by it, and it says so. */
  async rotate(): Promise<void> {
    const ring = `c2:${Buffer.alloc(32, 7).toString('base64')},${this.processes.hub.settings.configKeys}`;
    await this.processes.command('cli/keys.ts', ['list'], { CONFIG_KEYS: ring });
    await this.processes.command('cli/keys.ts', ['rotate'], { CONFIG_KEYS: ring });
    await this.rotateTokens();
    for (const { id } of this.connections) await this.operator.call(`GET /connections/${id}`);
    await this.test(null);
  }

  private async rotateTokens(): Promise<void> {
    const { hub } = this.processes;
    await this.processes.command('cli/keys.ts', ['rotate-tokens']);
    await this.processes.command('cli/keys.ts', ['list']);
    await this.send('GET /.well-known/jwks.json');
    const [key] = await loadTokenKeys(hub.pool, new KeyRing(hub.settings.configKeys));
    this.secrets.push({ what: 'a new key of tokens', text: key!.privateKey.export({ format: 'jwk' }).d! });
  }

  /** Every list an operator can look at. */
  async look(): Promise<void> {
    for (const path of ['connections', 'applications', 'transactions', 'webhooks', 'messages', 'accounts', 'documents'])
      await this.operator.call(`GET /${path}?limit=1000`);
    for (const { id } of this.connections) await this.operator.call(`GET /connections/${id}/health`);
  }

  private async use(one: Connected): Promise<void> {
    switch (one.provider.category) {
      case 'payments':
        return this.move(one);
      case 'trading':
        return this.trade(one);
      case 'kyc':
        return this.verify(one);
      case 'messaging':
        return this.write(one);
      default:
        // The others have no work here but their test.
        await (await this.colleague()).call(`POST /connections/${one.id}/test`);
    }
  }

  /** A client pays in and out through it. */
  private async move({ provider, facts, id }: Connected): Promise<void> {
    const { currency, flow, destination } = facts.payments!;
    const wallet = await this.wallet(currency.numericCode);
    if (flow) {
      const methodId = await this.method('deposit', provider.id, id, flow, currency.numericCode);
      await this.client.call('POST /my/deposits/sync', {
        accountId: wallet,
        methodId,
        currencyCode: currency.numericCode,
        amount: 25,
      });
    }
    if (destination) {
      const methodId = await this.method('withdrawal', provider.id, id, 'send', currency.numericCode);
      const address = provider.id === 'b2binpay' ? ADDRESS : destination.address;
      const { body } = await this.client.call('POST /my/withdrawals', {
        accountId: wallet,
        methodId,
        currencyCode: currency.numericCode,
        amount: 25,
        data: { address },
      });
      const transactionId = body?.data?.transaction?.transactionId ?? body?.data?.transaction?.id;
      if (transactionId !== undefined) await this.approve(transactionId);
    }
  }

  /** A client opens a trading account there. */
  private async trade({ provider, facts, id }: Connected): Promise<void> {
    const { group, currency, leverage } = facts.trading!;
    const { pool } = this.processes.hub;
    const { rows } = await pool.query<{ id: number }>(
      `with p as (insert into platform (name, caption, type, connection_id) values ($1, $1, 'MetaTrader5', $2) on conflict (name) do update set caption = $1 returning id),
            made as (insert into product (name, caption, type, platform_id) select $1, $1, 'trade', id from p on conflict (name) do update set caption = $1 returning id)
       insert into product_currency (product_id, currency, caption, leverages, platform_groups, permissions)
       select id, $3, $1, array[$4::int], array[$5], '{deposit,enabled,trade,transferDeposit,transferWithdrawal,visible,withdrawal}' from made
       on conflict (product_id, currency) do update set caption = $1 returning id`,
      [`canary-${provider.id}-${id}`, id, currency.numericCode, leverage, group],
    );
    const { body: account } = await this.client.call('POST /my/accounts', { productCurrencyId: rows[0]!.id, leverage });
    const from = await this.wallet(currency.numericCode);
    if (account?.accountId !== undefined)
      await this.client.call('POST /my/transfers', {
        sourceAccountId: from,
        destinationAccountId: account.accountId,
        amount: '5',
        isInternal: false,
      });
  }

  /** A client wants to be verified by it. */
  private async verify({ provider, facts, id }: Connected): Promise<void> {
    const { id: levelId } = await this.processes.hub.one<{ id: number }>(
      `insert into verification_level (name, caption, index, wizard, connection_id, programme) values ($1, $1, 100 + $2, $3, $2, $4)
       on conflict (index) do update set caption = $1 returning id`,
      [`canary-${id}`, id, provider.id === 'sumsub' ? 'SnsWizardSDK' : 'ShuftiProSDK', facts.kyc!.programme],
    );
    const { body } = await this.client.call(`GET /my/verifications/wizard?levelId=${levelId}`);
    if (body?.uuid !== undefined) await this.client.call('POST /my/verifications', { uuid: body.uuid });
  }

  /** A client is written to by it; whoever else sends on its channel comes after it. */
  private async write({ facts, id }: Connected): Promise<void> {
    const { hub } = this.processes;
    const { channel, to } = facts.messaging!;
    const ring = new KeyRing(hub.settings.configKeys);
    const recipient = channel === 'chat' ? { chat: to } : { clientId: this.client.id };
    const ids = await inTransaction(hub.pool, async (db) => {
      await db.query(
        `insert into message_route (channel, connection_id, priority) values ($1, $2, 1) on conflict (channel, connection_id) do nothing`,
        [channel, id],
      );
      await db.query(
        `update message_route set priority = case when connection_id = $2 then 0 else 1 end where channel = $1`,
        [channel, id],
      );
      return queueMessage(db, ring, {
        to: recipient,
        template: channel === 'sms' ? 'registerConfirm' : 'RequestRejected',
        key: randomUUID(),
        parameters: {
          firstName: PERSON.firstName,
          amount: '5',
          currency: 'USD',
          transactionId: '1',
          reason: COMMENT,
          code: NO_CODE,
        },
      });
    });
    await startMessages(hub.steering, ids);
    await sleep(300);
  }

  private readonly wallets = new Map<number, Promise<number>>();
  private wallet(currency: number): Promise<number> {
    const { hub } = this.processes;
    const known = this.wallets.get(currency);
    const open = async () => {
      const { code } = await hub.one<{ code: string }>(
        `select alphabetic_code as code from currency where numeric_code = $1`,
        [currency],
      );
      const wallet = await hub.openWallet(this.client.id, code);
      await post(hub.pool, `canaries:${currency}`, [
        { do: 'post', from: `house:suspense:${code}`, to: walletCode(wallet), amount: '10000' },
      ]);
      return wallet;
    };
    const opening = known ?? open();
    this.wallets.set(currency, opening);
    return opening;
  }

  private async method(
    direction: 'deposit' | 'withdrawal',
    provider: string,
    connection: number,
    flow: string,
    currency: number,
  ): Promise<number> {
    const field = {
      id: 'address',
      name: 'address',
      type: 'input',
      label: 'Where to',
      rules: ['required', 'string', 'max:128'],
      hint: null,
      options: null,
      fields: null,
      default: null,
      multiple: false,
    };
    const { id } = await this.processes.hub.one<{ id: number }>(
      `with m as (insert into payment_method (direction, name, caption, provider, connection_id, flow, fields) values ($1, $2, $2, $3, $4, $5, $6)
                  on conflict (name) do update set caption = $2 returning id),
            c as (insert into payment_method_currency (method_id, type, currency) select id, 'TR', $7 from m on conflict do nothing)
       select id from m`,
      [
        direction,
        `canary-${direction}-${connection}`,
        provider,
        connection,
        flow,
        JSON.stringify(direction === 'deposit' ? [] : [field]),
        currency,
      ],
    );
    return id;
  }

  private async approve(transactionId: number): Promise<void> {
    const { rows } = await this.processes.hub.pool.query<{ id: number }>(
      `select id from application where transaction_id = $1 and status_id = 0`,
      [transactionId],
    );
    for (const { id } of rows) await this.operator.call(`POST /applications/${id}/approve`, { comment: COMMENT });
  }

  private tests = 0;
  private tester: Promise<Caller> | undefined;
  /** Somebody who may test connections: thirty tests a minute are enough for a person. Many may ask at once, and few may sign in. */
  private colleague(): Promise<Caller> {
    if (this.tests++ % 30 === 0) this.tester = this.newColleague();
    return this.tester!;
  }

  private async newColleague(): Promise<Caller> {
    const email = `colleague-${randomUUID()}@broker.example`;
    const password = `canary-${randomUUID()}`;
    this.secrets.push({ what: "a colleague's password", text: password });
    const { id } = await this.processes.hub.one<{ id: number }>(
      `select id from user_group where name = 'Administrators'`,
    );
    await this.operator.call('POST /users', { name: 'Colleague', email, password, groupIds: [id] });
    const { body } = await this.send('POST /api/v2/signin', { email, password }, undefined, false);
    return this.caller("a colleague's token", body.accessToken.token);
  }

  private caller(what: string, token: string): Caller {
    this.secrets.push({ what, text: token });
    return { token, call: (route, body) => this.send(route.replace(' ', ' /api/v2'), body, token) };
  }

  /** `kept` false: an answer that hands out what it must. */
  async send(
    route: string,
    body?: unknown,
    token?: string,
    kept = true,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: any }> {
    const [method, path] = route.split(' ') as [string, string];
    const answer = await fetch(`${this.processes.origin}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (kept) this.answers.push({ where: `the answer to ${route}`, text: text + JSON.stringify([...answer.headers]) });
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }

  private async keep(where: string, answer: Response): Promise<void> {
    this.answers.push({ where, text: (await answer.text()) + JSON.stringify([...answer.headers]) });
  }
}
