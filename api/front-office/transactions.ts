import { MoneyTransaction, type MoneyTransactionRow } from '../../db/entities/money.ts';
import { NOT_NEW, accountIs } from '../back-office/lists/transactions.ts';
import { byWords } from '../kit/filters.ts';
import { resource } from '../kit/resource.ts';
import {
  TRANSACTION_STATUSES,
  TRANSACTION_TYPES,
  MyTransaction,
  myTransactionViews,
} from '../presenters/transaction.ts';

/** GET /my/transactions and /my/transactions/{transactionId}. */
export const myTransactions = resource({
  path: '/my/transactions',
  idParam: 'transactionId',
  noun: 'transaction',
  tag: 'My money',
  entity: MoneyTransaction,
  id: 'transactionId',
  access: 'client',
  clientProperty: 'clientId',
  listed: NOT_NEW,
  filters: {
    accountId: accountIs,
    status: byWords('status', TRANSACTION_STATUSES),
    type: byWords('type', TRANSACTION_TYPES),
  },
  sorts: { createTime: 'createTime', creditAmount: 'amount', debitAmount: 'amount' },
  read: MyTransaction,
  present: async (rows: MoneyTransactionRow[], { pool }) => {
    const views = await myTransactionViews(
      pool,
      rows.map((row) => row.transactionId),
    );
    return rows.flatMap((row) => views.get(row.transactionId) ?? []);
  },
});
