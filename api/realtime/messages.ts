import type { RealtimeEvent } from '../../db/repositories/realtime-events.ts';
import { qrWord } from '../../db/repositories/qr-channels.ts';
import { isoTime } from '../kit/shapes.ts';
import { depositUuid, nextStepOf } from '../money/front-office/deposit-answers.ts';
import type { ApiDeps } from '../deps.ts';
import { myAccountViews } from '../presenters/account.ts';
import { myRequestViews } from '../presenters/my-request.ts';
import { type MyTransactionView, myTransactionViews } from '../presenters/transaction.ts';

/** What goes to an app: `42["{name}","{channel}",{payload}]`. */
export interface Message {
  name: string;
  payload: Record<string, unknown>;
}

/**
 * What events say to apps, as things are now and in the order of events (objects-front-office §6). What is gone meanwhile says nothing. Read with a few
 * statements, however many events there are.
 */
export const messagesOf = async (deps: ApiDeps, events: readonly RealtimeEvent[]): Promise<Message[][]> => {
  const about = (kind: RealtimeEvent['kind']) => [
    ...new Set(events.filter((one) => one.kind === kind).map((one) => Number(one.about))),
  ];
  const transactions = await myTransactionViews(deps.pool, about('transaction'));
  const ofThese = [...transactions.values()].flatMap(accountsIn);
  const accounts = await myAccountViews(deps.pool, [...about('account'), ...ofThese]);
  const requests = await myRequestViews(deps.pool, about('request'));
  const levels = await levelsOf(deps, about('level'));

  const accountUpdated = (accountId: number): Message[] => {
    const account = accounts.get(accountId);
    if (!account) return [];
    const { statement, opening } = account;
    return [{ name: 'account_updated', payload: { accountId, statement, opening } }];
  };
  const say = (event: RealtimeEvent): Message[] => {
    const id = Number(event.about);
    switch (event.kind) {
      case 'transaction': {
        const transaction = transactions.get(id);
        if (!transaction) return [];
        return [
          transactionUpdated(event, transaction),
          ...(transaction.type === 'deposit' ? ofDeposit(deps, event, transaction) : []),
          ...accountsIn(transaction).flatMap(accountUpdated),
        ];
      }
      case 'account':
        return accountUpdated(id);
      case 'request': {
        const request = requests.get(id);
        if (!request) return [];
        const { requestId, type, status, resolution } = request;
        return [{ name: 'request_updated', payload: { requestId, type, status, resolution } }];
      }
      case 'level': {
        const currentLevel = levels.get(id);
        return currentLevel ? [{ name: 'verification_updated', payload: { currentLevel } }] : [];
      }
      case 'qr':
        return [{ name: 'qr_authorized', payload: { token: qrWord(deps.ring, event.about, 'token') } }];
      case 'rights':
        return []; // Who must not listen any more is told before he is told anything.
    }
  };
  return events.map(say);
};

const accountsIn = ({ debitDetails, creditDetails }: MyTransactionView): number[] =>
  [debitDetails, creditDetails].flatMap((side) => (side ? [side.account.accountId] : []));

const transactionUpdated = ({ status, createTime }: RealtimeEvent, { transactionId, type }: MyTransactionView) => ({
  name: 'transaction_updated',
  payload: { transactionId, status, type, updateTime: isoTime(createTime) },
});

/** Statuses in which a deposit brings nothing any more. */
const FAILED: ReadonlySet<string | null> = new Set(['failed', 'rejected', 'cancelled']);

/** How an asynchronous deposit goes on, which POST /my/deposits could not yet say. */
const ofDeposit = (deps: ApiDeps, { status }: RealtimeEvent, transaction: MyTransactionView): Message[] => {
  const { transactionId, creditDetails, method, resolution } = transaction;
  const uuid = depositUuid(deps.settings, transactionId!);
  const outcome = {
    uuid,
    transactionId,
    status,
    accountId: creditDetails?.account.accountId ?? null,
    methodId: method?.id ?? null,
    message: status === 'done' ? null : resolution,
    action: null,
    transaction,
  };
  if (status === 'done') return [{ name: 'deposit_done', payload: outcome }];
  if (FAILED.has(status)) return [{ name: 'deposit_failed', payload: outcome }];
  const action = status === transaction.status ? nextStepOf(transaction) : null;
  return action ? [{ name: 'deposit_action', payload: { uuid, transactionId, action } }] : [];
};

const levelsOf = async (
  { pool }: ApiDeps,
  ids: readonly number[],
): Promise<Map<number, { id: number; name: string }>> => {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<{ id: number; name: string }>(
    `select id, name from verification_level where id = any($1::int[])`,
    [ids],
  );
  return new Map(rows.map((level) => [level.id, level]));
};
