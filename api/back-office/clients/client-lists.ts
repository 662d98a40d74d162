import { raw } from '@mikro-orm/postgresql';
import { Client as ClientEntity, type ClientRow } from '../../../db/entities/people.ts';
import { byIds, byWords, contains, custom } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { idList, text, wordList } from '../../kit/shapes.ts';
import { Client, clientViews, maskClient } from '../../presenters/client.ts';

const CLIENT_STATUSES = ['active', 'inactive', 'banned', 'deleted'] as const;
export const CLIENT_STATUS: Record<number, string> = { 1: 'active', 2: 'inactive', 3: 'banned', 4: 'deleted' };
export const RISK_LEVEL: Record<number, string> = { 1: 'low', 2: 'middle', 3: 'high' };

const named = (property: string, words: Record<number, string>) =>
  custom(idList(), (ids) => ({ [property]: { $in: ids.map((id) => words[id] ?? '') } }));
const emails = custom(wordList(), (values) => ({
  $or: values.map((value) => ({ email: { $ilike: value.replace(/[\\%_]/g, '\\$&') } })),
}));

/** GET /clients and /clients/{clientId}. */
export const clients = resource({
  path: '/clients',
  idParam: 'clientId',
  noun: 'client',
  tag: 'Clients',
  entity: ClientEntity,
  id: 'clientId',
  permission: 'clients',
  clientProperty: 'clientId',
  filters: {
    clientId: byIds('clientId'),
    email: emails,
    emails,
    name: custom(text(200), (value) => ({
      [raw(
        (alias) => `concat_ws(' ', ${alias}.first_name, nullif(${alias}.middle_name, ''), ${alias}.last_name)`,
      ) as unknown as string]: { $ilike: `%${value.replace(/[\\%_]/g, '\\$&')}%` },
    })),
    nickname: contains('nickname'),
    managerIds: byIds('managerId'),
    jurisdictionIds: byIds('jurisdictionId'),
    countryCodes: byIds('countryId'),
    city: contains('city'),
    statusIds: named('status', CLIENT_STATUS),
    internalTypeIds: custom(idList(), (ids) => ({
      [raw(
        (alias) => `${alias}.internal_type in (select name from client_internal_type where id in (${ids.join(',')}))`,
      ) as unknown as string]: [],
    })),
    companyShortName: contains('companyShortName'),
    companyFullName: contains('companyFullName'),
    riskLevelIds: named('riskLevel', RISK_LEVEL),
    typeIds: byIds('typeId'),
    verificationLevelIds: byIds('verificationLevelId'),
    status: byWords('status', CLIENT_STATUSES),
  },
  read: Client,
  present: async (rows: ClientRow[], { pool }) => {
    const views = await clientViews(
      pool,
      rows.map((row) => row.clientId),
    );
    return rows.flatMap((row) => views.get(row.clientId) ?? []);
  },
  mask: maskClient,
  hides: ['email', 'emails', 'name', 'nickname', 'city', 'companyShortName', 'companyFullName'],
});
