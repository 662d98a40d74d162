import { z } from 'zod';
import type { AccountChangeRow } from '../../db/entities/money.ts';
import { ACCESS, type WantedOfAccount } from '../../domain/account-change.ts';
import type { Reason } from '../../domain/reasons.ts';
import { isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';

const Wanted = z
  .object({
    leverage: z.int().optional(),
    platformGroup: z.string().optional(),
    access: z.enum(ACCESS).optional(),
    password: z.enum(['main', 'investor']).optional().meta({ description: 'Which one gets a new value.' }),
    archive: z.boolean().optional().meta({ description: 'True: put away; false: brought back.' }),
  })
  .meta({ id: 'WantedOfAccount' });

export const CHANGE_STATES = ['waiting', 'withdrawing', 'done', 'refused', 'withdrawn'] as const;
const change = {
  id: z.int(),
  accountId: z.int(),
  wanted: Wanted,
  state: z.enum(CHANGE_STATES).meta({
    description:
      'waiting: the platform has not confirmed it yet. withdrawing: it is not sent again, and whether it arrived before is being found out.',
  }),
  reason: z.string().nullable(),
  issue: z
    .string()
    .nullable()
    .meta({ description: 'Why it is not as wanted. For clients in words that may be shown.' }),
  createTime: time(),
  updateTime: time().nullable(),
};

/** What a client wanted of an account at its platform. */
export const MyAccountChange = z.object(change).meta({ id: 'MyAccountChange' });
export const AccountChange = z
  .object({ ...change, clientId: z.int(), requestedBy: z.string() })
  .meta({ id: 'AccountChange' });

/** Inside an account, while it waits. */
export const PendingChange = z
  .object({ id: z.int(), wanted: Wanted, state: z.enum(['waiting', 'withdrawing']), createTime: time() })
  .meta({ id: 'PendingChange' });

export interface PendingChangeRow {
  id: number;
  wanted: WantedOfAccount;
  state: 'waiting' | 'withdrawing';
  createTime: string;
}

/** SQL expression for the change that account `alias` waits for. */
export const pendingChangeJson = (alias: string): string =>
  `(select jsonb_build_object('id', id, 'wanted', wanted, 'state', state, 'createTime', create_time) from account_change
     where account_id = ${alias}.account_id and state in ('waiting', 'withdrawing'))`;

const wantedView = ({ group, archived, ...same }: WantedOfAccount): z.input<typeof Wanted> => ({
  ...same,
  ...(group !== undefined && { platformGroup: group }),
  ...(archived !== undefined && { archive: archived }),
});

export const pendingChangeView = (row: PendingChangeRow | null): z.input<typeof PendingChange> | null =>
  row && { ...row, wanted: wantedView(row.wanted), createTime: isoTime(row.createTime) };

export const accountChangeView = (row: AccountChangeRow): z.input<typeof AccountChange> => ({
  id: row.id,
  accountId: row.accountId,
  clientId: row.clientId,
  wanted: wantedView(row.wanted),
  state: row.state,
  reason: row.reason ?? null,
  issue: row.issue ?? null,
  requestedBy: row.requestedBy,
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
});

/** As its client reads it. */
export const myAccountChangeView = (row: AccountChangeRow): z.input<typeof MyAccountChange> => {
  const view = accountChangeView(row);
  if (view.state === 'refused') return { ...view, ...refusalToldClient(row.wanted, view.reason) };
  return { ...view, issue: view.issue && MAY_HAVE_ARRIVED };
};

const MAY_HAVE_ARRIVED = 'The trading platform was asked for it and did not confirm it: it may have been made.';

/** Why its platform refused it, for its client: the platform's own words may quote a setting, or what is not said to the one it is about. */
export const refusalToldClient = (
  { password }: WantedOfAccount,
  reason: string | null,
): { reason: Reason; issue: string } => {
  if (reason === 'validation' && password !== undefined)
    return { reason, issue: 'The trading platform does not accept this password: choose a stronger one.' };
  if (reason === 'in_use') return { reason, issue: 'It still holds money, credit or open positions.' };
  if (reason === 'unsupported') return { reason, issue: 'The trading platform cannot do this.' };
  return { reason: 'provider_refused', issue: 'The trading platform refused it.' };
};
