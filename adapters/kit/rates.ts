import type { Amount } from '../../domain/money.ts';
import type { AdapterContext } from './context.ts';

/** Alphabetic codes: what one unit of `from` costs in `to`. */
export interface CurrencyPair {
  from: string;
  to: string;
}

export interface Quote extends CurrencyPair {
  /** What the market pays for one `from`, in `to`; equal to `ask` where the source has one price only. Exact decimals. */
  bid: Amount;
  ask: Amount;
  /** When the source made it, milliseconds. */
  sourceTime: number;
  /** Until when the source stands by it, milliseconds; absent where it does not say. */
  expiresAt?: number;
}

/**
 * The contract of category `rates`. Answers what it has of the wanted pairs, as the source quotes them, and may add others it got in the same
 * answer; turning round, crossing and judging are the hub's. Throws when the source could not be asked; an empty list means that it has none of them.
 */
export interface RatesAdapter<Config = unknown> {
  quotes(ctx: AdapterContext<Config>, pairs: readonly CurrencyPair[]): Promise<Quote[]>;
  /** Each answer is all it has: a pair that is not among it any more was taken back. */
  tellsAll?: true;
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
