import { Application, type ApplicationRow } from '../../db/entities/money.ts';
import { REQUEST_TYPES } from '../back-office/resources/resolutions.ts';
import { byWords, custom } from '../kit/filters.ts';
import { resource } from '../kit/resource.ts';
import { wordList } from '../kit/shapes.ts';
import { MyRequest, myRequestViews } from '../presenters/my-request.ts';

const STATUS_IDS = { pending: [0, 3, 127], approved: [1], rejected: [2] };

/** GET /my/requests and /my/requests/{requestId}: what the broker is to allow, and what became of it. What he asks himself is none. */
export const myRequests = resource({
  path: '/my/requests',
  idParam: 'requestId',
  noun: 'request',
  tag: 'My requests',
  entity: Application,
  id: 'id',
  access: 'client',
  clientProperty: 'clientId',
  where: () => ({ purpose: 'approval' }),
  filters: {
    type: byWords('type', REQUEST_TYPES),
    status: custom(wordList(['pending', 'approved', 'rejected']), (words) => ({
      statusId: { $in: words.flatMap((word) => STATUS_IDS[word as keyof typeof STATUS_IDS]) },
    })),
  },
  sorts: ['createTime'],
  read: MyRequest,
  present: async (rows: ApplicationRow[], { pool }) => {
    const views = await myRequestViews(
      pool,
      rows.map((row) => row.id),
    );
    return rows.flatMap((row) => views.get(row.id) ?? []);
  },
});
