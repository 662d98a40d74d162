import { raw } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { Account as AccountEntity, type AccountRow } from '../../db/entities/money.ts';
import { byId, custom } from '../kit/filters.ts';
import { resource } from '../kit/resource.ts';
import { wordList } from '../kit/shapes.ts';
import { ACCOUNT_PERMISSIONS, MyAccount, myAccountViews } from '../presenters/account.ts';

/** GET /my/accounts and /my/accounts/{accountId}. Who waited for one that was not opened reads why; among those that he can use it does not stand. */
export const myAccounts = resource({
  path: '/my/accounts',
  idParam: 'accountId',
  noun: 'account',
  tag: 'My accounts',
  entity: AccountEntity,
  id: 'accountId',
  access: 'client',
  clientProperty: 'clientId',
  listed: { status: { $ne: 'failed' } },
  filters: {
    alphabeticCurrencyCode: custom(z.string().regex(/^[A-Z0-9-]{2,16}$/i, 'must be a currency code'), (code) => ({
      [raw(
        (alias) => `(select alphabetic_code from currency where numeric_code = ${alias}.currency)`,
      ) as unknown as string]: code.toUpperCase(),
    })),
    permissions: custom(wordList(ACCOUNT_PERMISSIONS), (words) => ({ permissions: { $contains: words } })),
    platformId: byId('platformId'),
  },
  read: MyAccount,
  present: async (rows: AccountRow[], { pool }) => {
    const views = await myAccountViews(
      pool,
      rows.map((row) => row.accountId),
    );
    return rows.flatMap((row) => views.get(row.accountId) ?? []);
  },
});
