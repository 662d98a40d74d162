import { z } from 'zod';
import { PaymentGroup, type PaymentGroupRow } from '../../../db/entities/configuration.ts';
import { contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, text, translations } from '../../kit/shapes.ts';
import { type Direction, PaymentGroupView, permissionOf } from './shapes.ts';

/** What clients choose a method from: Crypto, Fiat. */
export const paymentGroups = (direction: Direction) =>
  resource({
    path: `/${direction}s/groups`,
    idParam: 'groupId',
    noun: `${direction} group`,
    tag: `${direction === 'deposit' ? 'Deposit' : 'Withdrawal'} methods`,
    entity: PaymentGroup,
    id: 'id',
    permission: permissionOf(direction),
    where: () => ({ direction }),
    filters: { name: contains('name') },
    sorts: ['createTime', 'priority', 'name'],
    read: PaymentGroupView,
    write: z.object({
      name: name(64),
      caption: name(120).optional(),
      description: text(1000).nullable().default(null),
      icon: text(500).nullable().default(null),
      priority: z.int().min(0).max(1_000_000).default(0),
      resources: translations().default([]),
    }),
    fields: ({ caption, ...same }, _writing, row: PaymentGroupRow | null) =>
      row
        ? { ...same, ...(caption === undefined ? {} : { caption }) }
        : { ...same, direction, caption: caption ?? same.name! },
    present: (rows: PaymentGroupRow[]) =>
      rows.map((row) => ({
        ...row,
        description: row.description ?? null,
        icon: row.icon ?? null,
        createTime: isoTime(row.createTime),
        updateTime: isoTimeOrNull(row.updateTime),
      })),
  });
