import { z } from 'zod';
import { TransactionType, type TransactionTypeRow } from '../../../db/entities/configuration.ts';
import { byFlag, byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { Translation, isoTime, isoTimeOrNull, time, translations } from '../../kit/shapes.ts';

/** The types themselves are the product's; the broker says how they are called and which of them clients see. */
export const transactionTypes = resource({
  path: '/transactions/types',
  idParam: 'typeId',
  noun: 'transaction type',
  tag: 'Transactions',
  entity: TransactionType,
  id: 'id',
  permission: 'transactionTypes',
  operations: ['list', 'get', 'update'],
  filters: { enabled: byFlag('enabled'), name: byWord('name') },
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      caption: z.string(),
      enabled: z.boolean(),
      resources: z.array(Translation),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'TransactionType' }),
  write: z.object({ enabled: z.boolean(), resources: translations() }),
  present: (rows: TransactionTypeRow[]) =>
    rows.map((row) => ({ ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) })),
});
