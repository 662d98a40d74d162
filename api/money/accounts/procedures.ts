import { z } from 'zod';
import { assertSees } from '../../kit/access.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { clientsName, id, idText, name } from '../../kit/shapes.ts';
import { Account, ACCOUNT_PERMISSIONS, MyAccount, myAccountViews } from '../../presenters/account.ts';
import type { MoneyHub } from '../hub.ts';
import type { Ordering } from '../intake/place-order.ts';
import { leverageInput, waitsNote, whileWaiting } from '../../trading/change-procedures.ts';
import { orderChange } from '../../trading/order-change.ts';
import { type AccountChange, changeAccount } from './change-account.ts';
import { openAccount } from './open-account.ts';
import { showAccount } from './show.ts';

const params = z.object({ accountId: idText() });
const leverage = () => z.int('must be a whole number').min(0).max(10_000);
const product = { productCurrencyId: id().optional(), productId: id().optional() };

const OpenBody = z.strictObject({
  clientId: id(),
  ...product,
  currencyCode: id().optional().meta({ description: 'Numeric code, with productId.' }),
  leverage: leverage().optional(),
  platformGroup: name(200).optional().meta({ description: "One of the product's groups; without it the first." }),
  caption: name(100).optional(),
});

const ChangeBody = z
  .strictObject({
    caption: name(100).optional(),
    permissions: z
      .array(z.enum(ACCOUNT_PERMISSIONS, `must be among ${ACCOUNT_PERMISSIONS.join(', ')}`))
      .max(ACCOUNT_PERMISSIONS.length)
      .transform((words) => [...new Set(words)])
      .optional(),
    leverage: leverageInput().optional(),
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
  caption: clientsName(100).optional(),
});

const ChangeMineBody = z
  .strictObject({
    caption: clientsName(100).optional(),
    favourite: z.boolean().optional(),
    leverage: leverageInput().optional(),
  })
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
      return showAccount(hub, call.actor, await openAccount(hub, call, call.body));
    },
  }),

  ...updateProcedures('/accounts/{accountId}', {
    summary: 'Change an account',
    description: waitsNote,
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.update',
    params,
    body: ChangeBody,
    answer: Account,
    ...whileWaiting,
    errors: [409],
    idempotent: true,
    handle: async (call) => {
      await change(hub, call, call.params.accountId, call.body);
      return showAccount(hub, call.actor, call.params.accountId);
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
    summary: 'Name or mark an account, or change its leverage',
    description: waitsNote,
    tags: ['My accounts'],
    access: 'client' as const,
    params,
    body: ChangeMineBody,
    answer: MyAccount,
    ...whileWaiting,
    errors: [409],
    idempotent: true,
    handle: async (call) => {
      await change(hub, call, call.params.accountId, call.body);
      return showMyAccount(hub, call.params.accountId);
    },
  }),
];

/** The leverage first: when the platform says no, nothing is changed. */
const change = async (
  hub: MoneyHub,
  call: Ordering,
  accountId: number,
  { leverage, ...own }: AccountChange & { leverage?: number | undefined },
): Promise<void> => {
  if (leverage !== undefined) await orderChange(hub, call, accountId, { wanted: { leverage } });
  if (Object.values(own).some((value) => value !== undefined))
    await changeAccount(hub, call.actor, accountId, own, call.requestId);
};

const showMyAccount = async ({ pool }: MoneyHub, accountId: number) =>
  (await myAccountViews(pool, [accountId])).get(accountId)!;
