import { fromMinor } from '../../../../domain/money.ts';
import { jsonNumber } from '../../../kit/json.ts';
import { magicOf as minorPartOf } from '../../../kit/sandbox-psp.ts';
import { exponentOf } from '../map.ts';

/** Any of their objects; amounts are minor units. */
export interface Thing {
  id: string;
  object: string;
  created: number;
  amount: bigint;
  /** Of a page, which has no `amount`. */
  amount_total?: bigint;
  currency: string;
  status?: string;
  metadata: Record<string, string>;
  payment_intent?: string | null;
  [more: string]: unknown;
}

export const stateOf = (one: Thing): string => one.status ?? (one['reversed'] ? 'reversed' : 'paid');

type Money = Pick<Thing, 'amount' | 'amount_total' | 'currency'>;
export const major = ({ amount, amount_total: total = 0n, currency }: Money): string =>
  fromMinor(String(amount ?? total), exponentOf(currency));
/** The two digits after the point: '01'. What is no money, or has no such digits, has no magic. */
export const magicOf = (money: Money): string =>
  !money.currency || exponentOf(money.currency) === 0 ? '' : minorPartOf(major(money));

/** Members that begin with `_` are ours. */
export const written = (value: unknown): string =>
  JSON.stringify(value, (name, member: unknown) =>
    name.startsWith('_') ? undefined : typeof member === 'bigint' ? jsonNumber(String(member)) : member,
  );
