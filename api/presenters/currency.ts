import { z } from 'zod';

/** A currency inside other objects. */
export const CurrencyRef = z
  .object({ alphabeticCode: z.string(), name: z.string(), numericCode: z.int(), minorUnit: z.int() })
  .meta({ id: 'CurrencyRef' });

/** A currency as clients see it. */
export const MyCurrency = z
  .object({ ...CurrencyRef.shape, hasDestinationTagOrMemo: z.boolean() })
  .meta({ id: 'MyCurrency' });

export type CurrencyView = z.infer<typeof MyCurrency>;

/** SQL expression that builds a currency object from a row of `currency` under this alias. */
export const currencyJson = (alias: string): string =>
  `jsonb_build_object('alphabeticCode', ${alias}.alphabetic_code, 'name', ${alias}.name, 'numericCode', ${alias}.numeric_code,
    'minorUnit', ${alias}.minor_unit, 'hasDestinationTagOrMemo', ${alias}.has_destination_tag_or_memo)`;
