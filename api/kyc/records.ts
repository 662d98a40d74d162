import { z } from 'zod';
import { VerificationRecord, type VerificationRecordRow } from '../../db/entities/verification.ts';
import { byId } from '../kit/filters.ts';
import { type PresentContext, resource } from '../kit/resource.ts';
import { idAndName, isoTime, time } from '../kit/shapes.ts';

const record = {
  id: z.int(),
  clientId: z.int(),
  currentLevel: idAndName(),
  // The documented spelling.
  previuosLevel: idAndName().nullable(),
  createTime: time(),
};
const Verification = z
  .object({ ...record, reason: z.object({ name: z.string(), userId: z.int().nullable() }) })
  .meta({ id: 'Verification' });
const MyVerification = z
  .object({ ...record, reason: z.object({ name: z.string(), caption: z.string() }) })
  .meta({ id: 'MyVerification' });

const present = async (rows: VerificationRecordRow[], { pool }: PresentContext) => {
  const { rows: levels } = await pool.query<{ id: number; name: string }>('select id, name from verification_level');
  const named = new Map(levels.map((level) => [level.id, level]));
  return rows.map((row) => ({
    id: row.id,
    clientId: row.clientId,
    currentLevel: named.get(row.currentLevelId)!,
    previuosLevel: row.previousLevelId == null ? null : named.get(row.previousLevelId)!,
    reason: { name: row.reason, caption: row.caption, userId: row.userId ?? null },
    createTime: isoTime(row.createTime),
  }));
};

const common = {
  idParam: 'verificationId',
  noun: 'verification',
  entity: VerificationRecord,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  present,
};

/** GET /verifications: the levels clients were given. */
export const verifications = resource({
  ...common,
  path: '/verifications',
  tag: 'Verification',
  permission: 'verifications',
  filters: { clientId: byId('clientId') },
  read: Verification,
});

export const myVerifications = resource({
  ...common,
  path: '/my/verifications',
  tag: 'My verification',
  access: 'client',
  read: MyVerification,
});
