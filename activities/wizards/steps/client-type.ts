import { z } from 'zod';
import { WrongFields } from '../../../domain/failures.ts';
import { defineStep } from '../step.ts';

const ClientTypeShown = z.object({ id: z.int(), name: z.string(), group: z.string() });
const Asks = z
  .object({ types: z.array(ClientTypeShown) })
  .meta({ id: 'ClientTypeAsked', description: 'Send `{uuid, type}`: the id of one of these.' });

/** The client says what kind of client he is. */
export const clientType = defineStep<{ typeIds: number[] }, { type: number }>({
  kind: 'client-type',
  types: ['registration'],
  /** Empty: every enabled type. */
  settings: z.strictObject({ typeIds: z.array(z.int().min(1)).max(50).default([]) }),
  workflow: () => 'client_type',
  asks: Asks,
  form: async ({ db, settings }): Promise<z.input<typeof Asks>> => ({
    types: (
      await db.query<z.input<typeof ClientTypeShown>>(
        `select id, name, "group" from client_type where enabled and ($1::int[] = '{}' or id = any($1)) order by id`,
        [settings.typeIds],
      )
    ).rows,
  }),
  sent: z.strictObject({ type: z.int().min(1).max(2_147_483_647) }),
  check: async ({ db, settings }, { type }) => {
    const { rowCount } = await db.query(
      `select 1 from client_type where id = $1 and enabled and ($2::int[] = '{}' or id = any($2))`,
      [type, settings.typeIds],
    );
    if (rowCount === 0) throw new WrongFields([{ field: 'type', issue: 'type is not a client type you can choose.' }]);
    return { keep: { typeId: type }, facts: { clientTypeId: type } };
  },
});
