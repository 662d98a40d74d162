import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import type { AddressType } from '../repositories/client-addresses.ts';
import type { PhoneType } from '../repositories/client-phones.ts';
import { stamps, translated } from './stamps.ts';

/** What clients are sorted by, and what the broker keeps about each of them. */

export const Country = defineEntity({
  name: 'Country',
  tableName: 'country',
  properties: {
    countryId: p.integer().primary().autoincrement(false),
    alpha2Code: p.text().name('alpha2_code'),
    alpha3Code: p.text().name('alpha3_code'),
    countryName: p.text(),
    numericCode: p.text(),
    enabled: p.boolean(),
    ...stamps(),
  },
});
export type CountryRow = InferEntity<typeof Country>;

export const ClientType = defineEntity({
  name: 'ClientType',
  tableName: 'client_type',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    caption: p.text().nullable(),
    group: p.text().$type<'individual' | 'corporative'>(),
    enabled: p.boolean(),
    isDefault: p.boolean(),
    wizard: p.boolean(),
    ...translated(),
    ...stamps(),
  },
});
export type ClientTypeRow = InferEntity<typeof ClientType>;

export const ClientInternalType = defineEntity({
  name: 'ClientInternalType',
  tableName: 'client_internal_type',
  properties: { id: p.integer().primary(), name: p.text(), ...stamps() },
});
export type ClientInternalTypeRow = InferEntity<typeof ClientInternalType>;

export const ClientDevice = defineEntity({
  name: 'ClientDevice',
  tableName: 'client_device',
  properties: {
    deviceId: p.integer().primary(),
    clientId: p.integer(),
    userAgent: p.text(),
    ip: p.text(),
    lastSeenTime: p.datetime(),
    ...stamps(),
  },
});
export type ClientDeviceRow = InferEntity<typeof ClientDevice>;

const numbers = () => p.array((text) => Number(text));

export const Manager = defineEntity({
  name: 'Manager',
  tableName: 'manager',
  properties: {
    userId: p.integer().primary().autoincrement(false),
    title: p.text().$type<'mr.' | 'mrs.'>().nullable(),
    phone: p.text().nullable(),
    enabled: p.boolean(),
    isDefault: p.boolean(),
    countryRule: p.text().$type<'deny' | 'allow'>(),
    countryIds: numbers(),
    clientTypeIds: numbers(),
    languages: p.array(),
    ...stamps(),
  },
});
export type ManagerRow = InferEntity<typeof Manager>;

export const Jurisdiction = defineEntity({
  name: 'Jurisdiction',
  tableName: 'jurisdiction',
  properties: {
    id: p.integer().primary(),
    caption: p.text(),
    description: p.text().nullable(),
    enabled: p.boolean(),
    countryIds: numbers(),
    clientTypeIds: numbers(),
    priority: p.integer(),
    ...stamps(),
  },
});
export type JurisdictionRow = InferEntity<typeof Jurisdiction>;

export const ClientNote = defineEntity({
  name: 'ClientNote',
  tableName: 'client_note',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    userId: p.integer(),
    text: p.text(),
    pinned: p.boolean(),
    ...stamps(),
  },
});
export type ClientNoteRow = InferEntity<typeof ClientNote>;

export const ClientPhone = defineEntity({
  name: 'ClientPhone',
  tableName: 'client_phone',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    number: p.text(),
    ext: p.text().nullable(),
    type: p.text().$type<PhoneType>().nullable(),
    confirmed: p.boolean(),
    isDefault: p.boolean(),
    ...stamps(),
  },
});
export type ClientPhoneRow = InferEntity<typeof ClientPhone>;

export const ClientAddress = defineEntity({
  name: 'ClientAddress',
  tableName: 'client_address',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    type: p.text().$type<AddressType>(),
    countryId: p.integer().nullable(),
    state: p.text().nullable(),
    city: p.text().nullable(),
    address: p.text().nullable(),
    postcode: p.text().nullable(),
    ...stamps(),
  },
});
export type ClientAddressRow = InferEntity<typeof ClientAddress>;
