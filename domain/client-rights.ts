/** What the clients of a level may do, in B2Core's words. What nobody forbids is allowed. */
export const CLIENT_RIGHTS = ['verification', 'converter', 'deposits', 'withdrawals', 'internalTransfers'] as const;
export type ClientRight = (typeof CLIENT_RIGHTS)[number];

/** The right and the limit that a money movement needs. */
export const RIGHT_OF = { deposit: 'deposits', withdrawal: 'withdrawals', transfer: 'internalTransfers' } as const;

/** How much of one currency a client of a level may move in a period that ends now. */
export interface LevelLimit {
  /** Decimal string, major units. */
  amount: string;
  /** Numeric. Movements in other currencies do not count. */
  currencyCode: number;
  /** ISO 8601: 'P1D', 'P1M'. */
  period: string;
}
export type LevelLimits = { [K in keyof typeof RIGHT_OF]?: LevelLimit | null };

const UNITS: Record<string, string> = { D: 'day', W: 'week', M: 'month', Y: 'year' };

/** For people: 'P1D' is 'a day', 'P2W' '2 weeks'. */
export const periodInWords = (period: string): string => {
  const [, count, unit = ''] = /^P(\d+)([DWMY])$/.exec(period) ?? [];
  const word = UNITS[unit];
  if (word === undefined) return period;
  return count === '1' ? `a ${word}` : `${count} ${word}s`;
};
