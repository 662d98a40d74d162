import { createHash } from 'node:crypto';
import { type Amount, isAmount, normal, sum } from '../../../domain/money.ts';
import type { B2binpayConfig } from './config.ts';
import { type CurrencyTarget, paysItsOwnNetwork } from './currencies.ts';
import { notOurs } from '../../kit/answers.ts';
import { type Json, word } from '../../kit/json.ts';
import { type Resource, relatedId } from './json-api.ts';

/** Their currency for ours. Undefined when the connection does not know it. */
export const currencyTarget = (config: B2binpayConfig, alphabeticCode: string): CurrencyTarget | undefined =>
  config.currencies[alphabeticCode];

/** Our numeric code for their id: a code an operator set wins over the shared numbering. */
export const numericCode = (config: B2binpayConfig, id: string): number => {
  const own = Object.values(config.currencies).find((c) => c.id === id && c.numericCode !== Number(id));
  return own?.numericCode ?? Number(id);
};

/** A decimal string in shortest form, never negative, or null where they say nothing. */
export const amountOf = (value: Json | undefined, what: string): Amount | null => {
  const text = word(value);
  if (text === '') return null;
  if (!isAmount(text) || text.startsWith('-')) throw notOurs('B2BINPAY', `${what} is no decimal amount`);
  return normal(text);
};

/** Letters, digits and spaces, at most 32: what their `label` is said to take. */
export const labelFor = (label: string): string =>
  label
    .replace(/[^A-Za-z0-9 ]+/g, ' ')
    .trim()
    .slice(0, 32);

/** The key they want is a UUID v4; ours comes from the reference, so that a repeat carries the same. */
export const idempotencyKey = (reference: string): string => {
  const hash = createHash('sha256').update(`brokerhub payout ${reference}`).digest('hex');
  const variant = '89ab'[parseInt(hash[16]!, 16) % 4];
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ].join('-');
};

/** XLM numbers its memos: 1 is an unsigned 64-bit number, 2 a text. Other coins have one kind of tag and want null. */
export const tagType = (currency: string, tag: string | undefined): number | null => {
  if (tag === undefined || currency !== '1021') return null;
  return /^\d{1,20}$/.test(tag) && BigInt(tag) < 2n ** 64n ? 1 : 2;
};

/** Commission and network fee, where both are in `currency`: tokens pay the network in their chain's coin. */
export const feeOf = (transfers: readonly Resource[], currency: string): Amount | null => {
  const own = transfers.filter((transfer) => relatedId(transfer, 'currency') === currency);
  if (own.length === 0 || own.length < transfers.length) return null;
  return sum(
    own.flatMap(({ attributes }) => [
      amountOf(attributes.commission, 'commission') ?? '0',
      paysItsOwnNetwork(currency) ? (amountOf(attributes.fee, 'fee') ?? '0') : '0',
    ]),
  );
};

/** Their numbers as received: the object's, and those of its newest transfers. */
export const theirWords = (object: Resource, transfers: readonly Resource[]): string => {
  const moved = transfers.map((transfer) => word(transfer.attributes.status)).slice(-5);
  return word(object.attributes.status) + (moved.length > 0 ? `, transfer ${moved.join(' ')}` : '');
};
