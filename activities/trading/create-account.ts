import { loadAccountToOpen } from '../../db/repositories/accounts.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { takeOverFromAnother } from '../kit/another-run.ts';
import { answerOf } from '../kit/answer.ts';
import { newPassword } from './new-password.ts';

/**
 * Creates the account on its platform, with passwords nobody keeps: the client sets his own. The platform stores our reference,
 * so the account is found again when the answer is lost. One that has its login already, whatever became of it since, is not made again;
 * one that another run began (ended, or cut off by a reset, from outside) is looked for first.
 */
export const createAccount: Activity<{ accountId: number }, Answer<{ login: string }>> = (
  { accountId },
  { pool, open, run, signal },
) =>
  answerOf(
    async () => {
      const account = await loadAccountToOpen(pool, accountId);
      if (account.login !== null) return { login: account.login };
      if (account.status !== 'opening')
        throw new HubFailure('Rejected', 'already_done', `Account ${accountId} is over: ${account.status}.`);
      await takeOverFromAnother({ pool, run }, 'account', { id: accountId, runId: account.runId });
      const { connectionId, reference, group, currency, leverage, caption } = account;
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
