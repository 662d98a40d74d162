import { equal, isAmount, normal, sum } from '../../../domain/money.ts';
import type { PaymentExample } from '../../../adapters/kit/conformance.ts';
import type { SandboxBookEntry } from '../../../adapters/kit/sandbox.ts';
import { brief, type Bench as AnyBench } from '../bench.ts';
import { doesNotApply, must } from '../case.ts';
import { example, type Bench } from './orders.ts';

/** Every digit of `amount`, as a decimal string. */
export const mustBeExactly = (said: string | null, amount: string, what: string): void => {
  must(said !== null, `${what} is null, and must be ${amount}`);
  must(typeof said === 'string' && isAmount(said), `${what} is ${brief(said)}, and must be a decimal string`);
  must(normal(said) === normal(amount), `${what} is ${said}, and must be ${amount} to the last digit`);
};

/** The exact example, and amounts that change when careless code makes them a float and cuts it to minor units; none of them magic. */
export const treacherous = ({ exact, currency }: Pick<PaymentExample, 'exact' | 'currency'>): string[] => {
  const found = [exact];
  for (let cents = 2013; found.length < 4 && cents < 9000; cents += cents % 100 < 99 ? 1 : 14) {
    const amount = `${Math.trunc(cents / 100)}.${cents % 100}`;
    const minor = BigInt(cents) * 10n ** BigInt(Math.max(currency.minorUnit - 2, 0));
    if (BigInt(Math.trunc(Number(amount) * 10 ** Math.max(currency.minorUnit, 2))) !== minor) found.push(amount);
  }
  return currency.minorUnit < 2 ? [exact] : found;
};

/** A round amount in the other currency of the example: it has no decimals where that has none. */
export const inOtherCurrency = (bench: Bench) => {
  const { otherCurrency } = example(bench);
  return { currency: otherCurrency ?? doesNotApply('the default settings take one currency'), amount: '4321' };
};

export const booked = (entries: readonly SandboxBookEntry[]): string =>
  sum(entries.map(({ amount }) => amount.replace('-', '')));

/** One movement in the provider's books, of this amount and currency. */
export const mustBeBooked = (
  bench: Bench,
  kind: SandboxBookEntry['kind'],
  reference: string,
  amount: string,
  { alphabeticCode } = example(bench).currency,
): void => {
  const entries = bench.books(kind, reference);
  must(
    entries.length === 1,
    `the provider's books hold ${entries.length} movements '${kind}' for our reference, and must hold 1: ${brief(bench.control.books())}`,
  );
  const [entry] = entries;
  must(
    equal(entry!.amount.replace('-', ''), amount),
    `the provider's books say ${entry!.amount}, and it was ${amount}`,
  );
  must(entry!.currency === alphabeticCode, `the provider's books say ${entry!.currency}, and it was ${alphabeticCode}`);
};

/** The whole part of the exact example and the same with another last digit: what an answer about another amount looks like in any format. */
export const swappedDigits = (
  bench: Pick<AnyBench, 'missing' | 'provider'>,
  exact: string,
): { from: string; to: string; other: string } => {
  const from = /^\d{4,}/.exec(exact)?.[0];
  if (!from)
    return bench.missing(`${bench.provider.category}.exact`, `'${exact}' needs four digits or more before the point`);
  const to = from.slice(0, -1) + String((Number(from.at(-1)) + 1) % 10);
  return { from, to, other: exact.replace(from, to) };
};
