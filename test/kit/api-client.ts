import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { expect } from '@jest/globals';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { type Additions, type BuiltApi, buildApi } from '../../api/build.ts';
import type { Temporal } from '../../api/deps.ts';
import { hashPassword } from '../../db/passwords.ts';
import { createLog } from '../../api/kit/log.ts';
import { createHttpServer } from '../../api/kit/server.ts';
import { type Settings, loadSettings } from '../../config/settings.ts';
import { connectTemporal } from '../../worker/client.ts';
import { watchAnswers } from './undocumented.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // Tests look into answers freely; what they must look like is asserted there.
  body: any;
}

export interface Caller {
  token: string;
  call: (route: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

export interface TestApi extends BuiltApi {
  url: string;
  settings: Settings;
  /** 'GET /api/v2/clients'. A string body is sent as it is. */
  call: (
    route: string,
    options?: { token?: string | undefined; body?: unknown; headers?: Record<string, string> },
  ) => Promise<Answer>;
  /** A Back Office user with these permissions, signed in. */
  operator: (
    permissions?: string[],
    more?: { tagIds?: number[]; maskData?: boolean },
  ) => Promise<Caller & { id: number }>;
  /** A client, signed in. */
  client: (more?: { tagIds?: number[]; email?: string }) => Promise<Caller & { id: number }>;
  sql: (text: string, values?: unknown[]) => Promise<any[]>;
  stop: () => Promise<void>;
}

/** For tests that never reach Temporal; what tries to is told that it is down. */
export const unreachableTemporal = (): Temporal =>
  connectTemporal({ temporalAddress: '127.0.0.1:1', temporalNamespace: 'default', payloadKeys: randomKeys() });

/** For tests that would reach Temporal if they could, and must not wait for it: every call answers at once that it is down. */
export const temporalThatIsDown = (): Temporal => {
  const down = Object.assign(new Error('14 UNAVAILABLE'), { code: 14 });
  const nothing: object = new Proxy(() => undefined, {
    get: (_target, name) => (name === 'then' ? undefined : nothing),
    apply: () => {
      throw down;
    },
  });
  return nothing as Temporal;
};

export const randomKeys = (): string => `k1:${randomBytes(32).toString('base64')}`;

export const PASSWORD = 'correct horse 1';

/** An API over its own copy of the template database, listening on a free port. */
export const startTestApi = async ({
  temporal = unreachableTemporal(),
  env = {},
  additions = {},
  log,
}: {
  temporal?: Temporal;
  env?: Record<string, string>;
  additions?: Additions;
  log?: Logger;
} = {}): Promise<TestApi> => {
  const adminUrl = process.env['HUB_TEST_DATABASE_URL']!;
  const database = `api_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, `create database ${database} template hub_template`);
  const databaseUrl = Object.assign(new URL(adminUrl), { pathname: `/${database}` }).href;
  const settings = loadSettings(
    {
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: process.env['HUB_TEST_TEMPORAL_ADDRESS'] ?? '127.0.0.1:1',
      JWT_PRIVATE_KEY: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      PAYLOAD_KEYS: randomKeys(),
      CONFIG_KEYS: randomKeys(),
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      ...env,
    },
    () => undefined,
  );
  const built = await buildApi(settings, temporal, log ?? createLog(settings.logLevel), additions);
  const server = createHttpServer(built.app).listen(0, '127.0.0.1');
  const undocumented = watchAnswers(server, built.procedures);
  await new Promise((listening) => server.once('listening', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const call: TestApi['call'] = async (route, { token, body, headers = {} } = {}) => {
    const [method, path] = route.split(/ (.*)/s) as [string, string];
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  const sql: TestApi['sql'] = async (text, values) => (await built.deps.pool.query(text, values)).rows;
  const caller = (token: string): Caller => ({
    token,
    call: (route, body, headers = {}) => call(route, { token, body, headers }),
  });
  let made = 0;
  let passwordHash: string | undefined;

  return {
    ...built,
    url,
    settings,
    call,
    sql,
    operator: async (permissions = ['*'], { tagIds = [], maskData = false } = {}) => {
      const n = ++made;
      passwordHash ??= await hashPassword(PASSWORD);
      const [user] = await sql(
        'insert into hub_user (name, email, password_hash, mask_data) values ($1, $2, $3, $4) returning id',
        [`Operator ${n}`, `operator${n}@example.com`, passwordHash, maskData],
      );
      const [group] = await sql('insert into user_group (name, permissions) values ($1, $2) returning id', [
        `Test group ${n}`,
        permissions,
      ]);
      await sql('insert into hub_user_group (user_id, group_id) values ($1, $2)', [user.id, group.id]);
      await sql('insert into hub_user_tag (user_id, tag_id) select $1, unnest($2::int[])', [user.id, tagIds]);
      const { accessToken } = await built.deps.tokens.open({ kind: 'user', id: user.id });
      return { id: user.id as number, ...caller(accessToken.token) };
    },
    client: async ({ tagIds = [], email } = {}) => {
      const n = ++made;
      const [client] = await sql(
        `insert into client (email, first_name, last_name, type_id, verification_level_id)
         values ($1, 'Ann', $2, (select min(id) from client_type), (select min(id) from verification_level)) returning client_id as id`,
        [email ?? `client${n}@example.com`, `Lee ${n}`],
      );
      await sql('insert into client_tag (client_id, tag_id) select $1, unnest($2::int[])', [client.id, tagIds]);
      const { accessToken } = await built.deps.tokens.open({ kind: 'client', id: client.id });
      return { id: client.id as number, ...caller(accessToken.token) };
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await built.close();
      await asAdmin(adminUrl, `drop database ${database} with (force)`);
      expect(undocumented()).toEqual([]);
    },
  };
};

const asAdmin = async (url: string, statement: string): Promise<void> => {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
};
