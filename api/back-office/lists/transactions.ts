import { raw } from '@mikro-orm/postgresql';
import { MoneyTransaction, type MoneyTransactionRow } from '../../../db/entities/money.ts';
import { type Filter, byId, byWord, byWords, custom } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { flagText, idText, name } from '../../kit/shapes.ts';
import {
  TRANSACTION_STATUSES,
  TRANSACTION_TYPES,
  Transaction,
  maskTransaction,
  transactionViews,
} from '../../presenters/transaction.ts';

/** B2Core lists nothing of status `new`. Whoever was given its id may ask what becomes of it: it stays so while its provider says nothing. */
export const NOT_NEW = { status: { $ne: 'new' } };

export const accountIs: Filter = custom(idText(), (id) => ({ $or: [{ debitAccountId: id }, { creditAccountId: id }] }));

const numbered = (column: 'debit_account_id' | 'credit_account_id') =>
  custom(name(64), (number) => ({
    [raw((alias) => `(select account_number from account where account_id = ${alias}.${column})`) as unknown as string]:
      number,
  }));

/** GET /transactions and /transactions/{transactionId}. */
export const transactions = resource({
  path: '/transactions',
  idParam: 'transactionId',
  noun: 'transaction',
  tag: 'Transactions',
  entity: MoneyTransaction,
  id: 'transactionId',
  permission: 'transactions',
  clientProperty: 'clientId',
  listed: NOT_NEW,
  filters: {
    accountId: accountIs,
    debitAccountNumber: numbered('debit_account_id'),
    creditAccountNumber: numbered('credit_account_id'),
    status: byWords('status', TRANSACTION_STATUSES),
    type: byWords('type', TRANSACTION_TYPES),
    clientId: byId('clientId'),
    methodId: byId('methodId'),
    currencyCode: byId('currency'),
    providerId: byWord('providerId'),
    needsHuman: custom(flagText(), (needs) => ({ needsHuman: needs ? { $ne: null } : null })),
  },
  sorts: { createTime: 'createTime', creditAmount: 'amount', debitAmount: 'amount' },
  read: Transaction,
  present: async (rows: MoneyTransactionRow[], { pool }) => {
    const views = await transactionViews(
      pool,
      rows.map((row) => row.transactionId),
    );
    return rows.flatMap((row) => views.get(row.transactionId) ?? []);
  },
  mask: maskTransaction,
});
