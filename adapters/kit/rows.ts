import { isAmount, normal, round, type Amount } from '../../domain/money.ts';
import { garbage } from './answers.ts';
import { objectOf, plainNumber, word, type Json } from './json.ts';

export type Row = { [key: string]: Json };

/** Reads the fields of a platform's objects. What cannot be read is `Unavailable` (`provider_garbage`); after a write the adapter makes doubt of it. */
export const readerOf = (provider: string) => {
  const unreadable = (field: string) => garbage({ provider, what: `read ${field}`, effect: 'read' });
  return {
    /** A JSON number. Platforms keep doubles: exponents, and noise behind the digits that count ('1234.5600000000002'), end at eight decimals. */
    decimal(row: Row, name: string): Amount {
      const plain = plainNumber(row[name])?.replace(/(\.\d{18})\d+$/, '$1');
      if (!plain || !isAmount(plain)) throw unreadable(name);
      return normal(round(plain, 8, 'nearest'));
    },
    /** ISO 8601 in UTC, with or without saying so. Milliseconds. */
    time(row: Row, name: string): number {
      const said = word(row[name]);
      const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(said) ? said : `${said}Z`);
      if (Number.isNaN(at)) throw unreadable(name);
      return at;
    },
    /** A list that is none was not read: taking it for empty would make "not found" out of garbage. */
    rows(data: Json | undefined): Row[] {
      if (!Array.isArray(data)) throw unreadable('a list');
      return data.map(objectOf);
    },
  };
};
