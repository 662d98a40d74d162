import { z } from 'zod';
import { ClientAddress, type ClientAddressRow, Country } from '../../../db/entities/clients.ts';
import { ADDRESS_TYPES, inOneLine, settleResidence } from '../../../db/repositories/client-addresses.ts';
import { noteProfileChanges } from '../../../db/repositories/profile-changes.ts';
import { byId, byWord, contains } from '../../kit/filters.ts';
import { type Writing, resource } from '../../kit/resource.ts';
import { id, isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';
import { CountryRef, countryRefOf } from '../../presenters/client.ts';

const line = (most: number) => name(most).nullable().default(null);

/** /addresses. Where a client lives says also his country and city. */
export const addresses = resource({
  path: '/addresses',
  idParam: 'addressId',
  noun: 'address',
  tag: 'Clients',
  entity: ClientAddress,
  id: 'id',
  permission: 'addresses',
  clientProperty: 'clientId',
  filters: {
    clientId: byId('clientId'),
    address: contains('address'),
    postcode: byWord('postcode'),
    type: byWord('type'),
  },
  read: z
    .object({
      addressId: z.int(),
      clientId: z.int(),
      type: z.enum(ADDRESS_TYPES),
      country: CountryRef.nullable(),
      state: z.string().nullable(),
      city: z.string().nullable(),
      address: z.string().nullable(),
      postcode: z.string().nullable(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'Address' }),
  write: z.object({
    clientId: id(),
    type: z.enum(ADDRESS_TYPES),
    countryId: id(),
    state: line(100),
    city: line(100),
    address: name(300),
    postcode: line(20),
  }),
  onlyOnCreate: ['clientId'],
  fields: async (body, writing, row: ClientAddressRow | null) => {
    const after = { ...NOWHERE, ...row, ...body };
    await noteMove(writing, row?.clientId ?? body.clientId!, row, after);
    return body;
  },
  // His client first, as everybody does who saves an address.
  beforeHeld: async (addressId, db) => {
    await db.query(
      'select from client where client_id = (select client_id from client_address where id = $1) for update',
      [addressId],
    );
  },
  guard: async (row: ClientAddressRow, change, writing) => {
    if (change === 'delete') await noteMove(writing, row.clientId, row, null);
  },
  afterWrite: async ({ clientId, type, countryId = null, city = null }: ClientAddressRow, _body, { db }) => {
    if (type === 'residential') await settleResidence(db, clientId, { countryId, city });
  },
  present: async (rows: ClientAddressRow[], { em }) => {
    const found = await em.find(Country, { countryId: { $in: rows.flatMap((row) => row.countryId ?? []) } });
    const countries = new Map(found.map((country) => [country.countryId, countryRefOf(country)]));
    return rows.map(({ id: addressId, countryId, ...row }) => ({
      addressId,
      clientId: row.clientId,
      type: row.type,
      country: (countryId != null && countries.get(countryId)) || null,
      state: row.state ?? null,
      city: row.city ?? null,
      address: row.address ?? null,
      postcode: row.postcode ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
  mask: (view) => ({
    ...view,
    state: view.state && '*',
    city: view.city && '*',
    address: view.address && '*',
    postcode: view.postcode && '*',
  }),
  hides: ['address', 'postcode'],
});

const NOWHERE = { countryId: null, state: null, city: null, address: null, postcode: null };

/** In the client's history. */
const noteMove = async (
  { db, actor }: Writing,
  clientId: number,
  before: ClientAddressRow | null,
  after: Partial<ClientAddressRow> | null,
): Promise<void> => {
  const [from, to] = [before && (await lineOf(db, before)), after && (await lineOf(db, after))];
  if (from !== to) await noteProfileChanges(db, clientId, [{ type: 'address', from, to }], actor.id);
};

const lineOf = (db: Writing['db'], address: Partial<ClientAddressRow>): Promise<string> => {
  const { countryId = null, state = null, city = null, address: line = null, postcode = null } = address;
  return inOneLine(db, { countryId, state, city, address: line, postcode });
};
