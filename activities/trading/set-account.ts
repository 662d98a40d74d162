import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { AccountState, TradingAdapter } from '../../adapters/kit/trading.ts';
import { type AccountChange, loadAccountChange, openPassword } from '../../db/repositories/account-changes.ts';
import type { ChangeStep } from '../../domain/account-change.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { isZero } from '../../domain/money.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { takeOverFromAnother } from '../kit/another-run.ts';
import { answerOf } from '../kit/answer.ts';

/** Sets one thing of an account at its platform. Setting what is set changes nothing, so it may be repeated whatever became of the answer. */
export const setAccount: Activity<{ changeId: number; step: ChangeStep }, Answer<null>> = (
  { changeId, step },
  { pool, open, ring, run, signal },
) =>
  answerOf(
    async () => {
      const change = await loadAccountChange(pool, changeId);
      await takeOverFromAnother({ pool, run }, 'account_change', { id: changeId, runId: change.runId });
      const { adapter, ctx } = await open('trading', change.connectionId, signal);
      await SET[step]({ adapter, ctx, change, ring });
      return null;
    },
    (report) => ({ outcome: 'done', report }),
  );

interface At {
  adapter: TradingAdapter;
  ctx: AdapterContext;
  change: AccountChange;
  ring: Tools['ring'];
}

const SET: Record<ChangeStep, (at: At) => Promise<void>> = {
  group: ({ adapter, ctx, change: { login, wanted } }) => adapter.setGroup(ctx, login, wanted.group!),
  leverage: ({ adapter, ctx, change: { login, wanted } }) => adapter.setLeverage(ctx, login, wanted.leverage!),
  access: ({ adapter, ctx, change: { login, wanted } }) => adapter.setAccess(ctx, login, wanted.access!),
  password: async ({ adapter, ctx, change: { login, wanted, sealed }, ring }) => {
    if (!adapter.changePassword) throw unsupported('the platform keeps no passwords');
    if (!sealed) throw new HubFailure('Config', 'internal', 'the new password is gone');
    await adapter.changePassword(ctx, login, wanted.password!, openPassword(ring, sealed));
  },
  archived: (at) => (at.change.wanted.archived ? putAway(at) : bringBack(at)),
};

const unsupported = (why: string) => new HubFailure('Unsupported', 'unsupported', why);

/** A platform without an archive disables the account instead. */
const putAway = async ({ adapter, ctx, change: { login } }: At): Promise<void> => {
  const state = await adapter.getState(ctx, login).catch((error: unknown) => {
    // Put away already, perhaps by an attempt whose answer was lost: the archive itself tells.
    if (adapter.archive && isHubFailure(error) && error.type === 'NotFound') return null;
    throw error;
  });
  if (state) assertEmpty(state);
  if (state && adapter.listOpenPositions && (await adapter.listOpenPositions(ctx, login)).length > 0)
    throw new HubFailure('Rejected', 'in_use', 'The account has open positions: close them first.');
  await (adapter.archive?.(ctx, login) ?? adapter.setAccess(ctx, login, 'disabled'));
};

const assertEmpty = ({ balance, credit }: AccountState): void => {
  if (!isZero(balance)) throw new HubFailure('Rejected', 'in_use', 'The account holds money: transfer it out first.');
  if (!isZero(credit)) throw new HubFailure('Rejected', 'in_use', 'The account holds credit: take it out first.');
};

const bringBack = async ({ adapter, ctx, change: { login, access } }: At): Promise<void> =>
  adapter.restore?.(ctx, login) ?? adapter.setAccess(ctx, login, access);
