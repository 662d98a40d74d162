import { loadAccountToOpen } from '../../db/repositories/accounts.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf } from '../kit/answer.ts';
import { newPassword } from './new-password.ts';

/**
 * Creates the account on its platform, with passwords nobody keeps: the client sets his own. The platform stores our reference,
 * so the account is found again when the answer is lost.
 */
export const createAccount: Activity<{ accountId: number }, Answer<{ login: string }>> = (
  { accountId },
  { pool, open, signal },
) =>
  answerOf(
    async () => {
      const { connectionId, reference, group, currency, leverage, caption } = await loadAccountToOpen(pool, accountId);
      const { adapter, ctx } = await open('trading', connectionId, signal, { begins: reference });
      const passwords = { main: newPassword(), investor: newPassword() };
      const { login } = await adapter.createAccount(ctx, {
        reference,
        group,
        currencyCode: currency,
        leverage,
        name: caption,
        passwords,
      });
      return { login };
    },
    (report) => ({ outcome: 'done', report }),
  );
