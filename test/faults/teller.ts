import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Office } from './cast.ts';
import { ADDRESS_CANARY } from './cast.ts';
import { type Answer, complaintOf, type HubApi } from './hub-api.ts';
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
  /** Transactions whose payer has done what the story says. */
  paid: Set<number>;
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

export const requestOf = ({ story, client }: Telling, office: Office, methods: Methods): Request => {
  const mine = { token: client.token, actor: `client:${client.clientId}` };
  const clerk = { token: office.clerk.token, actor: `user:${office.clerk.id}` };
  const { amount } = story;
  const payment = { accountId: client.wallet, amount: '@amount' };
  switch (story.kind) {
    case 'payout': {
      const data = { address: `${ADDRESS_CANARY}${client.clientId}x${'0'.repeat(10)}` };
      const body = { ...payment, methodId: methods['usdt-payout'], currencyCode: client.currency, data };
      return { ...mine, route: 'POST /my/withdrawals', body: withAmount(body, amount) };
    }
    case 'deposit': {
      const body = { ...payment, methodId: methods['usdt-invoice'], currencyCode: client.currency };
      return { ...mine, route: 'POST /my/deposits/sync', body: withAmount(body, amount) };
    }
    case 'bank-payout': {
      if (story.decision === 'own') {
        return {
          ...clerk,
          route: 'POST /withdrawals',
          body: withAmount({ ...payment, methodId: methods['bank-payout'] }, amount),
        };
      }
      const data = { accountHolder: 'Ann Lee', iban: 'DE02120300000000202051' };
      const body = { ...payment, methodId: methods['bank-payout'], currencyCode: client.currency, data };
      return { ...mine, route: 'POST /my/withdrawals', body: withAmount(body, amount) };
    }
    case 'bank-deposit': {
      if (story.decision === 'own') {
        return {
          ...clerk,
          route: 'POST /deposits',
          body: withAmount({ ...payment, methodId: methods['bank-transfer'] }, amount),
        };
      }
      const body = { ...payment, methodId: methods['bank-transfer'], currencyCode: client.currency };
      return { ...mine, route: 'POST /my/deposits/sync', body: withAmount(body, amount) };
    }
    case 'to-platform':
    case 'from-platform':
    case 'between-wallets': {
      const [source, destination] =
        story.kind === 'from-platform' ? [client.other, client.wallet] : [client.wallet, client.other];
      const body = { amount, sourceAccountId: source, destinationAccountId: destination, isInternal: false };
      return { ...mine, route: 'POST /my/transfers', body: JSON.stringify(body) };
    }
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
  const { route, token, actor, body } = requestOf(telling, office, methods);
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
  if (story.decision === 'cancel') await cancelIfPossible(stack, api, telling);
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
