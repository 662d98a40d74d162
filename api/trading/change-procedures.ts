import { z } from 'zod';
import { accountOf } from '../../activities/intake/accounts.ts';
import { ACCESS } from '../../domain/account-change.ts';
import { actorName, type ClientActor, type UserActor } from '../kit/access.ts';
import { problem } from '../kit/errors.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Procedure, procedure, updateProcedures } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { atLeastOneField, idText, name } from '../kit/shapes.ts';
import { showAccount } from '../money/accounts/show.ts';
import type { MoneyHub } from '../money/hub.ts';
import { Account, MyAccount, myAccountViews } from '../presenters/account.ts';
import { orderChange } from './order-change.ts';
import { loadPreferences, Preferences } from './preferences.ts';
import { tradingAccountOf } from '../../activities/intake/trading-account.ts';

export const leverageInput = () => z.int('must be a whole number').min(1).max(10_000);

const params = z.object({ accountId: idText() });

const PreferencesBody = atLeastOneField(
  z.strictObject({
    leverage: leverageInput().optional(),
    platformGroup: name(200).optional(),
    access: z.enum(ACCESS, `must be one of ${ACCESS.join(', ')}`).optional(),
  }),
);

/** 202 while the platform has not confirmed. */
export const whileWaiting = {
  statusOf: ({ pendingChange }: { pendingChange: unknown }) => (pendingChange ? 202 : 200),
  alsoAnswers: [202],
};
export const waitsNote = '202: the platform has not confirmed it yet; `pendingChange` says what waits.';

const GIVEN_UP = 'One that its platform has not opened yet is given up.';

/** Whether it was one that is still being opened; then its platform is not asked for it any more. Throws `already_done` when it has just said yes, `not_ready` while its run is at it. */
const gaveUp = async (
  hub: MoneyHub,
  { actor }: { actor: UserActor | ClientActor },
  accountId: number,
): Promise<boolean> => {
  if ((await accountOf(hub.pool, actor, accountId, 'accountId')).status !== 'opening') return false;
  const { status } = await hub.ask((steering) => steering.giveUpAccount(accountId, actorName(actor)));
  if (status === 'active') throw problem(409, 'already_done', 'The platform has just opened it.');
  if (status === 'opening')
    throw new HubFailure('Unavailable', 'not_ready', 'It is being given up.', { retryAfter: 5 });
  return true;
};

const user = { tags: ['Accounts'] as [string], access: 'user' as const };
const client = { tags: ['My accounts'] as [string], access: 'client' as const, limit: perActor('60/m') };

/** What people change of an account at its platform. */
export const changeProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('GET /accounts/{accountId}/preferences', {
    ...user,
    summary: 'How an account is set at its platform, as the platform confirmed it last',
    permission: 'accounts.read',
    params,
    answer: Preferences,
    handle: async ({ actor, params: { accountId } }) => {
      await tradingAccountOf(hub.pool, actor, accountId);
      return loadPreferences(hub.pool, accountId);
    },
  }),

  ...updateProcedures('/accounts/{accountId}/preferences', {
    ...user,
    summary: 'Change leverage, group or access at the platform',
    description: `Set one after the other: group, leverage, access. ${waitsNote}`,
    permission: 'accounts.update',
    params,
    body: PreferencesBody,
    answer: Preferences,
    ...whileWaiting,
    idempotent: true,
    handle: async (call) => {
      const { platformGroup: group, leverage, access } = call.body;
      const { accountId } = call.params;
      await orderChange(hub, call, accountId, {
        wanted: {
          ...(group !== undefined && { group }),
          ...(leverage !== undefined && { leverage }),
          ...(access !== undefined && { access }),
        },
        fields: { group: 'platformGroup' },
      });
      return loadPreferences(hub.pool, accountId);
    },
  }),

  ...([true, false] as const).map((archived) =>
    procedure(`POST /accounts/{accountId}/${archived ? 'archive' : 'restore'}`, {
      ...user,
      summary: archived ? 'Put a trading account away' : 'Bring an archived trading account back',
      description: archived
        ? `It must be empty: no money, no credit, no open positions, nothing under way. A platform without an archive disables it. ${GIVEN_UP} ${waitsNote}`
        : waitsNote,
      permission: 'accounts.update',
      params,
      answer: Account,
      ...whileWaiting,
      errors: [409],
      idempotent: true,
      handle: async (call) => {
        const { accountId } = call.params;
        if (!archived || !(await gaveUp(hub, call, accountId)))
          await orderChange(hub, call, accountId, { wanted: { archived } });
        return showAccount(hub, call.actor, accountId);
      },
    }),
  ),

  procedure('POST /my/accounts/{accountId}/archive', {
    ...client,
    summary: 'Put a trading account away',
    description: `It must be empty: no money, no credit, no open positions, nothing under way. ${GIVEN_UP} ${waitsNote}`,
    params,
    answer: MyAccount,
    ...whileWaiting,
    errors: [409],
    idempotent: true,
    handle: async (call) => {
      const { accountId } = call.params;
      if (!(await gaveUp(hub, call, accountId)))
        await orderChange(hub, call, accountId, { wanted: { archived: true } });
      return (await myAccountViews(hub.pool, [accountId])).get(accountId)!;
    },
  }),
];
