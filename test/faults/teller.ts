import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Office } from './cast.ts';
import { type Answer, complaintOf, type HubApi } from './hub-api.ts';
import { CHANGED_LEVERAGE } from './open-venues.ts';
import type { Story } from './scenario.ts';
import type { Stack } from './stack.ts';

/** One order of a story: which key it was sent under, and what its senders heard. */
export interface Order {
  /** '{actor}:{Idempotency-Key}', as stored beside the transaction. */
  key: string;
  answers: Answer[];
}

/** A story while it is told. */
export interface Telling {
  story: Story;
  client: Client;
  orders: Order[];
  /** Transactions whose payer has done what the story says, and when. */
  paid: Map<number, number>;
  /** … and has paid the same page once more. */
  paidTwice: Set<number>;
  decisions: string[];
}

export interface Methods {
  [name: string]: number;
}

export const loadMethods = async ({ pool }: Stack): Promise<Methods> => {
  const { rows } = await pool.query<{ id: number; name: string }>(`select id, name from payment_method`);
  return Object.fromEntries(rows.map(({ id, name }) => [name, id]));
};

interface Request {
  route: string;
  token: string;
  actor: string;
  body: string;
}

const withAmount = (body: object, amount: string): string => JSON.stringify(body).replace('"@amount"', amount);

export const requestOf = (stack: Stack, { story, client }: Telling, office: Office, methods: Methods): Request => {
  const mine = { token: client.token, actor: `client:${client.clientId}` };
  const clerk = { token: office.clerk.token, actor: `user:${office.clerk.id}` };
  const { amount } = story;
  const payment = { accountId: client.wallet, amount: '@amount' };
  const payout = story.kind.endsWith('payout');
  const methodId = methods[`${story.venue}-${payout ? 'payout' : 'deposit'}`];
  switch (story.kind) {
    case 'payout':
    case 'hand-payout':
    case 'deposit':
    case 'refund':
    case 'hand-deposit': {
      const data = payout ? stack.venues.get(story.venue!)!.payee : {};
      if (story.decision === 'own') {
        const body = withAmount({ ...payment, methodId, data }, amount);
        return { ...clerk, route: payout ? 'POST /withdrawals' : 'POST /deposits', body };
      }
      const body = withAmount({ ...payment, methodId, currencyCode: client.currency, data }, amount);
      return { ...mine, route: payout ? 'POST /my/withdrawals' : 'POST /my/deposits/sync', body };
    }
    case 'to-platform':
    case 'from-platform':
    case 'between-wallets': {
      const [source, destination] =
        story.kind === 'from-platform' ? [client.other, client.wallet] : [client.wallet, client.other];
      const body = { amount, sourceAccountId: source, destinationAccountId: destination, isInternal: false };
      return { ...mine, route: 'POST /my/transfers', body: JSON.stringify(body) };
    }
    case 'open-account':
      return {
        ...mine,
        route: 'POST /my/accounts',
        body: JSON.stringify({ productCurrencyId: client.product }),
      };
    case 'change-account':
      return {
        ...mine,
        route: `PATCH /my/accounts/${client.other}`,
        body: JSON.stringify({ leverage: CHANGED_LEVERAGE }),
      };
  }
};

/** Sends the story's orders as its client would, nervous fingers included. Comes back when every sender has heard an answer. */
export const tell = async (
  stack: Stack,
  api: HubApi,
  office: Office,
  methods: Methods,
  telling: Telling,
): Promise<void> => {
  const { story } = telling;
  await sleep(story.startAfterMs);
  const { route, token, actor, body } = requestOf(stack, telling, office, methods);
  const send = async (order: Order, key: string): Promise<void> => {
    const answer = await api.call(route, { token, key, body, forMs: 45_000 });
    order.answers.push(answer);
  };
  const sending: Promise<void>[] = [];
  for (let rival = 0; rival <= story.rivals; rival++) {
    const key = randomUUID();
    const order: Order = { key: `${actor}:${key}`, answers: [] };
    telling.orders.push(order);
    for (let copy = 0; copy < story.copies; copy++) sending.push(send(order, key));
  }
  await Promise.all(sending);
  if (story.refund !== undefined) await giveBack(stack, api, office, telling, story.refund);
  if (story.decision === 'cancel') await cancelIfPossible(stack, api, telling);
};

const DEPOSIT_WITHIN_MS = 20_000;

/** Once the deposit is credited a clerk orders the same refund twice at one moment, each time under a key of its own. */
const giveBack = async (
  { pool }: Stack,
  api: HubApi,
  { clerk }: Office,
  { client, orders }: Telling,
  amount: string,
): Promise<void> => {
  for (const until = Date.now() + DEPOSIT_WITHIN_MS; Date.now() < until; await sleep(50)) {
    const { rows } = await pool.query<{ id: number }>(
      `select transaction_id as id from money_transaction where client_id = $1 and type = 'deposit' and stage = 'done' and arrival is null`,
      [client.clientId],
    );
    if (!rows[0]) continue;
    const route = `POST /transactions/${rows[0].id}/refund`;
    await Promise.all(
      [1, 2].map(async () => {
        const key = randomUUID();
        const order: Order = { key: `user:${clerk.id}:${key}`, answers: [] };
        orders.push(order);
        order.answers.push(await api.call(route, { token: clerk.token, key, body: { amount }, forMs: 45_000 }));
      }),
    );
    return;
  }
};

const cancelIfPossible = async (
  { pool }: Stack,
  api: HubApi,
  { client, orders, decisions }: Telling,
): Promise<void> => {
  const { rows } = await pool.query<{ id: number }>(
    `select transaction_id as id from money_transaction where idempotency_key = any($1)`,
    [orders.map(({ key }) => key)],
  );
  for (const { id } of rows) {
    const answer = await api.call(`POST /my/transactions/${id}/cancel`, {
      token: client.token,
      key: randomUUID(),
      body: {},
    });
    decisions.push(`cancel: ${complaintOf(answer)}`);
  }
};
