import { z } from 'zod';
import { findStep, ruleOf } from '../../../activities/wizards/steps.ts';
import { WizardDefinition, type WizardDefinitionRow } from '../../../db/entities/wizards.ts';
import type { Queryable } from '../../../db/pool.ts';
import { mistakesIn } from '../../../domain/wizards/definition.ts';
import { type Step, WIZARD_TYPES, type WizardType } from '../../../domain/wizards/grammar.ts';
import { Problem, problem } from '../../kit/errors.ts';
import { byFlag, byWords, contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { freeForm, id, isoTime, isoTimeOrNull, name, text, time } from '../../kit/shapes.ts';
import { parsePart } from '../../kit/validate.ts';

const Condition = z.strictObject({
  clientTypeIds: z.array(id()).min(1).max(100).optional(),
  countryIds: z.array(id()).min(1).max(300).optional(),
  facts: z
    .record(
      z.string().max(64),
      z
        .array(z.union([z.string().max(64), z.int(), z.boolean()]))
        .min(1)
        .max(50),
    )
    .optional(),
});

const StepShape = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be small letters, digits and hyphens'),
    kind: z.string().max(64),
    when: Condition.nullable().default(null).meta({ description: 'All of it must hold, else the step is left out.' }),
    settings: freeForm().default({}),
  })
  .meta({ id: 'WizardStep' });

const Definition = z
  .object({
    id: z.int(),
    uuid: z.uuid(),
    type: z.enum(WIZARD_TYPES),
    name: z.string(),
    description: z.string(),
    enabled: z.boolean(),
    default: z.boolean().meta({ description: 'Serves the client apps; others are addressed by their uuid.' }),
    version: z.int().meta({ description: 'Runs stay on the version they began with.' }),
    steps: z.array(StepShape),
    lifetimeSeconds: z.int(),
    tries: z.int(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Wizard' });

/** Procedures of clients as data: which steps, in which order, with which settings (docs/wizards.md). */
export const wizardDefinitions = resource({
  path: '/wizards',
  idParam: 'wizardId',
  noun: 'wizard',
  tag: 'Wizards',
  entity: WizardDefinition,
  id: 'id',
  permission: 'wizards',
  filters: { type: byWords('type', WIZARD_TYPES), enabled: byFlag('enabled'), name: contains('name') },
  sorts: ['createTime', 'name', 'type'],
  read: Definition,
  write: z.object({
    type: z.enum(WIZARD_TYPES),
    name: name(120),
    description: text(2_000).default(''),
    enabled: z.boolean().default(true),
    default: z.boolean().default(false),
    steps: z.array(StepShape).min(1).max(50),
    lifetimeSeconds: z.int().min(5).max(604_800).default(1_800),
    tries: z.int().min(1).max(20).default(5),
  }),
  fields: async ({ default: isDefault, steps, ...body }, { db }, row: WizardDefinitionRow | null) => {
    const type = body.type ?? row!.type;
    if (row && type !== row.type) throw problem(400, 'fixed', 'A wizard keeps its type.', 'type');
    const enabled = body.enabled ?? row?.enabled ?? true;
    if (row?.isDefault && (isDefault === false || !enabled))
      throw problem(
        400,
        'fixed',
        'Make another wizard of this type the default first.',
        isDefault === false ? 'default' : 'enabled',
      );
    if (isDefault && !enabled) throw problem(400, 'validation', 'The default wizard must be enabled.', 'default');
    // Exactly one of a type is the default: it gives way to the new one.
    if (isDefault && !row?.isDefault)
      await db.query('update wizard_definition set is_default = false where type = $1 and is_default', [type]);
    const changed = steps !== undefined || body.lifetimeSeconds !== undefined || body.tries !== undefined;
    return {
      ...body,
      ...(isDefault !== undefined && { isDefault }),
      ...(steps !== undefined && { steps: await checkedSteps(db, type, steps) }),
      ...(row && changed && { version: row.version + 1 }),
    };
  },
  afterWrite: async (row: WizardDefinitionRow, _body, { db }) => {
    await db.query(
      `insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) values ($1, $2, $3::jsonb, $4, $5) on conflict do nothing`,
      [row.id, row.version, JSON.stringify(row.steps), row.lifetimeSeconds, row.tries],
    );
  },
  guard: (row: WizardDefinitionRow, change) => {
    if (change === 'delete' && row.isDefault)
      throw problem(409, 'fixed', 'Client apps use this wizard: make another one of its type the default first.');
  },
  present: (rows: WizardDefinitionRow[]) =>
    rows.map(({ isDefault, ...row }) => ({
      ...row,
      default: isDefault,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
});

/** Steps with settings as their kinds read them; refuses with everything that would keep a run from its end. */
const checkedSteps = async (
  db: Queryable,
  type: WizardType,
  given: readonly z.output<typeof StepShape>[],
): Promise<Step[]> => {
  const steps = given.map((step, at): Step => {
    const module = findStep(step.kind);
    if (!module) throw problem(400, 'validation', `There is no step '${step.kind}'.`, `steps.${at}.kind`);
    return { ...step, settings: settingsOf(module.settings, step.settings, at) };
  });
  const mistakes = mistakesIn(type, steps, ruleOf);
  if (mistakes.length > 0)
    throw new Problem(
      400,
      mistakes.slice(0, 20).map(({ step, issue }) => {
        const field = step === null ? 'steps' : `steps.${step}`;
        return { field, reason: 'validation' as const, issue: `${field}: ${issue}.` };
      }),
    );
  await assertNamed(db, steps);
  return steps;
};

/** A step would stop every run that names a message or types of clients that are not there. */
const assertNamed = async (db: Queryable, steps: readonly Step[]): Promise<void> => {
  for (const [at, { settings }] of steps.entries()) {
    const { template = null, typeIds = [] } = settings as { template?: string; typeIds?: number[] };
    const { rows } = await db.query<{ setting: string; missing: string }>(
      `select 'template' as setting, 'message type ''' || $1 || '''' as missing where $1::text is not null and not exists (select from message_type where name = $1)
       union all select 'typeIds', 'client type ' || one from unnest($2::int[]) one where not exists (select from client_type where id = one)`,
      [template, typeIds],
    );
    const [wrong] = rows;
    if (wrong)
      throw problem(400, 'validation', `There is no ${wrong.missing}.`, `steps.${at}.settings.${wrong.setting}`);
  }
};

const settingsOf = (schema: z.ZodType, settings: unknown, at: number): Record<string, unknown> => {
  try {
    return parsePart(schema, settings, 'body') as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(
      error.status,
      error.details.map(({ field, ...rest }) => ({
        ...rest,
        field: `steps.${at}.settings${field ? `.${field}` : ''}`,
      })),
    );
  }
};
