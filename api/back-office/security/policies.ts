import { z } from 'zod';
import { SecurityPolicy, type SecurityPolicyRow } from '../../../db/entities/security.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { ROUTE_PATTERN } from '../../../domain/route-patterns.ts';
import { type PolicyRow, compilePolicies, letsIn, subnetOf } from '../../kit/address-policies.ts';
import { byFlag, byWord } from '../../kit/filters.ts';
import { type Writing, resource } from '../../kit/resource.ts';
import { PREFIX } from '../../kit/procedure.ts';
import { isoTime, isoTimeOrNull, text, time } from '../../kit/shapes.ts';

const Permission = z.enum(['allow', 'deny'], 'must be allow or deny');

/** What an operator needs to take a list back. */
const WAYS_BACK = ['/signin', '/2fa/confirm', '/refresh', '/security/policies', '/security/policies/1'].map(
  (path) => `${PREFIX}${path}`,
);

/** Black and white lists: which addresses may ask for which paths. In force at once, in every process (api/kit/gate.ts). */
export const securityPolicies = resource({
  path: '/security/policies',
  idParam: 'policyId',
  noun: 'security policy',
  tag: 'Security',
  entity: SecurityPolicy,
  id: 'id',
  permission: 'policies',
  filters: {
    active: byFlag('active'),
    ip: byWord('ip'),
    permission: byWord('permission'),
    route: byWord('route'),
    rout: byWord('route'),
  },
  read: z
    .object({
      id: z.int(),
      active: z.boolean(),
      ip: z.string(),
      permission: Permission,
      route: z.string(),
      comment: z.string().nullable(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'SecurityPolicy' }),
  write: z.object({
    permission: Permission,
    ip: text(64)
      .refine(
        (value) => subnetOf(value) !== undefined,
        'must be an address or a subnet such as 203.0.113.0/24 or 2001:db8::/32',
      )
      .meta({ description: 'IPv4 or IPv6, an address or a subnet. Bits behind the mask do not count.' }),
    route: text(200)
      .regex(ROUTE_PATTERN, 'must be a path such as /api/v2/accounts/*')
      .meta({ description: '`*` stands for any text; /api/v2/accounts/* is what is below /api/v2/accounts.' }),
    active: z.boolean().default(true),
    comment: text(500).nullable().default(null),
    force: z.boolean().default(false).meta({ description: 'Save it although it denies the address it comes from.' }),
  }),
  fields: ({ force: _force, ...fields }) => fields,
  present: (rows: SecurityPolicyRow[]) =>
    rows.map((row) => ({
      ...row,
      comment: row.comment ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
  afterWrite: async (row: SecurityPolicyRow, { force }, writing) => {
    if (!force) await assertNotLockedOut(writing, row);
  },
  guard: async (row: SecurityPolicyRow, change, writing) => {
    if (change === 'delete' && row.active) await assertNotLockedOut(writing, null, row.id);
  },
});

/** Throws 409 when the lists, with this one saved or taken out, deny the caller what he needs to change them again, or when this one denies him anything. */
const assertNotLockedOut = async ({ db, ip }: Writing, saved: SecurityPolicyRow | null, without = 0): Promise<void> => {
  const { rows } = await db.query<PolicyRow>(
    'select permission, ip, route from security_policy where active and id <> $1',
    [without],
  );
  const lists = compilePolicies(rows);
  const denies = saved?.active && saved.permission === 'deny' && subnetOf(saved.ip)?.(ip) === true;
  if (!denies && WAYS_BACK.every((path) => letsIn(lists, ip, path))) return;
  const issue = saved
    ? `This list would deny ${ip}, where you are. With force it is saved.`
    : `Without this list ${ip}, where you are, would be denied. Switch it off with force first.`;
  throw new HubFailure('Rejected', 'locks_out', issue, saved ? { field: 'ip' } : {});
};
