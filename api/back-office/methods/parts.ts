import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import {
  Currency,
  MethodCommission,
  type MethodCommissionRow,
  MethodCurrency,
  type MethodCurrencyRow,
  PaymentMethod,
} from '../../../db/entities/configuration.ts';
import type { Queryable } from '../../../db/pool.ts';
import { providers } from '../../../adapters/installed.ts';
import { compare, isZero, normal } from '../../../domain/money.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byWord } from '../../kit/filters.ts';
import { JsonNumber } from '../../../domain/json-number.ts';
import { resource } from '../../kit/resource.ts';
import { amountInput, id, isoTime, isoTimeOrNull, text } from '../../kit/shapes.ts';
import { limitOf } from '../../presenters/method.ts';
import { type Direction, MethodCommissionView, MethodCurrencyView, permissionOf } from './shapes.ts';

const times = (row: { createTime?: Date | undefined; updateTime?: Date | null | undefined }) => ({
  createTime: isoTime(row.createTime ?? new Date()),
  updateTime: isoTimeOrNull(row.updateTime),
});

/** Currencies of methods, as the Back Office sees them. `providerOf`: by method, for what is supported. */
export const currencyViews = async (rows: readonly MethodCurrencyRow[], em: EntityManager) => {
  const codes = [...new Set(rows.map((row) => row.currency))];
  const named = new Map(
    (await em.find(Currency, { numericCode: { $in: codes } })).map((one) => [one.numericCode, one]),
  );
  const methods = await em.find(PaymentMethod, { id: { $in: [...new Set(rows.map((row) => row.methodId))] } });
  const providerOf = new Map(methods.map((method) => [method.id, method.provider]));
  return rows.map((row): z.input<typeof MethodCurrencyView> => {
    const { alphabeticCode, name, numericCode, minorUnit } = named.get(row.currency)!;
    const offered = providers.find((one) => one.id === providerOf.get(row.methodId))?.currencies;
    return {
      id: row.id,
      type: row.type,
      currency: { alphabeticCode, name, numericCode, minorUnit },
      min: limitOf(row.min, minorUnit),
      max: limitOf(row.max, minorUnit),
      icon: row.icon ?? null,
      caption: row.caption ?? null,
      keyCaption: row.keyCaption ?? null,
      enabled: row.enabled,
      isSupported: row.type === 'TR' || offered === undefined || offered.includes(alphabeticCode),
      ...times(row),
    };
  });
};

export const commissionViews = (rows: readonly MethodCommissionRow[]) =>
  rows.map((row): z.input<typeof MethodCommissionView> => ({
    id: row.id,
    type: row.type,
    numericCode: row.currency,
    percent: new JsonNumber(normal(row.percent)),
    fix: new JsonNumber(normal(row.fix)),
    min: new JsonNumber(normal(row.min)),
    max: new JsonNumber(normal(row.max)),
    ...times(row),
  }));

export const assertCurrency = async (db: Queryable, code: number, field: string): Promise<void> => {
  const { rows } = await db.query(`select 1 from currency where numeric_code = $1`, [code]);
  if (rows.length === 0) throw problem(400, 'not_found', 'There is no such currency.', field);
};

const assertRange = ({ min = '0', max = '0' }: { min?: string | undefined; max?: string | undefined }): void => {
  if (!isZero(max) && compare(min, max) > 0) throw problem(400, 'validation', 'min must not exceed max.', 'min');
};

const zeroOrMore = () => amountInput('number', { zero: true });

const common = (direction: Direction) => ({
  tag: `${direction === 'deposit' ? 'Deposit' : 'Withdrawal'} methods`,
  id: 'id' as const,
  permission: permissionOf(direction),
  parent: {
    param: 'methodId',
    property: 'methodId',
    noun: `${direction} method`,
    entity: PaymentMethod,
    where: { direction },
  },
});

/** The currencies of a method with their limits: of the client's account (TR) and on the provider's side (PS). */
export const methodCurrencies = (direction: Direction) =>
  resource({
    ...common(direction),
    path: `/${direction}s/methods/{methodId}/currencies`,
    idParam: 'currencyId',
    noun: `${direction} currency`,
    entity: MethodCurrency,
    filters: { type: byWord('type'), enabled: byFlag('enabled') },
    read: MethodCurrencyView,
    write: z.object({
      type: z.enum(['TR', 'PS']),
      currencyCode: id(),
      enabled: z.boolean().default(true),
      min: zeroOrMore().default('0'),
      max: zeroOrMore().default('0'),
      caption: text(120).nullable().default(null),
      keyCaption: text(120).nullable().default(null),
      icon: text(500).nullable().default(null),
    }),
    fields: async ({ currencyCode, ...same }, { db }) => {
      if (currencyCode === undefined) return same;
      await assertCurrency(db, currencyCode, 'currencyCode');
      return { ...same, currency: currencyCode };
    },
    afterWrite: async (row: MethodCurrencyRow) => assertRange(row),
    present: (rows: MethodCurrencyRow[], { em }) => currencyViews(rows, em),
  });

/** fee = fix + percent × amount, kept within min…max. */
export const methodCommissions = (direction: Direction) =>
  resource({
    ...common(direction),
    path: `/${direction}s/methods/{methodId}/commissions`,
    idParam: 'commissionId',
    noun: `${direction} commission`,
    entity: MethodCommission,
    filters: { type: byWord('type') },
    read: MethodCommissionView,
    write: z.object({
      type: z.enum(['TR', 'PSP']),
      numericCode: id(),
      percent: zeroOrMore()
        .refine((percent) => compare(percent, '100') <= 0, 'must be at most 100')
        .default('0'),
      fix: zeroOrMore().default('0'),
      min: zeroOrMore().default('0'),
      max: zeroOrMore().default('0'),
    }),
    fields: async ({ numericCode, ...same }, { db }) => {
      if (numericCode === undefined) return same;
      await assertCurrency(db, numericCode, 'numericCode');
      return { ...same, currency: numericCode };
    },
    afterWrite: async (row: MethodCommissionRow) => assertRange(row),
    present: (rows: MethodCommissionRow[]) => commissionViews(rows),
  });
