import { z } from 'zod';
import { WrongFields } from '../../../domain/failures.ts';
import { defineStep } from '../step.ts';
import { wanting } from '../wanted-change.ts';

const Asks = z
  .object({
    types: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        group: z.string(),
        enabled: z.boolean(),
        wizard: z.boolean().meta({ description: 'Forms of the broker follow.' }),
      }),
    ),
  })
  .meta({ id: 'NewClientTypeAsked', description: 'Send `{uuid, typeId}`: the id of one of these.' });

/** Which kind of client he wants to be. Forms after it may ask what the broker needs of that kind: `"when": {"clientTypeIds": [2]}`. */
export const newClientType = defineStep<Record<string, never>, { typeId: number }>({
  kind: 'new-client-type',
  types: ['clientTypeChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  body: () => ({ wants: ['typeId'], takes: ['typeId'] }),
  workflow: () => 'client_type_form',
  asks: Asks,
  form: async ({ db, plan, run }): Promise<z.input<typeof Asks>> => {
    const { rows } = await db.query<{ id: number; name: string; group: string; enabled: boolean }>(
      `select id, name, "group", enabled from client_type
        where enabled and id <> (select type_id from client where client_id = $1) order by id`,
      [run.clientId],
    );
    const asksMore = (id: number) => plan.steps.some(({ when }) => when?.clientTypeIds?.includes(id));
    return { types: rows.map((type) => ({ ...type, wizard: asksMore(type.id) })) };
  },
  sent: z.strictObject({ typeId: z.int().min(1).max(2_147_483_647) }),
  check: async ({ db, run }, { typeId }) => {
    const { rows } = await db.query<{ present: boolean }>(
      `select t.id = c.type_id as present from client_type t, client c where t.id = $1 and t.enabled and c.client_id = $2`,
      [typeId, run.clientId],
    );
    if (!rows[0]) throw wrong('typeId is not a client type you can choose.');
    if (rows[0].present) throw wrong('typeId is the type you have.');
    return wanting(db, run.clientId, { kind: 'clientType', wanted: { typeId } }, { clientTypeId: typeId });
  },
});

const wrong = (issue: string) => new WrongFields([{ field: 'typeId', issue }]);
