import { Application as ApplicationEntity, type ApplicationRow } from '../../../db/entities/money.ts';
import { byId, byIds, byWord, byWords } from '../../kit/filters.ts';
import { REQUEST_TYPES } from '../resources/resolutions.ts';
import { resource } from '../../kit/resource.ts';
import { Application, applicationViews, maskApplication } from '../../presenters/request.ts';

/** GET /applications and /applications/{applicationId}. */
export const applications = resource({
  path: '/applications',
  idParam: 'applicationId',
  noun: 'request',
  tag: 'Requests',
  entity: ApplicationEntity,
  id: 'id',
  permission: 'requests',
  clientProperty: 'clientId',
  filters: {
    id: byIds('id'),
    clientId: byId('clientId'),
    type: byWords('type', [...REQUEST_TYPES, 'reconciliation']),
    statusId: byIds('statusId'),
    transactionId: byId('transactionId'),
    purpose: byWord('purpose'),
  },
  read: Application,
  present: async (rows: ApplicationRow[], { pool }) => {
    const views = await applicationViews(
      pool,
      rows.map((row) => row.id),
    );
    return rows.flatMap((row) => views.get(row.id) ?? []);
  },
  mask: maskApplication,
});
