import { z } from 'zod';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import { dropChallengesOf } from '../../../db/repositories/user-challenges.ts';
import { switchUserFactorOff } from '../../../db/repositories/user-factors.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName, type UserActor } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { idText } from '../../kit/shapes.ts';
import { assertMayManage } from './grants.ts';

const common = {
  tags: ['Users and groups'] as [string],
  access: 'user' as const,
  permission: 'users.update',
  confirm: true as const,
  params: z.object({ userId: idText() }),
  answer: null,
};

/** What administrators do about how colleagues sign in. Nobody does it to somebody who may do or see more. */
export const userSignInProcedures = ({ pool, access }: ApiDeps): Procedure[] => {
  const about = (
    { actor, params: { userId }, requestId }: { actor: UserActor; params: { userId: number }; requestId: string },
    action: string,
    change: (db: Queryable) => Promise<void>,
  ): Promise<void> =>
    inTransaction(pool, async (db) => {
      const { rowCount } = await db.query(`select from hub_user where id = $1 for update`, [userId]);
      if (rowCount === 0) throw notFound('user');
      await assertMayManage(actor, userId, db);
      await change(db);
      await revokeTokens(db, { subjects: [`user:${userId}`] });
      await dropChallengesOf(db, userId);
      await recordAudit(db, { actor: actorName(actor), action, object: `user:${userId}`, requestId });
    }).then(() => access.forgetActor({ kind: 'user', id: userId }));

  return [
    procedure('POST /users/{userId}/2fa/reset', {
      ...common,
      summary: 'Switch the second factor of a user off',
      description:
        'For one who lost his device. His sign-ins end; where a second factor is required he adds a new one at his next.',
      errors: [404, 409],
      handle: (call) => {
        if (call.params.userId === call.actor.id)
          throw problem(403, 'forbidden', 'Your own you switch off with a code: DELETE /2fa.');
        return about(call, 'users.2fa-reset', async (db) => {
          if (!(await switchUserFactorOff(db, call.params.userId)))
            throw problem(409, 'already_done', 'This user has no second factor.');
        });
      },
    }),

    procedure('DELETE /users/{userId}/sessions', {
      ...common,
      summary: 'End all sign-ins of a user',
      errors: [404],
      handle: (call) => about(call, 'users.signout-everywhere', () => Promise.resolve()),
    }),
  ];
};
