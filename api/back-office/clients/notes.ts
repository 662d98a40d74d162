import { z } from 'zod';
import { ClientNote, type ClientNoteRow } from '../../../db/entities/clients.ts';
import { Client, HubUser } from '../../../db/entities/people.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byId } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { maskColleague } from '../../presenters/colleague.ts';
import { idAndName, isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';

/** /clients/{clientId}/notes: what the broker's people write about a client. */
export const clientNotes = resource({
  path: '/clients/{clientId}/notes',
  idParam: 'noteId',
  parent: { param: 'clientId', property: 'clientId', noun: 'client', entity: Client, key: 'clientId' },
  noun: 'note',
  tag: 'Clients',
  entity: ClientNote,
  id: 'id',
  permission: 'clientNotes',
  clientProperty: 'clientId',
  filters: { pinned: byFlag('pinned'), userId: byId('userId') },
  sorts: ['createTime', 'pinned'],
  read: z
    .object({
      id: z.int(),
      clientId: z.int(),
      user: idAndName().meta({ description: 'Who wrote it.' }),
      text: z.string(),
      pinned: z.boolean(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'ClientNote' }),
  write: z.object({
    text: z.string().trim().min(1, 'must not be empty').max(4000, 'must have at most 4000 characters'),
    pinned: z.boolean().default(false),
  }),
  fields: (body, { actor }, row: ClientNoteRow | null) => ({ ...body, ...(row === null && { userId: actor.id }) }),
  guard: (row: ClientNoteRow, change, { actor }) => {
    if (change !== 'delete' && change.text !== undefined && row.userId !== actor.id)
      throw problem(403, 'forbidden', 'Only who wrote a note changes its text.', 'text');
  },
  present: async (rows: ClientNoteRow[], { em }) => {
    const users = await em.find(HubUser, { id: { $in: rows.map((row) => row.userId) } });
    const named = new Map(users.map((user) => [user.id, { id: user.id, name: user.name }]));
    return rows.map((row) => ({
      ...row,
      user: named.get(row.userId)!,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
  // People write names and numbers into them.
  mask: (view) => ({ ...view, text: '*', user: maskColleague(view.user) }),
});
