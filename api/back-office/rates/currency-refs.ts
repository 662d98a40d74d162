import type { EntityManager } from '@mikro-orm/postgresql';
import type { z } from 'zod';
import { Currency } from '../../../db/entities/configuration.ts';
import type { CurrencyRef } from '../../presenters/currency.ts';

/** Currencies as other objects show them, by numeric code, read with one query. */
export const currencyRefs = async (
  em: EntityManager,
  codes: readonly number[],
): Promise<Map<number, z.infer<typeof CurrencyRef>>> => {
  const found = await em.find(Currency, { numericCode: { $in: [...new Set(codes)] } });
  return new Map(
    found.map(({ alphabeticCode, name, numericCode, minorUnit }) => [
      numericCode,
      { alphabeticCode, name, numericCode, minorUnit },
    ]),
  );
};
