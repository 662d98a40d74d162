import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Settings } from '../../../config/settings.ts';
import { wire, wireOrNull } from '../../../domain/money.ts';
import { isFinal, type Stage } from '../../../domain/stages.ts';
import { isoTime, money } from '../../kit/shapes.ts';
import type { ClientActionView } from '../../presenters/client-action.ts';
import { MyCurrency, currencyJson } from '../../presenters/currency.ts';
import { MyTransaction, type MyTransactionView } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';
import type { NewOrder } from '../../../activities/intake/new-order.ts';
import { depositAddressFor } from './deposit-address.ts';
import { showMyTransaction } from './show.ts';

const answer = <W extends string, D extends z.ZodType>(workflow: W, done: boolean, data: D) =>
  z.object({
    code: z.literal(202),
    data,
    done: z.literal(done),
    uuid: z.uuid(),
    workflow: z.literal(workflow),
  });

/** Where the client goes on; `params` are posted there by his browser. */
export const Redirect = z.object({
  url: z.string(),
  method: z.enum(['GET', 'POST']),
  params: z.record(z.string(), z.string()),
});

/** Null when the provider sends him nowhere. */
export const redirectOf = (action: ClientActionView | undefined): z.infer<typeof Redirect> | null => {
  if (action?.kind === 'redirect') return { url: action.url, method: 'GET', params: {} };
  if (action?.kind === 'form') return { url: action.url, method: 'POST', params: action.fields };
  return null;
};

const withTransaction = { transaction: MyTransaction };

/** What a deposit asks the client to do next (objects-front-office 4.1). */
export const DepositAnswer = z
  .discriminatedUnion('workflow', [
    answer('deposit_preview', false, z.object({ ...MyTransaction.shape, transactionId: z.null() })),
    answer('deposit_done', true, z.object(withTransaction)),
    answer('deposit_instruction', true, z.object({ ...withTransaction, html: z.string() })),
    answer('deposit_redirect', true, z.object({ ...withTransaction, redirect: Redirect })),
    answer(
      'deposit_address',
      true,
      z.object({
        transaction: z.null(),
        address: z.string(),
        destinationTag: z.string().nullable(),
        qr: z.string().nullable().meta({ description: 'A data URI; null where clients draw the code themselves.' }),
        minAmount: money().nullable(),
        confirmations: z.int().nullable(),
        currency: MyCurrency,
      }),
    ),
    answer('deposit_async', false, z.object({ transactionId: z.int(), status: z.string() })),
  ])
  .meta({ id: 'DepositAnswer' });

type DepositAnswerView = z.input<typeof DepositAnswer>;
const envelope = { code: 202 as const };

/** The transaction as it would be: nothing is stored. */
export const previewAnswer = async (hub: MoneyHub, order: NewOrder): Promise<DepositAnswerView> => {
  const account = await hub.myAccount(order.credit!.accountId);
  const { methodId: id, name, caption } = order.method!;
  return {
    ...envelope,
    data: {
      transactionId: null,
      type: 'deposit',
      status: 'new',
      creditDetails: {
        account,
        amount: wire(order.exchange ? (order.exchange.quote?.amount ?? '0') : order.amount),
        commission: wire(order.vendorCommission),
        currency: account.currency,
      },
      debitDetails: null,
      isCorrection: false,
      foreignExchangeRate: order.exchange ? wireOrNull(order.exchange.quote?.rate) : wire('1'),
      exchange: order.exchange && {
        paidAmount: wire(order.amount),
        paidCurrencyCode: order.currency.numericCode,
        receivedAmount: wireOrNull(order.exchange.quote?.amount),
        receivedCurrencyCode: order.exchange.currency.numericCode,
        expireTime: null, // nothing is kept: the order gets a rate of its own
        isFixed: false,
      },
      method: { id, name, caption },
      resolution: null,
      data: order.data,
      createTime: isoTime(new Date()),
      updateTime: null,
    },
    done: false,
    uuid: randomUUID(),
    workflow: 'deposit_preview',
  };
};

/** What the client must do about a deposit that was just placed, as far as the provider has said. */
export const placedAnswer = async (hub: MoneyHub, transactionId: number): Promise<DepositAnswerView> => {
  const { rows } = await hub.pool.query<{ stage: Stage; flow: string }>(
    `select t.stage, m.flow from money_transaction t join payment_method m on m.id = t.method_id where t.transaction_id = $1`,
    [transactionId],
  );
  const { stage, flow } = rows[0]!;
  const transaction = await showMyTransaction(hub, transactionId);
  const uuid = depositUuid(hub.deps.settings, transactionId);
  const next = nextStepOf(transaction);
  if (next) return { ...envelope, ...next, done: true, uuid };
  const isToldLater = stage === 'created' || (flow !== 'manual' && !isFinal(stage));
  if (isToldLater) return asyncAnswer(hub, transactionId, transaction.status);
  return { ...envelope, data: { transaction }, done: true, uuid, workflow: 'deposit_done' };
};

/** Where the client goes on with a deposit, or what he reads; null: nothing is left for him to do. */
export const nextStepOf = (transaction: MyTransactionView) => {
  const action = transaction.data?.action;
  const redirect = redirectOf(action);
  if (redirect) return { workflow: 'deposit_redirect' as const, data: { transaction, redirect } };
  if (action?.kind !== 'instruction') return null;
  return { workflow: 'deposit_instruction' as const, data: { transaction, html: action.html } };
};

export const asyncAnswer = (
  { deps: { settings } }: MoneyHub,
  transactionId: number,
  status = 'inProgress',
): DepositAnswerView => ({
  ...envelope,
  data: { transactionId, status: status === 'new' ? 'inProgress' : status },
  done: false,
  uuid: depositUuid(settings, transactionId),
  workflow: 'deposit_async',
});

/** Of names that are addresses (RFC 9562 §6.6). */
const URLS = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** What the answer to the order and the events about it have in common: a version 5 UUID, so that nobody has to keep it. */
export const depositUuid = ({ publicUrl }: Pick<Settings, 'publicUrl'>, transactionId: number): string => {
  const bytes = createHash('sha1')
    .update(URLS)
    .update(`${publicUrl}/deposits/${transactionId}`)
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

export const addressAnswer = async (
  hub: MoneyHub,
  ...[call, request]: Parameters<typeof depositAddressFor> extends [unknown, ...infer Rest] ? Rest : never
): Promise<DepositAnswerView> => {
  const given = await depositAddressFor(hub, call, request);
  const { rows } = await hub.pool.query<{ currency: z.infer<typeof MyCurrency> }>(
    `select ${currencyJson('cur')} as currency from currency cur where numeric_code = $1`,
    [given.currency.numericCode],
  );
  return {
    ...envelope,
    data: {
      transaction: null,
      address: given.address!,
      destinationTag: given.destinationTag,
      qr: null,
      minAmount: given.minAmount === null ? null : wire(given.minAmount),
      confirmations: null,
      currency: rows[0]!.currency,
    },
    done: true,
    uuid: randomUUID(),
    workflow: 'deposit_address',
  };
};
