import { inTransaction } from '../../db/pool.ts';
import { recoveryCodesLeft, useRecoveryCode } from '../../db/repositories/recovery-codes.ts';
import { WrongFields } from '../../domain/failures.ts';
import { takesRecoveryCode } from '../../domain/wizards/recovery-codes.ts';
import { queueMessage, startMessages } from '../messaging/queue-message.ts';
import { countTry, forgiveTries, refuseCode } from './codes.ts';
import type { Asked } from './step.ts';

/**
 * Whether what was sent is a recovery code in place of the six digits that are asked for: it is used up then, and its owner told. Throws as a wrong code
 * does when it is none of his, and WrongFields where only six digits do.
 */
export const stoodIn = async <S>(asked: Asked<S>, code: string): Promise<boolean> => {
  if (/^[0-9]{6}$/.test(code)) return false;
  const { pool, ring, run, step, steer } = asked;
  const { id: runId, clientId } = run;
  if (clientId === null || !takesRecoveryCode(run.type, step, run.facts))
    throw new WrongFields([{ field: 'code', issue: 'code must be six digits.' }]);
  await countTry(asked);
  const told = await inTransaction(pool, async (db) => {
    if (!(await useRecoveryCode(db, { clientId, code, runId }))) return null;
    const left = String(await recoveryCodesLeft(db, clientId));
    const key = `recoveryCode:${clientId}:${runId}`;
    return queueMessage(db, ring, { to: { clientId }, template: 'recoveryCodeUsed', parameters: { left }, key });
  });
  if (told === null) return refuseCode(asked);
  await forgiveTries(asked);
  await startMessages(steer, told);
  return true;
};
