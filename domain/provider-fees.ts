import type { Amount } from './money.ts';

/** What a provider kept for itself, by its id of the payment it kept it of, or of what took that back. */
export type Fees = Readonly<Record<string, Amount>>;

/** A fee that is not known yet is left out: it is booked once it is told. */
export const feesOf = (told: readonly { id: string; fee?: Amount }[]): Fees =>
  Object.fromEntries(told.flatMap(({ id, fee }) => (fee === undefined ? [] : [[id, fee]])));
