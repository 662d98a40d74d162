import { z } from 'zod';
import type { ClosedDeal, OpenPosition } from '../../adapters/kit/trading.ts';
import { isoTime, time } from '../kit/shapes.ts';

const decimal = () => z.string().meta({ description: 'Decimal, as the platform counts it.' });

const trade = {
  accountId: z.int(),
  accountNumber: z.string(),
  symbol: z.string(),
  side: z.union([z.literal(0), z.literal(1)]).meta({ description: '0 buy, 1 sell' }),
  volume: decimal().meta({ description: 'In lots.' }),
  openPrice: decimal(),
  swap: decimal(),
  profit: decimal(),
};

/** objects-front-office 3.8 */
export const Position = z
  .object({ positionId: z.string(), ...trade, currentPrice: decimal(), openTime: time() })
  .meta({ id: 'Position' });

/** A trade that ended (objects-front-office 3.9). */
export const Deal = z
  .object({
    dealId: z.string(),
    ...trade,
    closePrice: decimal(),
    commission: decimal(),
    entry: z.literal('out'),
    closeTime: time(),
  })
  .meta({ id: 'Deal' });

interface Of {
  accountId: number;
  accountNumber: string | null;
}

const tradeView = (
  { accountId, accountNumber }: Of,
  { symbol, side, volume, openPrice, swap, profit }: OpenPosition | ClosedDeal,
) => ({
  accountId,
  accountNumber: accountNumber ?? '',
  symbol,
  side: side === 'buy' ? (0 as const) : (1 as const),
  volume,
  openPrice,
  swap,
  profit,
});

export const positionView = (account: Of, position: OpenPosition): z.input<typeof Position> => ({
  positionId: position.ticket,
  ...tradeView(account, position),
  currentPrice: position.currentPrice,
  openTime: isoTime(new Date(position.openedAt)),
});

export const dealView = (account: Of, deal: ClosedDeal): z.input<typeof Deal> => ({
  dealId: deal.ticket,
  ...tradeView(account, deal),
  closePrice: deal.closePrice,
  commission: deal.commission,
  entry: 'out',
  closeTime: isoTime(new Date(deal.closedAt)),
});
