import { z } from 'zod';
import { givenPassword } from '../../activities/trading/given-password.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { idText } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { AccountChange, accountChangeView } from '../presenters/account-change.ts';
import { loadChange } from './changes.ts';
import { orderChange } from './order-change.ts';
import { assertCan, assertOpen, tradingAccountOf } from '../../activities/intake/trading-account.ts';
import { atPlatform } from './at-platform.ts';
import { providerById } from '../../worker/tools.ts';

const params = z.object({ accountId: idText() });
const kind = () => z.enum(['main', 'investor'], 'must be main or investor');

const SetBody = z.strictObject({
  type: kind().default('main'),
  password: givenPassword().optional().meta({
    description: 'Left away: one is made up and mailed to the client; nobody else ever sees it.',
  }),
});
const CheckBody = z.strictObject({ type: kind().default('main'), password: z.string().min(1).max(64) });

/** Passwords go in and never come out. */
export const passwordProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('PUT /accounts/{accountId}/password', {
    summary: 'Set a password of an account at its platform',
    description: '202: the platform has not confirmed it yet.',
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.password',
    confirm: true,
    params,
    body: SetBody,
    answer: AccountChange,
    statusOf: ({ state }) => (state === 'done' ? 200 : 202),
    alsoAnswers: [202],
    idempotent: true,
    limit: perActor('60/m'),
    handle: async (call) => {
      const { type, password: given } = call.body;
      const order = { wanted: { password: type }, password: given };
      return accountChangeView(await loadChange(hub, await orderChange(hub, call, call.params.accountId, order)));
    },
  }),

  procedure('POST /accounts/{accountId}/password/check', {
    summary: 'Ask the platform whether a password is right',
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.password',
    params,
    body: CheckBody,
    answer: z.object({ isRight: z.boolean() }).meta({ id: 'PasswordCheck' }),
    limit: perActor('20/m'),
    handle: async ({ actor, params: { accountId }, body }) => {
      const account = await tradingAccountOf(hub.pool, actor, accountId);
      assertOpen(account);
      assertCan(providerById(account.provider), ['password'], 'check a password');
      return atPlatform(hub, account, async (adapter, ctx, login) => {
        if (!adapter.checkPassword) throw new HubFailure('Unsupported', 'unsupported', 'It cannot check passwords.');
        return { isRight: await adapter.checkPassword(ctx, login, body.type, body.password) };
      });
    },
  }),

  procedure('POST /my/accounts/{accountId}/password/restore', {
    summary: 'Get a new main password of a trading account by e-mail',
    tags: ['My accounts'],
    access: 'client',
    params,
    answer: null,
    idempotent: true,
    limit: perActor('10/h'),
    handle: async (call) => {
      await orderChange(hub, call, call.params.accountId, { wanted: { password: 'main' } });
    },
  }),
];
