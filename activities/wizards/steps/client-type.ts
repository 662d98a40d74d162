import { z } from 'zod';
import { WrongFields } from '../../../domain/failures.ts';
import { defineStep } from '../step.ts';

/** The client says what kind of client he is. */
export const clientType = defineStep<{ typeIds: number[] }, { type: number }>({
  kind: 'client-type',
  types: ['registration'],
  /** Empty: every enabled type. */
  settings: z.strictObject({ typeIds: z.array(z.int().min(1)).max(50).default([]) }),
  workflow: () => 'client_type',
  form: async ({ db, settings }) => ({
    types: (
      await db.query(
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
