import type { Provider } from '../../../adapters/kit/manifest.ts';
import type { TradingAdapter } from '../../../adapters/kit/trading.ts';
import paper from '../../../adapters/trading/paper/manifest.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { Mutant } from './mutant.ts';

const sound = paper.adapter as unknown as TradingAdapter;

const mutant = (
  does: string,
  broken: Partial<TradingAdapter>,
  touched: RegExp,
  noticed: readonly RegExp[],
): Mutant => ({
  does,
  provider: { ...paper, adapter: { ...paper.adapter, ...broken } } as unknown as Provider,
  touched,
  noticed,
});

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
    [/^applyBalance: .*whatever is missing from the answer/],
  ),
];
