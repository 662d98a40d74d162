import type { PaymentExample } from '../../../adapters/kit/conformance.ts';
import type { AdapterContext } from '../../../adapters/kit/context.ts';
import type {
  CurrencyOfOrder,
  DepositOrder,
  DepositReport,
  Payer,
  PaymentAdapter,
  PayoutOrder,
  PayoutReport,
  RefundOrder,
} from '../../../adapters/kit/payments.ts';
import { brief, type Bench as AnyBench } from '../bench.ts';
import { doesNotApply, must } from '../case.ts';

export type Bench = AnyBench<'payments'>;
type Full = Required<Omit<PaymentAdapter, 'webhook'>>;

/** Personal data that must appear nowhere but on the wire. */
export const PAYER: Payer = {
  clientId: '7',
  locale: 'en_US',
  firstName: 'Zeldaquin',
  lastName: 'Quixwoodsen',
  email: 'zeldaquin.quixwoodsen@canary.example',
  phone: '+35799173651',
  country: 'CY',
  city: 'Limassol',
  birthday: '1987-11-23',
};

const DEPOSIT_WORDS = [
  'deposit.redirect',
  'deposit.form_post',
  'deposit.address',
  'deposit.hosted_invoice',
  'deposit.instruction',
  'deposit.custom_fields',
];

/** The adapter with every power; whether it has one is asked by `takesDeposits` and the like before. */
export const verbs = (bench: Bench): Full => bench.adapter as Full;

export const takesDeposits = (bench: Bench): void => {
  if (!bench.can(...DEPOSIT_WORDS)) doesNotApply('takes no deposits');
  example(bench);
  if (!verbs(bench).createDeposit) must(false, 'the manifest has a deposit word, and the adapter no createDeposit');
};
export const makesPayouts = (bench: Bench): void => {
  if (!bench.can('payout')) doesNotApply('makes no payouts');
  example(bench);
};
export const makesRefunds = (bench: Bench): void => {
  if (!bench.can('refund')) doesNotApply('makes no refunds');
  takesDeposits(bench);
};
export const findsByReference = (bench: Bench): boolean => bench.can('status.byReference');

export const example = (bench: Bench): PaymentExample =>
  bench.fact(
    'payments',
    "say what an order looks like, e.g. { currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 }, flow: 'invoice', exact: '12345.67' }",
  );

/** '25' and a magic minor part. */
export const magic = (minor: string): string => `25.${minor}`;

export const depositOrder = (bench: Bench, amount = magic('00'), currency = example(bench).currency): DepositOrder => {
  const { flow } = example(bench);
  if (!flow)
    return bench.missing(
      'payments.flow',
      "the manifest has a deposit word, so say which deposits the default settings take: 'invoice' or 'address'",
    );
  return {
    reference: bench.reference(),
    flow,
    amount: flow === 'address' ? null : amount,
    currency,
    label: 'Client 7',
    returnUrl: 'https://crm.example/back',
    payer: PAYER,
  };
};

/** A deposit the payer was sent to. `amount` is also what is paid later to an address. */
export const openDeposit = async (
  bench: Bench,
  ctx: AdapterContext,
  amount = magic('00'),
  currency?: CurrencyOfOrder,
) => {
  const order = depositOrder(bench, amount, currency);
  const report = await verbs(bench).createDeposit(ctx, order);
  return { order, amount, report };
};

/** The payer pays: what the invoice asks for (so that its magic works), or `amount` to an address. */
export const pay = async (
  bench: Bench,
  { order, amount, report }: { order: DepositOrder; amount: string; report: DepositReport },
) => {
  if (!bench.control.vendor.pay) must(false, 'the sandbox has no `pay`: add it, it acts as the payer');
  await bench.control.pay(report.providerId, order.flow === 'address' ? { amount } : {});
};

export const paidDeposit = async (
  bench: Bench,
  ctx: AdapterContext,
  amount = magic('00'),
  currency?: CurrencyOfOrder,
) => {
  const deposit = await openDeposit(bench, ctx, amount, currency);
  await pay(bench, deposit);
  const found = await settledDeposit(bench, ctx, deposit.order.reference, deposit.report.providerId);
  return { ...deposit, found };
};

const LOOKS = 6;

/** What the vendor's documents have a word for must not read as a word nobody documented. */
const isKnown = ({ unknownWord, ...report }: DepositReport | PayoutReport): void =>
  must(unknownWord !== true, `the adapter does not know a word of the vendor's: ${brief(report)}`);

/** Looks until it is final, a tick of the vendor's between two looks. */
export const settledDeposit = async (
  bench: Bench,
  ctx: AdapterContext,
  reference: string,
  providerId: string,
): Promise<DepositReport> => {
  for (let looks = 1; ; looks++) {
    const report = await verbs(bench).findDeposit(ctx, { reference, providerId });
    must(report, `findDeposit answers null for a deposit that is there`);
    isKnown(report);
    if (looks === LOOKS || !['awaiting_payer', 'seen', 'processing'].includes(report.state)) return report;
    await bench.control.advanceClock('2s');
  }
};

export const settledPayout = async (
  bench: Bench,
  ctx: AdapterContext,
  reference: string,
  providerId: string,
): Promise<PayoutReport> => {
  for (let looks = 1; ; looks++) {
    const report = await verbs(bench).findPayout(ctx, { reference, providerId });
    must(report, `findPayout answers null for a payout that is there`);
    isKnown(report);
    if (looks === LOOKS || !['awaiting_approval', 'processing'].includes(report.state)) return report;
    await bench.control.advanceClock('2s');
  }
};

export const payoutOrder = (bench: Bench, amount = magic('00'), currency = example(bench).currency): PayoutOrder => {
  const { destination } = example(bench);
  if (!destination)
    return bench.missing(
      'payments.destination',
      "the manifest says 'payout', so say where one may go: { address: '…' }, with `tag` or `fields` where the vendor wants them",
    );
  return { reference: bench.reference(), amount, currency, label: 'Client 7', destination, payer: PAYER };
};

export const openPayout = async (
  bench: Bench,
  ctx: AdapterContext,
  amount = magic('00'),
  currency?: CurrencyOfOrder,
) => {
  const order = payoutOrder(bench, amount, currency);
  const report = await verbs(bench).createPayout(ctx, order);
  return { order, report };
};

export const refundOrder = async (bench: Bench, ctx: AdapterContext, amount = magic('00')): Promise<RefundOrder> => {
  const { order, report, found } = await paidDeposit(bench, ctx, amount);
  must(found.state === 'succeeded', `a paid deposit is ${found.state}: ${brief(found)}`);
  return {
    reference: bench.reference(),
    deposit: { reference: order.reference, providerId: report.providerId },
    amount,
    currency: order.currency,
  };
};
