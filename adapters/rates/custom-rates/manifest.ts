import { z } from 'zod';
import { compare, isAmount, isPositive } from '../../../domain/money.ts';
import { defineRatesProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';

const code = z.string().regex(/^[A-Z0-9-]{2,16}$/, 'must be an alphabetic code, e.g. USD');
const price = z.string().refine((text) => isAmount(text) && isPositive(text), {
  message: 'must be a decimal above zero',
  abort: true,
});

export default defineRatesProvider({
  id: 'custom-rates',
  caption: 'Fixed rates',
  capabilities: ['fiat', 'crypto', 'two_sided'],
  idempotency: 'native',
  limits: { perSecond: 1000, timeoutMs: 1000 },
  config: z.object({
    rates: z
      .array(
        // A field that is misspelt must not pass for one that was left out: without `ask` there is no spread.
        z
          .strictObject({ from: code, to: code, bid: price, ask: price.optional() })
          .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must be another currency' })
          .refine(({ bid, ask = bid }) => compare(bid, ask) <= 0, { path: ['ask'], message: 'must not be below bid' }),
      )
      .min(1)
      .refine(
        (all) => new Set(all.map(({ from, to }) => `${from}/${to}`)).size === all.length,
        'a pair stands here twice',
      ),
  }),
  adapter,
  wireless: {
    config: { rates: [{ from: 'EUR', to: 'USD', bid: '1.08', ask: '1.09' }] },
    rates: { pair: { from: 'EUR', to: 'USD' } },
  },
});
