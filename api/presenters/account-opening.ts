import { z } from 'zod';
import type { AccountStatus } from '../../db/repositories/orders.ts';

/** Inside an account, unless it is open or was. */
export const Opening = z
  .object({
    state: z.enum(['waiting', 'refused', 'withdrawn']).meta({
      description:
        'waiting: its platform has not made it yet. refused, withdrawn: it will not be opened; its platform said no, or somebody gave it up.',
    }),
    reason: z.string().nullable(),
    issue: z
      .string()
      .nullable()
      .meta({ description: 'Why it was not opened. For clients in words that may be shown.' }),
  })
  .meta({ id: 'AccountOpening' });

type OpeningView = z.input<typeof Opening>;

export interface OpeningRow {
  status: AccountStatus;
  failure_reason: string | null;
  failure_issue: string | null;
}

/** SQL for the columns of an OpeningRow of account `alias`. */
export const openingColumns = (alias: string): string =>
  `${alias}.status, ${alias}.failure_reason, ${alias}.failure_issue`;

/** As operators read it. */
export const openingView = ({ status, failure_reason, failure_issue }: OpeningRow): OpeningView | null => {
  if (status === 'opening') return { state: 'waiting', reason: null, issue: null };
  if (status !== 'failed') return null;
  if (failure_reason === 'cancelled') return { state: 'withdrawn', reason: null, issue: failure_issue };
  return { state: 'refused', reason: failure_reason, issue: failure_issue };
};

/** As its client reads it: the platform's own words may quote a setting, or what is not said to the one it is about. */
export const myOpeningView = (row: OpeningRow): OpeningView | null => {
  const view = openingView(row);
  if (view === null || view.state === 'waiting') return view;
  if (view.state === 'withdrawn') return { ...view, issue: 'It was given up before it was open.' };
  switch (view.reason) {
    case null:
      return { ...view, issue: 'It could not be opened.' };
    case 'internal':
      return { ...view, issue: 'It could not be opened. Ask your broker.' };
    default:
      return { ...view, reason: 'provider_refused', issue: 'The trading platform refused to open it.' };
  }
};
