import { join } from 'node:path';
import type pg from 'pg';
import { MoneyHub } from '../api/money/hub.ts';
import { previewAnswer } from '../api/money/front-office/deposit-answers.ts';
import { paymentOrder } from '../activities/intake/new-order.ts';
import { Memory } from '../db/memory.ts';
import { freePort } from '../cli/embedded/ports.ts';
import type { Bench, Figure, Way } from './figure.ts';
import { callOnce, hammer, type HttpCall } from './http.ts';
import { type BenchClient, clientWith, methodNamed } from './people.ts';
import { writeJson } from './report.ts';
import { clientHeaders, operatorHeaders } from './sign-in.ts';
import type { Stack } from './stack.ts';

const LANES = 8;
/** More than connections, so that none comes to what one caller may ask for in a second. */
const CLIENTS = 16;
const SECONDS = 3;

interface Statement {
  text: string;
  values: unknown[];
}

/** What the references answer with, and the SQL behind our POST. */
export interface Answers {
  get: unknown;
  post: unknown;
  statements: Statement[];
}

const GET = '/api/v2/my/accounts';
const POST = '/api/v2/my/deposits/sync';

/** The statements the handler of the pretended deposit sends, taken from the handler itself. */
const statementsOf = async (stack: Stack, client: BenchClient, methodId: number): Promise<Statement[]> => {
  const statements: Statement[] = [];
  const recording = {
    query: (text: string, values: unknown[]) => {
      statements.push({ text, values });
      return stack.pool.query(text, values);
    },
  } as unknown as pg.Pool;
  const actor = { kind: 'client', id: client.clientId, family: '' } as const;
  const request = { accountId: client.walletId, methodId, amount: '100.00', currencyCode: client.currency, data: {} };
  const order = await paymentOrder(recording, actor, 'deposit', request);
  // It never listens, so it remembers nothing.
  const memory = new Memory('', () => undefined);
  await previewAnswer(new MoneyHub({ pool: recording, memory } as never), order);
  return statements;
};

const way = (name: string, origin: string, calls: HttpCall[], expect: number): Way => ({
  name,
  round: async () => (await hammer(origin, { connections: LANES, seconds: SECONDS, expect, calls })).rate,
});

/** Starts a process that answers so with node:http and with Express. */
export const referenceServers = async (
  stack: Stack,
  name: 'references' | 'receiver',
  answers: Answers,
): Promise<{ bare: string; express: string }> => {
  const file = join(stack.settings.hubStateDir, `${name}.json`);
  writeJson(file, answers);
  const [httpPort, expressPort] = [await freePort(), await freePort()];
  const args = ['reference-server.ts', String(httpPort), String(expressPort), file];
  await stack.process(name, args, 'references listen');
  return { bare: `http://127.0.0.1:${httpPort}`, express: `http://127.0.0.1:${expressPort}` };
};

export const apiBench: Bench = {
  name: 'api',
  setUp: async (stack) => {
    const origin = await stack.api();
    const operator = await operatorHeaders(stack);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => clientWith(stack, '1000', 'USD')));
    const headers = await Promise.all(clients.map(({ clientId }) => clientHeaders(stack, operator, clientId)));
    const { id: methodId } = await methodNamed(stack, 'bank-transfer');
    const gets = headers.map((one): HttpCall => ({ method: 'GET', path: GET, headers: one }));
    const posts = headers.map((one, i): HttpCall => {
      const { walletId: accountId, currency: currencyCode } = clients[i]!;
      const body = JSON.stringify({ accountId, methodId, currencyCode, amount: '100.00', isPretend: true });
      return { method: 'POST', path: POST, headers: one, body };
    });

    const answers: Answers = {
      get: await callOnce(origin, gets[0]!, 200),
      post: await callOnce(origin, posts[0]!, 201),
      statements: await statementsOf(stack, clients[0]!, methodId),
    };
    const { bare, express } = await referenceServers(stack, 'references', answers);
    const at = (path: string, calls: readonly HttpCall[]) => calls.map((one) => ({ ...one, path }));

    const get: Figure = {
      name: `GET /my/accounts, ${LANES} connections`,
      unit: 'requests/s',
      ours: way('ours: GET /my/accounts', origin, gets, 200),
      references: [
        way('Express, same JSON', express, at('/get', gets), 200),
        way('node:http, same JSON', bare, at('/get', gets), 200),
      ],
      targets: [],
    };
    const post: Figure = {
      name: `POST /my/deposits/sync, pretended, ${LANES} connections`,
      unit: 'requests/s',
      ours: way('ours: POST /my/deposits/sync', origin, posts, 201),
      references: [
        way('Express, same JSON', express, at('/post', posts), 200),
        way('node:http, same JSON', bare, at('/post', posts), 200),
        way('node:http, same JSON and SQL', bare, at('/post-sql', posts), 200),
      ],
      targets: [{ against: 'node:http, same JSON', atLeast: 0.3 }],
      notes: async () => [
        `${answers.statements.length} statements behind an answer of ours that remembers nothing; else none.`,
      ],
    };
    return [get, post];
  },
};
