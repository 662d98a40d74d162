import { type Amount, add, compare, isZero, percentOf, round } from './money.ts';

export interface Commission {
  percent: Amount;
  fix: Amount;
  min: Amount;
  /** '0' = no cap. */
  max: Amount;
}

/** fix + percent of the amount, kept between min and max, rounded up to the currency's minor unit (never below what was agreed). */
export const commissionOn = (amount: Amount, rule: Commission | undefined, minorUnit: number): Amount => {
  if (!rule) return '0';
  let fee = add(rule.fix, percentOf(amount, rule.percent));
  if (compare(fee, rule.min) < 0) fee = rule.min;
  if (!isZero(rule.max) && compare(fee, rule.max) > 0) fee = rule.max;
  return round(fee, minorUnit, 'up');
};
