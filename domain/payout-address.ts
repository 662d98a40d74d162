/** Where a payout goes in a network that knows addresses only: the address, and the tag or memo that some need. */
export interface PayoutAddress {
  address: string;
  tag: string | null;
}

/** Names of the fields of a payout method that pays to an address (objects-front-office 2.21). */
const ADDRESS_FIELD = 'address';
const TAG_FIELD = 'destinationTag';

interface Field {
  id: string;
  name?: string;
}

/** Whether a method with these fields pays to addresses, so that the client's list counts for it. */
export const paysToAddresses = (fields: readonly Field[]): boolean =>
  fields.some(({ id, name }) => (name ?? id) === ADDRESS_FIELD);

/** `data`: a payout's values by the names of its method's fields; null: it goes to no address. */
export const addressIn = (fields: readonly Field[], data: Readonly<Record<string, unknown>>): PayoutAddress | null => {
  if (!paysToAddresses(fields)) return null;
  const { [ADDRESS_FIELD]: address, [TAG_FIELD]: tag } = data;
  return { address: textOf(address) ?? '', tag: textOf(tag) };
};

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Letters and digits, and what separates them in some networks ('bitcoincash:qp…', TON's '-' and '_'). */
const ADDRESS = /^[A-Za-z0-9][A-Za-z0-9:._-]*$/;
const TAG = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
/** Ethereum and its like. */
const HEX = /^0x[0-9a-f]{40}$/i;
/** Bitcoin's newer form: of one case, and both mean the same. */
const BECH32 = /^(bc|tb|ltc|tltc)1[02-9ac-hj-np-z]+$/i;

/** What is wrong with an address; null: nothing that can be seen. Only its network knows whether it exists. */
export const addressFault = (address: string): string | null => {
  if (address.length < 8 || address.length > 128) return 'must have 8 to 128 characters';
  if (!ADDRESS.test(address)) return 'has characters that no address has';
  if (/^0x/i.test(address) && !HEX.test(address)) return 'must be 0x and 40 hexadecimal digits';
  return null;
};

/** `wanted`: the currency's network needs one. */
export const tagFault = (tag: string | null, wanted: boolean): string | null => {
  if (tag === null) return wanted ? 'is required for this currency' : null;
  if (!wanted) return 'is not used for this currency';
  return tag.length <= 64 && TAG.test(tag) ? null : 'must have at most 64 plain characters';
};

/** The same for every spelling of one address. */
export const addressKey = (address: string): string =>
  HEX.test(address) || BECH32.test(address) ? address.toLowerCase() : address;
