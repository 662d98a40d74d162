import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { Currency, type CurrencyRow } from '../../../db/entities/configuration.ts';
import { byFlag, byId, byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { Translation, isoTime, isoTimeOrNull, name, text, time, translations } from '../../kit/shapes.ts';
import { CurrencyRef } from '../../presenters/currency.ts';

export const CurrencyView = z
  .object({
    ...CurrencyRef.shape,
    enabled: z.boolean(),
    hasDestinationTagOrMemo: z.boolean(),
    priority: z.int(),
    icon: z.string().nullable(),
    resources: z.array(Translation),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Currency' });

export const currencies = resource({
  path: '/currencies',
  idParam: 'currencyId',
  noun: 'currency',
  tag: 'Currencies',
  entity: Currency,
  id: 'numericCode',
  permission: 'currencies',
  filters: { alphabeticCode: byWord('alphabeticCode'), numericCode: byId('numericCode'), enabled: byFlag('enabled') },
  read: CurrencyView,
  write: z.object({
    alphabeticCode: z.string().regex(/^[A-Z0-9][A-Z0-9-]{1,15}$/, 'must be 2 to 16 capital letters, digits or dashes'),
    numericCode: z.int().min(1).max(999_999),
    name: name(100),
    minorUnit: z.int().min(0).max(18),
    enabled: z.boolean().default(true),
    hasDestinationTagOrMemo: z.boolean().default(false),
    priority: z.int().min(0).max(1_000_000).default(0),
    icon: text(500).nullable().default(null),
    resources: translations().default([]),
  }),
  present: (rows: CurrencyRow[]) =>
    rows.map((row) => ({
      ...row,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
      icon: row.icon ?? null,
    })),
  guard: async (row: CurrencyRow, change, { db }) => {
    if (change === 'delete') return;
    if (change.numericCode !== undefined && change.numericCode !== row.numericCode) {
      throw new HubFailure('Rejected', 'fixed', 'The numeric code of a currency is its id and cannot be changed.', {
        field: 'numericCode',
      });
    }
    // Ledger accounts carry the code in their names and amounts in its minor unit.
    const recodes = change.alphabeticCode !== undefined && change.alphabeticCode !== row.alphabeticCode;
    const rescales = change.minorUnit !== undefined && change.minorUnit !== row.minorUnit;
    if (!recodes && !rescales) return;
    const used = await db.query('select 1 from ledger_account where currency = $1 limit 1', [row.numericCode]);
    if (used.rows.length > 0)
      throw new HubFailure('Rejected', 'in_use', 'Money is booked in this currency already.', {
        field: recodes ? 'alphabeticCode' : 'minorUnit',
      });
  },
});
