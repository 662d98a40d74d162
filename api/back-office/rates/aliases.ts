import { z } from 'zod';
import { Currency } from '../../../db/entities/configuration.ts';
import { CurrencyAlias, type CurrencyAliasRow } from '../../../db/entities/rates.ts';
import { problem } from '../../kit/errors.ts';
import { byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';

/** Other codes of a currency: rate sources may use them, and so may whoever asks for a rate. */
export const currencyAliases = resource({
  path: '/currencies/{currencyId}/aliases',
  idParam: 'aliasId',
  parent: { param: 'currencyId', property: 'currencyId', noun: 'currency', entity: Currency, key: 'numericCode' },
  noun: 'currency alias',
  tag: 'Currencies',
  entity: CurrencyAlias,
  id: 'id',
  permission: 'currencies',
  filters: { alias: byWord('alias') },
  read: z
    .object({
      id: z.int(),
      currencyId: z.int(),
      alias: z.string(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'CurrencyAlias' }),
  write: z.object({
    alias: z.string().regex(/^[A-Z0-9][A-Z0-9-]{1,15}$/, 'must be 2 to 16 capital letters, digits or dashes'),
  }),
  fields: async ({ alias }, { db }) => {
    const { rows } = await db.query(`select 1 from currency where alphabetic_code = $1`, [alias ?? '']);
    if (rows.length > 0) throw problem(409, 'already_exists', 'A currency has this code itself.', 'alias');
    return alias === undefined ? {} : { alias };
  },
  present: (rows: CurrencyAliasRow[]) =>
    rows.map((row) => ({ ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) })),
});
