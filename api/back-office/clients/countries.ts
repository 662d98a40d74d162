import { getCountryCallingCode, isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';
import { Country, type CountryRow } from '../../../db/entities/clients.ts';
import { byFlag, byWord, contains, custom } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { name, wholeText } from '../../kit/shapes.ts';

const CountryView = z
  .object({
    countryId: z.int().meta({ description: 'ISO 3166 numeric.' }),
    alpha2Code: z.string(),
    alpha3Code: z.string(),
    countryName: z.string(),
    numericCode: z.string(),
    enabled: z.boolean().meta({ description: 'Clients may come from there.' }),
  })
  .meta({ id: 'Country' });
const MyCountry = CountryView.extend({ phoneCode: z.string().nullable() }).meta({ id: 'MyCountry' });

const shared = {
  idParam: 'countryId',
  noun: 'country',
  entity: Country,
  id: 'countryId' as const,
  filters: {
    alpha2Code: byWord('alpha2Code'),
    alpha3Code: byWord('alpha3Code'),
    // With leading zeros or without.
    numericCode: custom(wholeText(1, 999), (code) => ({ countryId: code })),
    countryName: contains('countryName'),
    enabled: byFlag('enabled'),
  },
  sorts: ['enabled', 'countryName'],
};

/** GET, PUT, PATCH /countries: the Back Office writes numeric codes without leading zeros. */
export const countries = resource({
  ...shared,
  path: '/countries',
  tag: 'Clients',
  permission: 'countries',
  operations: ['list', 'get', 'update'],
  read: CountryView,
  write: z.object({ enabled: z.boolean(), countryName: name(120) }),
  present: (rows: CountryRow[]) => rows.map((row) => ({ ...row, numericCode: String(row.countryId) })),
});

/** GET /my/countries. */
export const myCountries = resource({
  ...shared,
  path: '/my/countries',
  tag: 'My profile',
  access: 'client',
  read: MyCountry,
  present: (rows: CountryRow[]) => rows.map((row) => ({ ...row, phoneCode: phoneCodeOf(row.alpha2Code) })),
});

const phoneCodeOf = (alpha2: string): string | null =>
  isSupportedCountry(alpha2) ? getCountryCallingCode(alpha2) : null;
