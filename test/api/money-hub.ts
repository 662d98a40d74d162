import { randomUUID } from 'node:crypto';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { additions, steeringProcedures } from '../../api/additions.ts';
import { type BuiltApi, buildApi } from '../../api/build.ts';
import type { Settings } from '../../config/settings.ts';
import { createLog } from '../../api/kit/log.ts';
import { realtimeMount } from '../../api/realtime/index.ts';
import { webhookMount } from '../../api/webhooks/index.ts';
import { createHttpServer } from '../../api/kit/server.ts';
import { connectTemporal } from '../../worker/client.ts';
import { QUICK_TIMINGS, type Timings } from '../../domain/timings.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';
import { statusOf } from '../kit/runs.ts';
import { watchAnswers } from '../kit/undocumented.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // Tests look into answers freely; what they must look like is asserted there.
  body: any;
}

export interface Caller {
  id: number;
  /** His access token. */
  token: string;
  call: (route: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** Sends a body as it is: multipart with this boundary. */
  upload: (route: string, body: Buffer, boundary: string) => Promise<Answer>;
}

/** At an API process of its own. */
export type SecondCaller = Caller & { stop: () => Promise<void> };

/** A whole hub with its API on a socket; sandboxes call back to it. */
export class MoneyApi {
  readonly hub: TestHub;
  readonly url: string;
  private readonly built: BuiltApi;
  private readonly server: Server;
  private readonly undocumented: ReturnType<typeof watchAnswers>;

  private constructor(hub: TestHub, built: BuiltApi, server: Server, url: string) {
    this.undocumented = watchAnswers(server, built.procedures);
    this.hub = hub;
    this.built = built;
    this.server = server;
    this.url = url;
  }

  /** `settings`: of the API, where the test is about them. */
  static async start(
    timings: Partial<Timings> = {},
    connections: readonly string[] = [],
    settings: Partial<Settings> = {},
  ): Promise<MoneyApi> {
    const hub = await TestHub.start(timings, connections);
    Object.assign(hub.settings, settings);
    // The worker tells providers where to call, and some sign the address: it is known, and taken, before there is anything behind it.
    let answers: RequestListener = (_req, res) => void res.writeHead(503).end();
    let upgrade: BuiltApi['upgrade'] | null = null;
    const server = createHttpServer((req, res) => answers(req, res), {
      wants: (req) => upgrade?.wants(req) ?? false,
      take: (req, socket, head) => upgrade!.take(req, socket, head),
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await hub.pause();
    hub.settings.publicUrl = url;
    await hub.resume();
    const temporal = { client: hub.client, connection: hub.client.connection as never };
    const quick = { ...QUICK_TIMINGS, ...timings };
    const built = await buildApi(hub.settings, temporal, createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent'), {
      ...additions,
      procedures: (deps) => steeringProcedures({ ...deps, timings: quick }),
      mounts: (deps) => [webhookMount({ ...deps, timings: quick }), realtimeMount(deps)],
    });
    answers = built.app;
    upgrade = built.upgrade;
    return new MoneyApi(hub, built, server, url);
  }

  /** Fails when anything was answered with a status that the API's own document does not name. */
  async stop(): Promise<void> {
    this.built.hangUp();
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
    await this.built.close();
    await this.hub.stop();
    // The recorder of histories, which is no test, stops one too.
    const undocumented = this.undocumented();
    if (undocumented.length > 0) throw new Error(`answered as no document says: ${undocumented.join(', ')}`);
  }

  /** An operator with these permissions, signed in. */
  async operator(permissions: string[] = ['*']): Promise<Caller> {
    const { pool } = this.hub;
    const { id } = await this.hub.one<{ id: number }>(
      `insert into hub_user (name, email, password_hash) values ('Olga', $1, 'none') returning id`,
      [`${randomUUID()}@example.com`],
    );
    await pool.query(
      `with g as (insert into user_group (name, permissions) values ($1, $2) returning id) insert into hub_user_group select $3, id from g`,
      [randomUUID(), permissions, id],
    );
    return this.signedIn('user', id);
  }

  /** The signed-in owner of a wallet that holds `amount`. */
  async clientWith(amount: string, currency: string): Promise<Caller & { wallet: number; of: TestClient }> {
    const of = await this.hub.clientWith(amount, currency);
    return { ...(await this.signedIn('client', of.clientId)), wallet: of.wallet, of };
  }

  /** The same client or user at a second API process that soon gives up on Temporal; at another address it never reaches it. */
  impatient(
    who: Caller,
    temporalAddress = this.hub.settings.temporalAddress,
    kind: 'user' | 'client' = 'client',
  ): Promise<SecondCaller> {
    return this.another(who, kind, { timings: this.hub.timings, patienceMs: 1_500 }, temporalAddress);
  }

  /** What one orders of which the answer is wanted soon, done or not: it takes long. */
  async hastily({ id }: Pick<Caller, 'id'>, ...[route, body, headers]: Parameters<Caller['call']>): Promise<Answer> {
    const kind = route.includes(' /my/') ? 'client' : 'user';
    const hasty = await this.another({ id }, kind, { timings: { ...this.hub.timings, firstAnswer: 500 } });
    return hasty.call(route, body, headers).finally(() => hasty.stop());
  }

  /** The same client or user at a second API process, which remembers nothing. */
  async another(
    { id }: Pick<Caller, 'id'>,
    kind: 'user' | 'client' = 'client',
    steering: { timings: Partial<Timings>; patienceMs?: number } = { timings: this.hub.timings },
    temporalAddress = this.hub.settings.temporalAddress,
  ): Promise<SecondCaller> {
    const temporal = connectTemporal({ ...this.hub.settings, temporalAddress });
    const built = await buildApi(this.hub.settings, temporal, createLog('silent'), {
      procedures: (deps) => steeringProcedures({ ...deps, ...steering }),
    });
    const server = createHttpServer(built.app).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      ...(await this.signedIn(kind, id, url)),
      stop: async () => {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
        await built.close();
        await temporal.connection.close();
      },
    };
  }

  /** Waits until all that a provider has told was heard, and the run it is about waits: news make a run look again, and ask anew what it asked. */
  async heard(provider: string, workflowId: string): Promise<void> {
    await this.hub.sandbox(provider).callbacksSettled();
    await eventually(
      async () => (await this.count(`webhook where status = 'received'`)) === 0,
      'the callbacks to be delivered',
    );
    // Of what came late or unasked another run hears, which tells this one.
    const { rows } = await this.hub.pool.query<{ run: string }>(
      `select 'arrivals:' || coalesce(provider_data ->> 'arrivalOf', reference) as run from money_transaction where workflow_id = $1`,
      [workflowId],
    );
    for (const { run } of rows) if ((await statusOf(this.hub.client, run)) !== 'absent') await this.hub.rests(run);
    await this.hub.rests(workflowId);
  }

  async methodId(name: string): Promise<number> {
    return (await this.hub.methodId(name)).id;
  }

  /** How many rows a table has: for tests that nothing was written. */
  async count(table: string): Promise<number> {
    return (await this.hub.one<{ n: number }>(`select count(*)::int as n from ${table}`)).n;
  }

  private async signedIn(kind: 'user' | 'client', id: number, url = this.url): Promise<Caller> {
    const { accessToken } = await this.built.deps.tokens.open({ kind, id });
    const send = async (
      route: string,
      body: Uint8Array<ArrayBuffer> | string | undefined,
      headers: Record<string, string>,
    ) => {
      const [method, path] = route.split(' ') as [string, string];
      const response = await fetch(`${url}/api/v2${path}`, {
        method,
        headers: {
          authorization: `Bearer ${accessToken.token}`,
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
    };
    const call: Caller['call'] = (route, body, headers = {}) =>
      body === undefined
        ? send(route, undefined, headers)
        : send(route, typeof body === 'string' ? body : JSON.stringify(body), {
            'content-type': 'application/json',
            ...headers,
          });
    const upload: Caller['upload'] = (route, body, boundary) =>
      send(route, new Uint8Array(body), { 'content-type': `multipart/form-data; boundary=${boundary}` });
    return { id, token: accessToken.token, call, upload };
  }
}
