import { z } from 'zod';
import { assertSees } from '../../kit/access.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { id, idText, name } from '../../kit/shapes.ts';
import { Account, MyAccount, Statement, accountViews, myAccountViews } from '../../presenters/account.ts';
import type { MoneyHub } from '../hub.ts';
import { accountOf } from '../intake/accounts.ts';
import { changeAccount } from './change-account.ts';
import { openAccount } from './open-account.ts';

const params = z.object({ accountId: idText() });
const leverage = () => z.int('must be a whole number').min(0).max(10_000);
const product = { productCurrencyId: id().optional(), productId: id().optional() };

const OpenBody = z.strictObject({
  clientId: id(),
  ...product,
  currencyCode: id().optional().meta({ description: 'Numeric code, with productId.' }),
  leverage: leverage().optional(),
  caption: name(100).optional(),
});

const PERMISSIONS = [
  'enabled',
  'visible',
  'trade',
  'deposit',
  'withdrawal',
  'transferDeposit',
  'transferWithdrawal',
  'exchange',
] as const;

const ChangeBody = z
  .strictObject({
    caption: name(100).optional(),
    permissions: z
      .array(z.enum(PERMISSIONS, `must be among ${PERMISSIONS.join(', ')}`))
      .max(PERMISSIONS.length)
      .transform((words) => [...new Set(words)])
      .optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'must hold at least one field');

const OpenMineBody = z.strictObject({
  ...product,
  currencyId: id().optional().meta({ description: 'Numeric code, with productId.' }),
  leverage: z
    .union([
      leverage(),
      z
        .string()
        .regex(/^\d{1,5}$/, 'must be one of the offered leverages')
        .transform(Number),
    ])
    .optional(),
  caption: name(100).optional(),
});

const ChangeMineBody = z
  .strictObject({ caption: name(100).optional(), favourite: z.boolean().optional() })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'must hold at least one field');

/** Opening and changing accounts, from both sides. Lists and single ones are declared elsewhere. */
export const accountProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('POST /accounts', {
    summary: 'Open an account for a client',
    description:
      'Wallets are open at once. A trading account has an empty `accountNumber` until the platform has answered.',
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.create',
    body: OpenBody,
    answer: Account,
    status: 201,
    errors: [404],
    idempotent: true,
    handle: async (call) => {
      await assertSees(hub.pool, call.actor, call.body.clientId, 'client', 'clientId');
      return showAccount(hub, await openAccount(hub, call, call.body));
    },
  }),

  ...updateProcedures('/accounts/{accountId}', {
    summary: 'Change an account',
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.update',
    params,
    body: ChangeBody,
    answer: Account,
    handle: async ({ actor, params: { accountId }, body, requestId }) => {
      await changeAccount(hub, actor, accountId, body, requestId);
      return showAccount(hub, accountId);
    },
  }),

  procedure('GET /accounts/{accountId}/balance', {
    summary: 'Balance of an account',
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.read',
    params,
    answer: Statement,
    handle: async ({ actor, params: { accountId } }) => {
      await accountOf(hub.pool, actor, accountId, 'accountId');
      return (await showAccount(hub, accountId)).statement;
    },
  }),

  procedure('POST /my/accounts', {
    summary: 'Open an account',
    tags: ['My accounts'],
    access: 'client',
    body: OpenMineBody,
    answer: MyAccount,
    status: 201,
    errors: [404],
    idempotent: true,
    handle: async (call) => {
      const { currencyId: currencyCode, ...wish } = call.body;
      return showMyAccount(hub, await openAccount(hub, call, { ...wish, currencyCode, clientId: call.actor.id }));
    },
  }),

  ...updateProcedures('/my/accounts/{accountId}', {
    summary: 'Name or mark an account',
    tags: ['My accounts'],
    access: 'client' as const,
    params,
    body: ChangeMineBody,
    answer: MyAccount,
    handle: async ({ actor, params: { accountId }, body, requestId }) => {
      await changeAccount(hub, actor, accountId, body, requestId);
      return showMyAccount(hub, accountId);
    },
  }),
];

const showAccount = async ({ pool }: MoneyHub, accountId: number) =>
  (await accountViews(pool, [accountId])).get(accountId)!;

const showMyAccount = async ({ pool }: MoneyHub, accountId: number) =>
  (await myAccountViews(pool, [accountId])).get(accountId)!;
