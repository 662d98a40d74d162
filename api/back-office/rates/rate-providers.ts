import { z } from 'zod';
import { Connection } from '../../../db/entities/connections.ts';
import { RateSource, type RateSourceRow } from '../../../db/entities/rates.ts';
import { compare, wire } from '../../../domain/money.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { byFlag, byId, byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { amountInput, id, isoTime, isoTimeOrNull, money, name, time } from '../../kit/shapes.ts';
import { providerNamed } from '../connections/view.ts';
import { assertCurrency } from '../methods/parts.ts';

const seconds = (least: number, most: number) => z.int('must be a whole number').min(least).max(most);
const currencyCodes = () => z.array(id()).max(500);

/**
 * Who is asked for rates, the first by priority that has a usable one (objects-back-office 7.2). Its settings and credentials are those of its External
 * connection; `connectionId` and all that follows `toCurrencies` is ours.
 */
export const rateProviders = resource({
  path: '/rates/providers',
  idParam: 'providerId',
  noun: 'rate provider',
  tag: 'Rates',
  entity: RateSource,
  id: 'id',
  permission: 'rates',
  filters: { name: byWord('name'), enabled: byFlag('enabled'), connectionId: byId('connectionId') },
  sorts: ['priority', 'createTime', 'name'],
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      provider: z.string(),
      connectionId: z.int(),
      priority: z.int().meta({ description: 'Lower is asked first.' }),
      enabled: z.boolean(),
      fromCurrencies: z.array(z.int()).meta({ description: 'Numeric codes; empty = all.' }),
      toCurrencies: z.array(z.int()),
      crossCurrency: z.int().nullable().meta({ description: 'Two of its pairs may be crossed through this one.' }),
      refreshSeconds: z.int().meta({ description: 'How often it is asked.' }),
      maxAgeSeconds: z.int().meta({ description: 'What its source made longer ago is not used.' }),
      outlierPercent: money().meta({ description: 'A larger jump is held back until it is confirmed.' }),
      confirmSeconds: z.int().meta({ description: 'A jump that it repeats after this long is believed.' }),
      askTime: time().nullable(),
      answerTime: time().nullable().meta({ description: 'Its last answer.' }),
      lastError: z.string().nullable().meta({ description: 'Why the last call brought nothing, or not all.' }),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'RateProvider' }),
  write: z.object({
    name: name(120),
    connectionId: id(),
    priority: z.int().min(0).max(1_000_000).default(0),
    enabled: z.boolean().default(true),
    fromCurrencies: currencyCodes().default([]),
    toCurrencies: currencyCodes().default([]),
    crossCurrency: id().nullable().default(null),
    refreshSeconds: seconds(5, 86_400).default(60),
    maxAgeSeconds: seconds(1, 2_592_000).default(120),
    outlierPercent: amountInput('string')
      .refine((percent) => compare(percent, '100') <= 0, 'must be at most 100')
      .default('5'),
    confirmSeconds: seconds(0, 604_800).default(600),
  }),
  fields: async (body, { db, em }): Promise<Partial<RateSourceRow>> => {
    if (body.connectionId !== undefined) {
      const connection = await em.findOne(Connection, { id: body.connectionId });
      if (!connection) throw notFound('connection', 'connectionId');
      if (providerNamed(connection.provider)?.category !== 'rates')
        throw problem(400, 'unsupported', 'This connection has no rates.', 'connectionId');
    }
    for (const field of ['fromCurrencies', 'toCurrencies'] as const)
      for (const [n, code] of (body[field] ?? []).entries()) await assertCurrency(db, code, `${field}.${n}`);
    if (body.crossCurrency) await assertCurrency(db, body.crossCurrency, 'crossCurrency');
    return body;
  },
  present: async (rows: RateSourceRow[], { em }) => {
    const connections = await em.find(Connection, { id: { $in: rows.map((row) => row.connectionId) } });
    const provider = new Map(connections.map((one) => [one.id, one.provider]));
    return rows.map((row) => ({
      ...row,
      provider: provider.get(row.connectionId)!,
      crossCurrency: row.crossCurrency ?? null,
      outlierPercent: wire(row.outlierPercent),
      askTime: isoTimeOrNull(row.askedAt),
      answerTime: isoTimeOrNull(row.answeredAt),
      lastError: row.lastError ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
});
