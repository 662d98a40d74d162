import { z } from 'zod';
import { CurrencyPair, type CurrencyPairRow } from '../../../db/entities/rates.ts';
import { compare, wire, wireOrNull } from '../../../domain/money.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byId, custom } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { amountInput, id, isoTime, isoTimeOrNull, money, time } from '../../kit/shapes.ts';
import { CurrencyRef } from '../../presenters/currency.ts';
import { assertCurrency } from '../methods/parts.ts';
import { currencyRefs } from './currency-refs.ts';

const limit = () => amountInput('string').nullable().default(null);
const byAmount = (property: string) =>
  custom(amountInput('string', { zero: true }), (amount) => ({ [property]: amount }));
const LIMITS = ['maxAmountFrom', 'maxAmountTo', 'stepFrom', 'stepTo', 'minAmountFrom', 'minAmountTo'] as const;

/** Which currencies can be changed into which, and the broker's markup on the market's rate (objects-back-office 7.1). */
export const currencyPairs = resource({
  path: '/currencies/pairs',
  idParam: 'pairId',
  noun: 'currency pair',
  tag: 'Currencies',
  entity: CurrencyPair,
  id: 'id',
  permission: 'currencyPairs',
  filters: {
    fromCurrency: byId('fromCurrency'),
    toCurrency: byId('toCurrency'),
    isEnabled: byFlag('isEnabled'),
    isEnabledForAdmin: byFlag('isEnabledForAdmin'),
    isHedgingEnabled: byFlag('isHedgingEnabled'),
    maxAmountFrom: byAmount('maxAmountFrom'),
    maxAmountTo: byAmount('maxAmountTo'),
    stepFrom: byAmount('stepFrom'),
    stepTo: byAmount('stepTo'),
  },
  read: z
    .object({
      id: z.int(),
      fromCurrency: CurrencyRef,
      toCurrency: CurrencyRef,
      isEnabled: z
        .boolean()
        .meta({ description: 'For clients. False also stops their deposits that would change so.' }),
      isEnabledForAdmin: z.boolean(),
      isHedgingEnabled: z.boolean(),
      isRequestRequired: z.boolean(),
      maxAmountFrom: money().nullable(),
      maxAmountTo: money().nullable(),
      stepFrom: money().nullable(),
      stepTo: money().nullable(),
      minAmountFrom: money().nullable(),
      minAmountTo: money().nullable(),
      markupBuy: money().meta({ description: 'Percent on the ask: clients who buy `fromCurrency`.' }),
      markupSell: money().meta({ description: 'Percent off the bid: clients who sell `fromCurrency`.' }),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'CurrencyPair' }),
  write: z.object({
    fromCurrency: id(),
    toCurrency: id(),
    isEnabled: z.boolean().default(true),
    isEnabledForAdmin: z.boolean().default(true),
    isHedgingEnabled: z.boolean().default(false),
    isRequestRequired: z.boolean().default(false),
    maxAmountFrom: limit(),
    maxAmountTo: limit(),
    stepFrom: limit(),
    stepTo: limit(),
    minAmountFrom: limit(),
    minAmountTo: limit(),
    markupBuy: amountInput('string', { zero: true })
      .refine((percent) => compare(percent, '1000') <= 0, 'must be at most 1000')
      .default('0'),
    markupSell: amountInput('string', { zero: true })
      .refine((percent) => compare(percent, '100') < 0, 'must be below 100')
      .default('0'),
  }),
  fields: async (body, { db }, row: CurrencyPairRow | null): Promise<Partial<CurrencyPairRow>> => {
    for (const side of ['fromCurrency', 'toCurrency'] as const)
      if (body[side] !== undefined) await assertCurrency(db, body[side], side);
    const pair = { ...row, ...body };
    if (pair.fromCurrency === pair.toCurrency)
      throw problem(400, 'validation', 'A currency is not changed into itself.', 'toCurrency');
    for (const [most, least] of [
      ['maxAmountFrom', 'minAmountFrom'],
      ['maxAmountTo', 'minAmountTo'],
    ] as const)
      if (pair[most] && pair[least] && compare(pair[least], pair[most]) > 0)
        throw problem(400, 'validation', `${least} must not exceed ${most}.`, least);
    return body;
  },
  present: async (rows: CurrencyPairRow[], { em }) => {
    const refs = await currencyRefs(
      em,
      rows.flatMap(({ fromCurrency, toCurrency }) => [fromCurrency, toCurrency]),
    );
    return rows.map((row) => ({
      ...row,
      fromCurrency: refs.get(row.fromCurrency)!,
      toCurrency: refs.get(row.toCurrency)!,
      ...(Object.fromEntries(LIMITS.map((name) => [name, wireOrNull(row[name])])) as Record<
        (typeof LIMITS)[number],
        string | null
      >),
      markupBuy: wire(row.markupBuy),
      markupSell: wire(row.markupSell),
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
});
