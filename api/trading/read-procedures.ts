import { z } from 'zod';
import { listOf, pageOf, pageQuery } from '../kit/list.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { idList, idText, timeText, wholeText } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { Statement } from '../presenters/account.ts';
import { Deal, Position } from '../presenters/trade.ts';
import { accountsNamed, DAYS, dealsOf, openAccountOf, positionsOf, statementOf, windowOf } from './shown-trading.ts';

const params = z.object({ accountId: idText() });
const page = { ...pageQuery, limit: wholeText(1, 1000).default(20) };
const window = { from: timeText().optional(), to: timeText().optional() };
/** Which of his accounts a client means. */
const which = {
  type: z.string().max(64).optional().meta({ description: 'Provider of the platform: mt4, mt5 …' }),
  accounts: idList().optional().meta({ description: 'Without it: all his open accounts.' }),
};

const user = {
  tags: ['Accounts'] as [string],
  access: 'user' as const,
  permission: 'accounts.read',
  limit: perActor('120/m'),
};
const client = { tags: ['My accounts'] as [string], access: 'client' as const, limit: perActor('60/m') };
const asked = 'Asked of the platform at this moment: 503 when it does not answer.';

/** What trading platforms show at this moment. */
export const readProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('GET /accounts/{accountId}/balance', {
    ...user,
    summary: 'Balance of an account',
    description: `A wallet's from our books, a trading account's from its platform. ${asked}`,
    params,
    answer: Statement,
    handle: ({ actor, params: { accountId } }) => statementOf(hub, actor, accountId),
  }),

  procedure('GET /my/accounts/{accountId}/balance', {
    ...client,
    summary: 'Balance of an account',
    description: `A wallet's from our books, a trading account's from its platform. ${asked}`,
    params,
    answer: Statement,
    handle: ({ actor, params: { accountId } }) => statementOf(hub, actor, accountId),
  }),

  procedure('GET /accounts/{accountId}/positions', {
    ...user,
    summary: 'Open positions of an account',
    description: asked,
    params,
    query: z.object(page),
    answer: listOf(Position),
    handle: async ({ actor, params: { accountId }, query }) =>
      pageOf(await positionsOf(hub, await openAccountOf(hub, actor, accountId)), query),
  }),

  procedure('GET /accounts/{accountId}/deals', {
    ...user,
    summary: 'Trades of an account that ended',
    description: `Newest first; without \`from\` of the last ${DAYS} days. ${asked}`,
    params,
    query: z.object({ ...page, ...window }),
    answer: listOf(Deal),
    handle: async ({ actor, params: { accountId }, query }) =>
      pageOf(await dealsOf(hub, await openAccountOf(hub, actor, accountId), windowOf(query)), query),
  }),

  procedure('GET /my/positions', {
    ...client,
    summary: 'Open positions',
    description: asked,
    errors: [404],
    query: z.object({ ...page, ...which }),
    answer: listOf(Position),
    handle: async ({ actor, query }) => {
      const accounts = await accountsNamed(hub, actor, query);
      return pageOf((await Promise.all(accounts.map((one) => positionsOf(hub, one)))).flat(), query);
    },
  }),

  procedure('GET /my/deals', {
    ...client,
    summary: 'Trades that ended',
    description: `Newest first; without \`from\` of the last ${DAYS} days. ${asked}`,
    errors: [404],
    query: z.object({ ...page, ...window, ...which }),
    answer: listOf(Deal),
    handle: async ({ actor, query }) => {
      const span = windowOf(query);
      const accounts = await accountsNamed(hub, actor, query);
      const deals = (await Promise.all(accounts.map((one) => dealsOf(hub, one, span)))).flat();
      return pageOf(
        deals.toSorted((a, b) => b.closeTime.localeCompare(a.closeTime)),
        query,
      );
    },
  }),
];
