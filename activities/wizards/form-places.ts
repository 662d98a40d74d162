import { together } from './extras.ts';
import type { ReadForm } from './read-form.ts';

type Values = Record<string, unknown>;
type Read = Pick<ReadForm, 'values' | 'countries'>;

const NAMES = ['givenName', 'middleName', 'familyName', 'birthday'];
const ADDRESS_LINES = ['state', 'city', 'address', 'postcode'];

/** What a registration said: what a client has a place for, beside what earlier forms said of it (`draft`), and all else. */
export const placesOf = (read: Read, draft: Values): { known: Values; extra: Values } => {
  const { email, info = {}, addresses = [], phones = [], ...own } = said(read);
  const home = homeCountryOf(read);
  const isLine = (name: string, value: unknown) => ADDRESS_LINES.includes(name) && typeof value === 'string';
  const numbers = phones.flatMap(({ phone }) => phone ?? []);
  const address = pick(addresses[0] ?? {}, isLine);
  const before = draft as { info?: Values; address?: Values };
  return {
    known: {
      ...(email !== undefined && { email }),
      ...(numbers.length > 0 && { phone: numbers[0], phones: numbers }),
      ...(isFull(address) && { address: together(before.address ?? {}, address) }),
      ...(isFull(info) && { info: together(before.info ?? {}, info) }),
    },
    extra: {
      ...own,
      ...groups({
        info: pick(info, (name) => !NAMES.includes(name)),
        addresses: rows(addresses, (name, value, at) =>
          at > 0 ? true : !isLine(name, value) && !(name === 'country_code' && value === home),
        ),
        phones: rows(phones, (name) => name !== 'phone'),
      }),
    },
  };
};

/** Of a client who is there already nothing has a place: his e-mail, phones and addresses have procedures of their own. */
export const unplaced = (read: Read): Values => {
  const { addresses = [], phones = [], ...own } = said(read);
  return { ...own, ...groups({ addresses: rows(addresses, () => true), phones: rows(phones, () => true) }) };
};

/** Where he says he lives. */
export const homeCountryOf = (read: Read): string | undefined => {
  const code = said(read).addresses?.[0]?.['country_code'];
  return read.countries.find(({ field, value }) => field.startsWith('addresses.') && value === code)?.value;
};

interface Said extends Values {
  email?: string;
  info?: Values;
  addresses?: Values[];
  phones?: { phone?: string }[];
}

/** A password is kept as its hash only. */
const said = ({ values: { password: _password, password_confirmation: _same, ...values } }: Read): Said => values;

const pick = (values: Values, fits: (name: string, value: unknown) => boolean): Values =>
  Object.fromEntries(Object.entries(values).filter(([name, value]) => fits(name, value)));

/** Lists as they were sent: objects with the keys "0", "1". */
const rows = (list: readonly object[], fits: (name: string, value: unknown, at: number) => boolean): Values =>
  groups(Object.fromEntries(list.map((row, at) => [at, pick(row as Values, (name, value) => fits(name, value, at))])));

/** Those that say something. */
const groups = (all: Record<string, Values>): Values => pick(all, (_name, group) => isFull(group as Values));

const isFull = (values: Values): boolean => Object.keys(values).length > 0;
