import { z } from 'zod';
import {
  LevelRestriction,
  type LevelRestrictionRow,
  VerificationLevel,
  type VerificationLevelRow,
} from '../../../db/entities/verification.ts';
import type { Queryable } from '../../../db/pool.ts';
import { holdCases, planDates } from '../../../db/repositories/kyc.ts';
import { WIZARDS } from '../../../domain/kyc.ts';
import { wire } from '../../../domain/money.ts';
import { providerById } from '../../../worker/tools.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byWord } from '../../kit/filters.ts';
import { resource, type Writing } from '../../kit/resource.ts';
import {
  amountInput,
  freeForm,
  id,
  isoTime,
  isoTimeOrNull,
  money,
  name,
  text,
  time,
  Translation,
  translations,
} from '../../kit/shapes.ts';

const days = () => z.int().min(1).max(3650);
const optionalId = () => id().nullable().default(null);
const limit = <A extends z.ZodType>(amount: A) =>
  z.strictObject({
    amount,
    currencyCode: id(),
    period: z.string().regex(/^P([1-9]\d{0,2}D|[1-9]\d?[WM]|1Y)$/, 'must look like P1D, P2W, P1M or P1Y'),
  });
const limitsOf = <A extends z.ZodType>(amount: () => A) => {
  const one = () => limit(amount()).nullable().default(null);
  return z.strictObject({ deposit: one(), withdrawal: one(), transfer: one() });
};

const times = (row: { createTime: Date; updateTime?: Date | null | undefined }) => ({
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
});

const Level = z
  .object({
    id: z.int(),
    index: z.int(),
    name: z.string(),
    caption: z.string(),
    description: z.string().nullable(),
    mobileDescription: z.record(z.string(), z.unknown()).nullable(),
    default: z.boolean(),
    visible: z.boolean(),
    wizard: z.enum(WIZARDS).nullable(),
    connectionId: z.int().nullable().meta({ description: 'Who checks; null: the broker’s own people.' }),
    programme: z.string().nullable().meta({ description: 'The provider’s name for how thoroughly it checks.' }),
    documentGroupIds: z.array(z.int()),
    nextLevelId: z.int().nullable(),
    roleId: z.int().nullable(),
    requiredTestIds: z.array(z.int()),
    limits: limitsOf(money),
    validDays: z
      .int()
      .nullable()
      .meta({ description: 'An approval is good for so long at most; null: as long as the documents.' }),
    deadlineDays: z.int().nullable().meta({ description: 'How long a client may take; null: as long as he likes.' }),
    remindAfterDays: z
      .array(z.int())
      .meta({ description: 'Days after which a client who began and left is reminded.' }),
    remindBeforeDays: z
      .array(z.int())
      .meta({ description: 'Days before the end of an approval on which the client is told.' }),
    onExpiry: z.enum(['request', 'levelDown']).meta({
      description: 'When an approval has ended: a person decides about the level, or it is taken at once.',
    }),
    resources: z.array(Translation),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'VerificationLevel' });

const write = z.object({
  index: z.int().min(0).max(1_000_000),
  name: name(120),
  caption: name(120),
  description: text(20_000).nullable().default(null),
  mobileDescription: freeForm().nullable().default(null),
  default: z.boolean().default(false),
  visible: z.boolean().default(true),
  wizard: z.enum(WIZARDS).nullable().default(null),
  connectionId: optionalId(),
  programme: name(200).nullable().default(null),
  documentGroupIds: z.array(id()).max(50).default([]),
  nextLevelId: optionalId(),
  roleId: optionalId(),
  limits: limitsOf(() => amountInput('string')).default({ deposit: null, withdrawal: null, transfer: null }),
  validDays: days().nullable().default(null),
  deadlineDays: days().nullable().default(null),
  remindAfterDays: z.array(days()).max(10).default([3, 10]),
  remindBeforeDays: z.array(days()).max(10).default([30, 7, 1]),
  onExpiry: z.enum(['request', 'levelDown']).default('request'),
  resources: translations().default([]),
});
type Body = Partial<z.output<typeof write>>;

/** What the dates of clients on their way depend on. */
const DATES = ['deadlineDays', 'remindAfterDays', 'remindBeforeDays'] as const;

/** The wizard of a provider needs its connection, and a connection its wizard; the documents form must have none. */
const assertChecked = async (db: Queryable, { wizard, connectionId }: Pick<Body, 'wizard' | 'connectionId'>) => {
  if (wizard === 'DocumentsWizard' && connectionId != null)
    throw problem(400, 'validation', 'The documents form needs no connection.', 'connectionId');
  if (wizard && wizard !== 'DocumentsWizard' && connectionId == null)
    throw problem(400, 'validation', 'This wizard needs the connection of its provider.', 'connectionId');
  if (connectionId == null) return;
  // Without one nobody can verify for the level, and no client could tell why.
  if (!wizard) throw problem(400, 'validation', 'Say with which wizard this connection checks.', 'wizard');
  const { rows } = await db.query<{ provider: string }>('select provider from connection where id = $1', [
    connectionId,
  ]);
  if (!rows[0]) throw problem(400, 'not_found', 'There is no such connection.', 'connectionId');
  const provider = providerById(rows[0].provider);
  if (provider.category !== 'kyc')
    throw problem(400, 'validation', 'This connection does not check clients.', 'connectionId');
  const own = provider.adapter.wizard;
  if (own && wizard !== own) throw problem(400, 'validation', `This connection checks with ${own}.`, 'wizard');
};

const refuseUsed = async (row: VerificationLevelRow, { db }: Writing): Promise<void> => {
  if (row.isDefault)
    throw problem(409, 'fixed', 'New clients begin on this level: make another one the default first.');
  const { rows } = await db.query('select 1 as used from client where verification_level_id = $1 limit 1', [row.id]);
  if (rows.length > 0) throw problem(400, 'in_use', 'Clients are on this level: it cannot be deleted.');
};

export const verificationLevels = resource({
  path: '/verifications/levels',
  idParam: 'levelId',
  noun: 'verification level',
  tag: 'Verification',
  entity: VerificationLevel,
  id: 'id',
  permission: 'verifications',
  filters: { visible: byFlag('visible'), name: byWord('name') },
  sorts: ['createTime', 'index'],
  read: Level,
  write,
  fields: async ({ default: isDefault, ...body }, { db }, row: VerificationLevelRow | null) => {
    await assertChecked(db, {
      wizard: body.wizard === undefined ? (row?.wizard ?? null) : body.wizard,
      connectionId: body.connectionId === undefined ? (row?.connectionId ?? null) : body.connectionId,
    });
    if (row?.isDefault && isDefault === false)
      throw problem(400, 'fixed', 'Make another level the default instead.', 'default');
    // Exactly one level is the default: it gives way to the new one.
    if (isDefault && !row?.isDefault)
      await db.query('update verification_level set is_default = false where is_default');
    // Groups are bound in a table of their own.
    delete body.documentGroupIds;
    return { ...body, ...(isDefault !== undefined && { isDefault }) };
  },
  // First who is on his way there, as everybody does who gives somebody the level.
  beforeHeld: (levelId, db) => holdCases(db, { levelId }),
  afterWrite: async (row, { documentGroupIds, ...body }, { db }) => {
    if (DATES.some((name) => body[name] !== undefined)) await planDates(db, { levelId: row.id }, true);
    if (!documentGroupIds) return;
    const groups = [...new Set(documentGroupIds)];
    const known = await db.query('select from document_group where id = any($1) for share', [groups]);
    if (known.rowCount !== groups.length)
      throw problem(400, 'not_found', 'There is no such group of documents.', 'documentGroupIds');
    await db.query('delete from verification_level_group where level_id = $1', [row.id]);
    for (const groupId of groups)
      await db.query('insert into verification_level_group (level_id, group_id) values ($1, $2)', [row.id, groupId]);
  },
  guard: (row, change, writing) => (change === 'delete' ? refuseUsed(row, writing) : undefined),
  present: async (rows: VerificationLevelRow[], { em }) => {
    const bound = await em.execute<{ level_id: number; group_id: number }[]>(
      'select level_id, group_id from verification_level_group order by group_id',
    );
    return rows.map(({ isDefault, limits, ...row }) => ({
      ...row,
      ...times(row),
      description: row.description ?? null,
      mobileDescription: row.mobileDescription ?? null,
      default: isDefault,
      wizard: row.wizard ?? null,
      connectionId: row.connectionId ?? null,
      programme: row.programme ?? null,
      validDays: row.validDays ?? null,
      deadlineDays: row.deadlineDays ?? null,
      documentGroupIds: bound.filter((one) => one.level_id === row.id).map((one) => one.group_id),
      nextLevelId: row.nextLevelId ?? null,
      roleId: row.roleId ?? null,
      requiredTestIds: [],
      limits: {
        deposit: wired(limits.deposit),
        withdrawal: wired(limits.withdrawal),
        transfer: wired(limits.transfer),
      },
    }));
  },
});

const wired = <L extends { amount: string }>(one: L | null | undefined): L | null =>
  one ? { ...one, amount: wire(one.amount) } : null;

export const levelRestrictions = resource({
  path: '/verifications/levels/{levelId}/restrictions',
  parent: { param: 'levelId', property: 'levelId', noun: 'verification level', entity: VerificationLevel },
  idParam: 'restrictionId',
  noun: 'level restriction',
  tag: 'Verification',
  entity: LevelRestriction,
  id: 'id',
  permission: 'verifications',
  read: z
    .object({
      id: z.int(),
      restriction: z.enum(['verificationLevel', 'country', 'clientType']),
      type: z.enum(['deny', 'allow']),
      enabled: z.boolean(),
      rules: z.array(z.object({ id: z.int(), name: z.string() })),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'LevelRestriction' }),
  write: z.object({
    restriction: z.enum(['verificationLevel', 'country', 'clientType']),
    type: z.enum(['deny', 'allow']).default('deny'),
    enabled: z.boolean().default(false),
    ruleIds: z.array(id()).max(500).default([]),
  }),
  present: async (rows: LevelRestrictionRow[], { em }) => {
    const names = await em.execute<{ kind: string; id: number; name: string }[]>(
      `select 'country' as kind, country_id as id, country_name as name from country union all select 'clientType', id, name from client_type
       union all select 'verificationLevel', id, name from verification_level`,
    );
    const named = new Map(names.map((one) => [`${one.kind} ${one.id}`, one.name]));
    return rows.map((row) => ({
      ...row,
      ...times(row),
      rules: row.ruleIds.flatMap((rule) => {
        const found = named.get(`${row.restriction} ${rule}`);
        return found === undefined ? [] : [{ id: rule, name: found }];
      }),
    }));
  },
});
