import { z } from 'zod';
import { RateQuote, type RateQuoteRow, RateSource } from '../../../db/entities/rates.ts';
import { wireOrNull } from '../../../domain/money.ts';
import { byId, custom } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { flagText, isoTime, isoTimeOrNull, money, time } from '../../kit/shapes.ts';
import { CurrencyRef } from '../../presenters/currency.ts';
import { currencyRefs } from './currency-refs.ts';

const price = () => money().nullable();

/** What each rate provider says of each pair now: how old it is, until when it is used, and what is held back. */
export const rateQuotes = resource({
  path: '/rates/quotes',
  idParam: 'quoteId',
  noun: 'rate quote',
  tag: 'Rates',
  entity: RateQuote,
  id: 'id',
  permission: 'rates',
  filters: {
    providerId: byId('sourceId'),
    fromCurrency: byId('fromCurrency'),
    toCurrency: byId('toCurrency'),
    isHeld: custom(flagText(), (held) => ({ heldSince: held ? { $ne: null } : null })),
  },
  sorts: ['createTime', 'updateTime', 'sourceTime', 'heldSince'],
  read: z
    .object({
      id: z.int(),
      provider: z.object({ id: z.int(), name: z.string() }),
      fromCurrency: CurrencyRef,
      toCurrency: CurrencyRef,
      state: z.enum(['fresh', 'stale', 'held']).meta({
        description:
          'Only fresh ones are used. held: it jumped; confirm it, or wait until it or another provider does.',
      }),
      bid: price().meta({ description: 'The last that was believed; null: none yet.' }),
      ask: price(),
      sourceTime: time().nullable().meta({ description: 'When the source made it.' }),
      ageSeconds: z.int().nullable(),
      expireTime: time().nullable().meta({ description: 'Not used from then on.' }),
      fetchTime: time().nullable(),
      held: z.object({ bid: money(), ask: money(), since: time() }).nullable(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'RateQuote' }),
  present: async (rows: RateQuoteRow[], { em }) => {
    const refs = await currencyRefs(
      em,
      rows.flatMap(({ fromCurrency, toCurrency }) => [fromCurrency, toCurrency]),
    );
    const found = await em.find(RateSource, { id: { $in: [...new Set(rows.map((row) => row.sourceId))] } });
    const sources = new Map(found.map((one) => [one.id, one]));
    const now = Date.now();
    return rows.map((row) => {
      const { id, name, maxAgeSeconds } = sources.get(row.sourceId)!;
      const made = row.sourceTime?.getTime() ?? null;
      const old = made === null ? null : made + maxAgeSeconds * 1000;
      const until = old === null ? null : Math.min(old, row.expiresAt?.getTime() ?? old);
      const held = row.heldSince
        ? { bid: wireOrNull(row.heldBid)!, ask: wireOrNull(row.heldAsk)!, since: isoTime(row.heldSince) }
        : null;
      return {
        id: row.id,
        provider: { id, name },
        fromCurrency: refs.get(row.fromCurrency)!,
        toCurrency: refs.get(row.toCurrency)!,
        state: held ? ('held' as const) : until !== null && until > now ? ('fresh' as const) : ('stale' as const),
        bid: wireOrNull(row.bid),
        ask: wireOrNull(row.ask),
        sourceTime: isoTimeOrNull(row.sourceTime),
        ageSeconds: made === null ? null : Math.max(0, Math.floor((now - made) / 1000)),
        expireTime: until === null ? null : isoTime(new Date(until)),
        fetchTime: isoTimeOrNull(row.fetchedAt),
        held,
        createTime: isoTime(row.createTime),
        updateTime: isoTimeOrNull(row.updateTime),
      };
    });
  },
});
