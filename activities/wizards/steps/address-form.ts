import { z } from 'zod';
import { ADDRESS_TYPES, addressesOf } from '../../../db/repositories/client-addresses.ts';
import { openCountries, openCountryOf } from '../../../db/repositories/countries.ts';
import { WrongFields } from '../../../domain/failures.ts';
import type { WantedChanges } from '../../../domain/client-changes.ts';
import { fieldForm, FormShown, leaf } from '../form-fields.ts';
import { readForm } from '../read-form.ts';
import { defineStep } from '../step.ts';
import { wanting } from '../wanted-change.ts';

const option = (value: string, label: string) => ({
  value,
  texts: [{ key: 'label' as const, locale: 'en_US', value: label }],
});
const LABELS = { residential: 'Where I live', billing: 'For bills', mailing: 'For mail' };

const FIELDS = [
  { ...leaf('type', 'select', 'Type', 'required'), options: ADDRESS_TYPES.map((one) => option(one, LABELS[one])) },
  leaf('countryId', 'select', 'Country', 'required', 'country'),
  leaf('state', 'input', 'State', 'max:100'),
  leaf('city', 'input', 'City', 'max:100'),
  leaf('address', 'input', 'Street and house', 'required', 'max:200'),
  leaf('postcode', 'input', 'Postcode', 'max:20'),
];

const Asks = FormShown.meta({
  id: 'AddressAsked',
  description: 'Send `{uuid}` with these fields, and with `addressId` for another text of an address that is there.',
});

/** A new address, or with `addressId` another text of one. `countryId`: ISO 3166 numeric. */
export const addressForm = defineStep<Record<string, never>, Record<string, unknown>>({
  kind: 'address-form',
  types: ['addressChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  workflow: () => 'address_form',
  asks: Asks,
  form: async ({ db, locale }): Promise<z.input<typeof Asks>> => {
    const countries = (await openCountries(db)).map(({ numericCode: value, name: label }) => ({ value, label }));
    return { fields: FIELDS.map((one) => fieldForm(one, locale, countries)) };
  },
  sent: z.object({ addressId: z.int().min(1).max(2_147_483_647).nullable().optional() }).catchall(z.unknown()),
  check: async ({ db, run }, { addressId, ...said }) => {
    const { values, wrong, countries } = readForm(FIELDS, said);
    const countryId = countries[0] ? await openCountryOf(db, countries[0].value) : null;
    if (countries[0] && countryId === null)
      wrong.push({ field: 'countryId', issue: 'countryId is not a country you can choose.' });
    const present = typeof addressId === 'number' ? { addressId } : {};
    if ('addressId' in present && !(await addressesOf(db, run.clientId!)).some(({ id }) => id === addressId))
      wrong.push({ field: 'addressId', issue: 'addressId is none of your addresses.' });
    if (wrong.length > 0) throw new WrongFields(wrong);
    const lines = { state: null, city: null, postcode: null, ...values, ...present, countryId };
    return wanting(db, run.clientId, { kind: 'address', wanted: lines as unknown as WantedChanges['address'] });
  },
});
