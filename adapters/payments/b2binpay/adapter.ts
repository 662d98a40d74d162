import { equal, normal } from '../../../domain/money.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { notOurs } from '../../kit/answers.ts';
import { type Resource, relatedId } from '../../kit/json-api.ts';
import { isObject, word } from '../../kit/json.ts';
import type { CurrencyOfOrder, DepositOrder, PaymentAdapter, PayoutOrder, ProviderRef } from '../../kit/payments.ts';
import { type Context, KEY_WAS_USED, ask, create, getAll, getOne } from './client.ts';
import type { B2binpayConfig } from './config.ts';
import { DEPOSIT_OPERATIONS, depositReport } from './deposit-map.ts';
import { PAYOUT_OPERATIONS, amountOf, currencyTarget, idempotencyKey, labelFor, payoutReport, tagType } from './map.ts';
import { webhook } from './webhook.ts';

const link = (type: string, id: string) => ({ data: { type, id } });

/** Their id for the order's currency. */
const vendorCurrency = (config: B2binpayConfig, currency: CurrencyOfOrder): string => {
  const target = currencyTarget(config, currency.alphabeticCode);
  if (target?.numericCode === currency.numericCode) return target.id;
  throw new HubFailure(
    'Unsupported',
    'currency_mismatch',
    `This B2BINPAY connection does not map ${currency.alphabeticCode}`,
  );
};

const createDeposit = async (ctx: Context, order: DepositOrder) => {
  const { config } = ctx;
  const currency = vendorCurrency(config, order.currency);
  if (currency !== config.walletCurrency) {
    throw new HubFailure(
      'Unsupported',
      'currency_mismatch',
      `Wallet ${config.walletId} is not kept in ${order.currency.alphabeticCode}`,
    );
  }
  if (order.flow === 'invoice' && config.walletType !== 'merchant') {
    throw new HubFailure('Unsupported', 'unsupported', 'Only Merchant wallets have invoices');
  }
  const created = await create(ctx, '/deposit/', {
    type: 'deposit',
    attributes: {
      label: labelFor(order.label),
      tracking_id: order.reference,
      callback_url: ctx.callbackUrl,
      ...(config.confirmationsNeeded !== undefined && { confirmations_needed: config.confirmationsNeeded }),
      ...(order.flow === 'invoice' && invoiceAttributes(config, order)),
    },
    relationships: {
      wallet: link('wallet', config.walletId),
      // Left out of an invoice: the payer chooses the coin on the page, and we get the wallet's currency.
      ...(order.flow === 'address' && { currency: link('currency', currency) }),
    },
  });
  assertOurs(created, order.reference, config);
  const requested = amountOf(created.attributes.target_amount_requested, 'target_amount_requested') ?? '0';
  if (!equal(requested, order.flow === 'invoice' ? (order.amount ?? '0') : '0'))
    throw notOurs('B2BINPAY', 'the invoice is for another amount');
  return depositReport(created, [], config);
};

const invoiceAttributes = (config: B2binpayConfig, order: DepositOrder) => {
  if (order.amount === null)
    throw new HubFailure('InvalidInput', 'validation', 'An invoice needs an amount', { field: 'amount' });
  return {
    target_amount_requested: normal(order.amount),
    inaccuracy: config.inaccuracy,
    time_limit: config.timeLimitSeconds * (config.timeLimitUnit === 'ms' ? 1000 : 1),
    ...(order.returnUrl !== undefined && {
      payment_page_redirect_url: order.returnUrl,
      payment_page_button_text: config.paymentPageButtonText,
    }),
  };
};

const findDeposit = async (ctx: Context, ref: ProviderRef) => {
  const deposit = await find(ctx, 'deposit', ref);
  if (!deposit) return null;
  return depositReport(deposit, await transfersOf(ctx, deposit, DEPOSIT_OPERATIONS), ctx.config);
};

/** Quote, then order. Their fee grades are low, medium and high: medium. */
const createPayout = async (ctx: Context, order: PayoutOrder) => {
  const { config } = ctx;
  const currency = vendorCurrency(config, order.currency);
  const relationships = { wallet: link('wallet', config.walletId), currency: link('currency', currency) };
  const amount = normal(order.amount);
  const { address, tag } = order.destination;
  const quote = await ask(ctx, '/payout/calculate/', {
    type: 'payout-calculation',
    attributes: { amount, to_address: address },
    relationships,
  });
  const draft = {
    type: 'payout',
    attributes: {
      label: labelFor(order.label),
      amount,
      address,
      tag: tag ?? null,
      tag_type: tagType(currency, tag),
      fee_amount: isObject(quote.attributes.fee) ? word(quote.attributes.fee.medium) || '0' : '0',
      // The beneficiary gets `amount`, and they refuse `true` for most coins.
      is_fee_included: false,
      tracking_id: order.reference,
      ...(config.confirmationsNeeded !== undefined && { confirmations_needed: config.confirmationsNeeded }),
      callback_url: ctx.callbackUrl,
    },
    relationships,
  };
  const key = { 'idempotency-key': idempotencyKey(order.reference) };
  const payout = await create(ctx, '/payout/', draft, key).catch(async (error: unknown) => {
    const repeated = error instanceof HubFailure && error.facts.providerCode === KEY_WAS_USED;
    if (!repeated) throw error;
    // They took this order before and do not say how: the object tells. Not finding it proves nothing.
    const known = await find(ctx, 'payout', { reference: order.reference }).catch(() => null);
    if (known) return known;
    throw new HubFailure(
      'OutcomeUnknown',
      'provider_outcome_unknown',
      'B2BINPAY took this payout before, but does not show it',
      {
        providerCode: KEY_WAS_USED,
      },
    );
  });
  assertOurs(payout, order.reference, config);
  if (relatedId(payout, 'currency') !== currency)
    throw notOurs('B2BINPAY', 'the payout is in another currency', 'currency_mismatch');
  if (!equal(amountOf(payout.attributes.amount, 'amount') ?? '0', amount))
    throw notOurs('B2BINPAY', 'the payout is for another amount');
  // Its transfer is read by findPayout: a failed read here would blur a write that is certain.
  return payoutReport(payout, null, config);
};

const findPayout = async (ctx: Context, ref: ProviderRef) => {
  const payout = await find(ctx, 'payout', ref);
  if (!payout) return null;
  const [transfer, ...more] = await transfersOf(ctx, payout, PAYOUT_OPERATIONS);
  if (more.length > 0) throw notOurs('B2BINPAY', 'one payout has several transfers');
  if (transfer && relatedId(transfer, 'currency') !== relatedId(payout, 'currency')) {
    throw notOurs('B2BINPAY', 'the payout was sent in another currency', 'currency_mismatch');
  }
  return payoutReport(payout, transfer ?? null, ctx.config);
};

/** By their id, else by our reference in this wallet. Null: they clearly know no such object. */
const find = async (
  ctx: Context,
  type: 'deposit' | 'payout',
  { reference, providerId }: ProviderRef,
): Promise<Resource | null> => {
  const known = providerId === undefined ? null : await getOne(ctx, `/${type}/${encodeURIComponent(providerId)}`);
  if (known && strangeness(known, reference, ctx.config) === null) return known;
  const listed = await getAll(ctx, `/${type}/`, { tracking_id: reference });
  const ours = listed.filter((item) => word(item.attributes.tracking_id) === reference);
  const [only, ...more] = ours;
  // The id may come from a callback that nobody signed: it may lead elsewhere as long as our reference leads home.
  if (!only && known) assertOurs(known, reference, ctx.config);
  if (!only) return null;
  // tracking_id is not unique over there, ours is: a second object means that something else speaks with this account.
  if (more.length > 0) throw notOurs('B2BINPAY', `${ours.length} objects carry one tracking id`);
  assertOurs(only, reference, ctx.config);
  return only;
};

/** In the order they were made. */
const transfersOf = async (ctx: Context, parent: Resource, operations: ReadonlySet<string>): Promise<Resource[]> => {
  const transfers = await getAll(ctx, '/transfer/', { op_id: parent.id });
  return transfers
    .filter(({ attributes }) => word(attributes.op_id) === parent.id && operations.has(word(attributes.op_type)))
    .map((transfer) => {
      if (relatedId(transfer, 'wallet') === ctx.config.walletId) return transfer;
      throw notOurs('B2BINPAY', 'a transfer belongs to another wallet');
    })
    .toSorted((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
};

const strangeness = (object: Resource, reference: string, config: B2binpayConfig): string | null => {
  if (word(object.attributes.tracking_id) !== reference) return `the ${object.type} carries another tracking id`;
  if (relatedId(object, 'wallet') !== config.walletId) return `the ${object.type} belongs to another wallet`;
  return null;
};

const assertOurs = (object: Resource, reference: string, config: B2binpayConfig): void => {
  const strange = strangeness(object, reference, config);
  if (strange !== null) throw notOurs('B2BINPAY', strange);
};

const WALLET_TYPES = { merchant: '1', enterprise: '2' };

const testConnection = async (ctx: Context): Promise<void> => {
  const { walletId, walletType, walletCurrency } = ctx.config;
  const wallet = await getOne(ctx, `/wallet/${walletId}`);
  const wrong = !wallet
    ? 'does not exist'
    : word(wallet.attributes.status) !== '3'
      ? 'is not active'
      : word(wallet.attributes.type) !== WALLET_TYPES[walletType]
        ? `is no ${walletType} wallet`
        : relatedId(wallet, 'currency') !== walletCurrency
          ? `is not kept in ${walletCurrency}`
          : null;
  if (wrong) throw new HubFailure('Config', 'provider_misconfigured', `B2BINPAY wallet ${walletId} ${wrong}`);
};

export const adapter: PaymentAdapter<B2binpayConfig> = {
  createDeposit,
  findDeposit,
  createPayout,
  findPayout,
  testConnection,
  webhook,
};
