import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { ACCESS, type Access } from '../../domain/account-change.ts';
import { notFound } from '../kit/errors.ts';
import {
  PendingChange,
  type PendingChangeRow,
  pendingChangeJson,
  pendingChangeView,
} from '../presenters/account-change.ts';

/** An account's settings at its platform, and what its product offers (objects-back-office 3.1). */
export const Preferences = z
  .object({
    accountId: z.int(),
    leverage: z.int(),
    leverages: z.array(z.string()),
    platformGroup: z.string().nullable(),
    platformGroups: z.array(z.string()),
    access: z.enum(ACCESS),
    isReadOnly: z.boolean(),
    isTradingEnabled: z.boolean(),
    isHedgingEnabled: z.boolean(),
    terminalUrl: z.string(),
    pendingChange: PendingChange.nullable(),
  })
  .meta({ id: 'AccountPreferences' });

interface PreferencesRow extends Omit<
  z.infer<typeof Preferences>,
  'isReadOnly' | 'isTradingEnabled' | 'pendingChange' | 'access'
> {
  access: Access;
  pending: PendingChangeRow | null;
}

export const loadPreferences = async (db: Queryable, accountId: number): Promise<z.input<typeof Preferences>> => {
  const { rows } = await db.query<PreferencesRow>(
    `select a.account_id as "accountId", a.leverage, pc.leverages::text[] as leverages, a.platform_group as "platformGroup",
            pc.platform_groups as "platformGroups", a.access, pc.is_hedging_enabled as "isHedgingEnabled", p.terminal_url as "terminalUrl",
            ${pendingChangeJson('a')} as pending
       from account a join product_currency pc on pc.id = a.product_currency_id join platform p on p.id = a.platform_id where a.account_id = $1`,
    [accountId],
  );
  if (!rows[0]) throw notFound('account');
  const { pending, ...row } = rows[0];
  return {
    ...row,
    isReadOnly: row.access === 'read_only',
    isTradingEnabled: row.access === 'full',
    pendingChange: pendingChangeView(pending),
  };
};
