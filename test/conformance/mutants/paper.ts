import type { TradingAdapter } from '../../../adapters/kit/trading.ts';
import paper from '../../../adapters/trading/paper/manifest.ts';
import type { AdapterContext } from '../../../adapters/kit/context.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { breaking, type Mutant } from './mutant.ts';

const sound = paper.adapter as unknown as TradingAdapter;

const mutant = breaking(paper)<TradingAdapter>;

/** The platform's answers, said otherwise. */
const saying = <C extends Pick<AdapterContext, 'http'>>(ctx: C, otherwise: (body: string) => string): C => ({
  ...ctx,
  http: async (request) => {
    const answer = await ctx.http(request);
    return { ...answer, body: otherwise(answer.body) };
  },
});

const firstPageOf = <C extends Pick<AdapterContext, 'http'>>(ctx: C): C =>
  saying(ctx, (body) => body.replace(/"next":"[^"]*"/, '"next":null'));

const AN_HOUR_MS = 3_600_000;
const HUNDRED = 100;

/** By server, as they were opened. */
const opened = new Map<unknown, string[]>();
const openedAt = ({ config }: AdapterContext): string[] => {
  const { url } = config as { url: string };
  return opened.get(url) ?? opened.set(url, []).get(url)!;
};

const BALANCES = /applyBalance|BalanceOperation/;

/** What goes wrong only with requests and answers of one's own, each over HTTP. */
export const brokenPaper: readonly Mutant[] = [
  mutant(
    'takes an answer that lacks something for "surely not sent"',
    {
      applyBalance: (ctx, operation) =>
        sound.applyBalance(ctx, operation).catch((error: unknown) => {
          if (error instanceof HubFailure && error.message.includes('is not about what was ordered'))
            throw new HubFailure('Unavailable', 'provider_garbage', error.message);
          throw error;
        }),
    },
    BALANCES,
    [/^applyBalance: .*whatever is missing from the answer/, /^applyBalance: an answer about another amount/],
  ),
  mutant(
    'takes another amount than was ordered for the one that was',
    {
      applyBalance: (ctx, operation) =>
        sound.applyBalance(
          saying(ctx, (body) => body.replace(/"amount":"[^"]*"/, `"amount":"${operation.amount}"`)),
          operation,
        ),
    },
    BALANCES,
    [/^applyBalance: an answer about another amount/],
  ),
  mutant(
    'floats the amount of an operation',
    {
      applyBalance: (ctx, operation) =>
        sound.applyBalance(ctx, {
          ...operation,
          amount: String(Math.trunc(Number.parseFloat(operation.amount) * 100) / 100),
        }),
    },
    BALANCES,
    [/^applyBalance: moves the exact amount/, /^applyBalance: an amount finer than the currency/],
  ),
  mutant(
    'takes the newest operation for the one that is looked for',
    {
      async findBalanceOperation(ctx, { login, since }) {
        const all = await sound.listBalanceOperations!(ctx, login, { from: since, to: ctx.now() + AN_HOUR_MS });
        const newest = all.at(-1);
        return newest ? { ticket: newest.ticket, amount: newest.amount } : null;
      },
    },
    /^findBalanceOperation: (a key|finds)/,
    [/^findBalanceOperation: a key the platform never saw/],
  ),
  mutant(
    'takes a key that was forgotten for one that never was',
    {
      findBalanceOperation: async (ctx, by) =>
        ctx.now() - by.since > AN_HOUR_MS ? null : sound.findBalanceOperation(ctx, by),
    },
    BALANCES,
    [/^findBalanceOperation: finds what was moved two days ago/],
  ),
  mutant(
    'lists the first page of operations',
    { listBalanceOperations: (ctx, login, window) => sound.listBalanceOperations!(firstPageOf(ctx), login, window) },
    /^operations: more than|^listBalanceOperations/,
    [/^operations: more than the platform gives at once/],
  ),
  mutant(
    'looks for an account among the first hundred',
    {
      createAccount: (ctx, order) => {
        openedAt(ctx).push(order.reference);
        return sound.createAccount(ctx, order);
      },
      findAccount: async (ctx, by) =>
        openedAt(ctx).indexOf(by.reference) < HUNDRED ? sound.findAccount(ctx, by) : null,
    },
    /^findAccount/,
    [/^findAccount: among more accounts/],
  ),
  mutant(
    'takes whatever account a search shows for the one it asked for',
    {
      findAccount: (ctx, by) =>
        sound.findAccount(
          saying(ctx, (body) => body.replace(/"reference":"[^"]*"/g, `"reference":"${by.reference}"`)),
          by,
        ),
    },
    /^findAccount/,
    [/^findAccount: an answer about another reference/],
  ),
  mutant(
    'takes cents for money in the margin',
    {
      async getState(ctx, login) {
        const state = await sound.getState(ctx, login);
        return { ...state, margin: `${state.margin.replace('.', '')}00` };
      },
    },
    /^getState|^trading/,
    [/^getState: with an open position/],
  ),
  mutant(
    'takes the equity for the credit',
    {
      async getState(ctx, login) {
        const state = await sound.getState(ctx, login);
        return { ...state, credit: state.equity };
      },
    },
    /^getState|^trading/,
    [/^getState: with an open position/],
  ),
  mutant(
    'takes sales for purchases',
    {
      async listOpenPositions(ctx, login) {
        const open = await sound.listOpenPositions!(ctx, login);
        return open.map((one) => ({ ...one, side: one.side === 'buy' ? 'sell' : 'buy' }));
      },
    },
    /^trading/,
    [/^trading: a result has the sign/],
  ),
  mutant(
    'takes cents for money in the result of a deal',
    {
      async listClosedDeals(ctx, login, window) {
        const closed = await sound.listClosedDeals!(ctx, login, window);
        return closed.map((one) => ({ ...one, profit: `${one.profit}00` }));
      },
    },
    /^trading/,
    [/^trading: a result has the sign/],
  ),
  mutant(
    'shows its key when it cannot look for an account',
    {
      findAccount: (ctx, by) =>
        sound.findAccount(ctx, by).catch((error: unknown) => {
          const { type, reason, message, facts } = error as HubFailure;
          throw new HubFailure(type, reason, `${message} with ${(ctx.config as { apiKey: string }).apiKey}`, facts);
        }),
    },
    /^neither secrets/,
    [/^neither secrets nor personal data/],
  ),
];
