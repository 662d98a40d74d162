import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { movedInPeriod } from '../../db/repositories/client-rights.ts';
import type { LevelLimit, LevelLimits, RIGHT_OF } from '../../domain/client-rights.ts';
import { atLeastZero, subtract, wire } from '../../domain/money.ts';
import { money } from '../kit/shapes.ts';

const Limit = z
  .object({
    amount: money(),
    currencyCode: z.int().meta({ description: 'Numeric. Movements in other currencies do not count.' }),
    period: z.string().meta({ description: 'ISO 8601, such as P1D: it ends now and moves on with time.' }),
    used: money()
      .nullable()
      .meta({ description: 'What of it was moved or ordered; null: not the level of the client.' }),
    left: money().nullable().meta({ description: 'How much more may be ordered now.' }),
  })
  .meta({ id: 'MyLimit' });

/** How much clients of a level may move; null: as much as they like. */
export const MyLimits = z
  .object({ deposit: Limit.nullable(), withdrawal: Limit.nullable(), transfer: Limit.nullable() })
  .meta({ id: 'MyLimits' });

type Kind = keyof typeof RIGHT_OF;

/** Those of a level. What is used of them is said of the level that the client has, by the sum that orders are judged by. */
export const myLimitsView = async (
  db: Queryable,
  limits: LevelLimits,
  clientId: number | null,
): Promise<z.input<typeof MyLimits>> => {
  const view = async (type: Kind) => {
    const limit = limits[type];
    return limit ? { ...limit, amount: wire(limit.amount), ...(await usage(db, limit, type, clientId)) } : null;
  };
  return { deposit: await view('deposit'), withdrawal: await view('withdrawal'), transfer: await view('transfer') };
};

const usage = async (
  db: Queryable,
  { amount, currencyCode: currency, period }: LevelLimit,
  type: Kind,
  clientId: number | null,
) => {
  if (clientId === null) return { used: null, left: null };
  const moved = await movedInPeriod(db, { clientId, type, currency, period, before: null });
  // Money that arrived is never refused: there may be more than the limit.
  return { used: wire(moved), left: wire(atLeastZero(subtract(amount, moved))) };
};
