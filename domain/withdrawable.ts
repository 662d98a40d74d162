import { add, type Amount, atLeastZero, compare, least, subtract } from './money.ts';

interface State {
  balance: Amount;
  credit: Amount;
  equity: Amount;
  freeMargin: Amount;
  /** Of open positions. */
  profit: Amount;
}

/**
 * What a client may take out of a trading account: what is his there, as far as no position needs it. Credit is the broker's: it may keep positions open, and is never paid out. Equity
 * should contain it; where a platform counts otherwise, what is more is his.
 */
export const withdrawable = ({ balance, credit, equity, freeMargin, profit }: State): Amount => {
  const [withoutCredit, withProfit] = [subtract(equity, credit), add(balance, profit)];
  return atLeastZero(least(freeMargin, compare(withoutCredit, withProfit) > 0 ? withoutCredit : withProfit));
};
