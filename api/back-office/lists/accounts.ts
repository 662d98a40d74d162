import { raw } from '@mikro-orm/postgresql';
import { Account as AccountEntity, type AccountRow } from '../../../db/entities/money.ts';
import { byId, byWord, byWords, custom } from '../../kit/filters.ts';
import { PRODUCT_TYPES } from '../products/products.ts';
import { resource } from '../../kit/resource.ts';
import { idText } from '../../kit/shapes.ts';
import { Account, accountViews, maskAccount } from '../../presenters/account.ts';

/** GET /accounts and /accounts/{accountId}. */
export const accounts = resource({
  path: '/accounts',
  idParam: 'accountId',
  noun: 'account',
  tag: 'Accounts',
  entity: AccountEntity,
  id: 'accountId',
  permission: 'accounts',
  clientProperty: 'clientId',
  filters: {
    clientId: byId('clientId'),
    platformId: byId('platformId'),
    productId: custom(idText(), (id) => ({
      [raw(
        (alias) => `${alias}.product_currency_id in (select id from product_currency where product_id = ${id})`,
      ) as unknown as string]: [],
    })),
    accountNumber: byWord('accountNumber'),
    type: byWords('type', PRODUCT_TYPES),
  },
  read: Account,
  present: async (rows: AccountRow[], { pool }) => {
    const views = await accountViews(
      pool,
      rows.map((row) => row.accountId),
    );
    return rows.flatMap((row) => views.get(row.accountId) ?? []);
  },
  mask: maskAccount,
});
