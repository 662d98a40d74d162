import { add, normal } from '../../../domain/money.ts';
import type { ConformanceFacts } from '../../kit/conformance.ts';
import type { SandboxBookEntry, SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { DEFAULT_CURRENCIES, type VendorCurrency } from './config.ts';
import { Life } from './sandbox/life.ts';
import { renderDeposit, renderPayout, renderTransfer } from './sandbox/render.ts';
import { routes } from './sandbox/routes.ts';
import {
  CREDENTIALS,
  DEFAULT_SETTINGS,
  type Deposit,
  type Payout,
  type Settings,
  type State,
  type Transfer,
  currencyById,
  findOperation,
  freshState,
} from './sandbox/state.ts';

/**
 * A B2BINPAY of one's own, v3 and v2. What it does beyond the vendor's paths is in README.md: magic amounts, forced states,
 * settings. Each call makes a sandbox with its own state.
 */
export const b2binpaySandbox = (settings: Partial<Settings> = {}): SandboxModule => {
  let life: Life | undefined;
  let state: State = freshState({ ...DEFAULT_SETTINGS, ...settings });
  const lives = (): Life => {
    if (!life) throw new Error('the sandbox is not mounted');
    return life;
  };

  const show = (id: string) => {
    const of = findOperation(state, id);
    return {
      ...(of.kind === 'deposit' ? renderDeposit(state, of) : renderPayout(state, of)),
      transfers: state.transfers.filter((t) => t.of === of).map(renderTransfer),
    };
  };

  return {
    id: 'b2binpay',
    defaultConfig,
    // An enterprise wallet gives each client a permanent address instead of an invoice.
    demoConnections: (origin) => [
      { name: 'b2binpay', caption: 'B2BINPAY invoices', config: defaultConfig(origin) },
      {
        name: 'b2binpay-address',
        caption: 'B2BINPAY addresses',
        config: { ...defaultConfig(origin), walletId: '319', walletType: 'enterprise' },
      },
    ],
    mount: (lent) => {
      life = new Life(lent, () => state);
      return routes(lent, () => state, life);
    },
    reset: () => {
      state = freshState({ ...DEFAULT_SETTINGS, ...settings });
    },
    numberFrom: (since) => {
      const { deposit, payout, transfer } = state.nextId;
      state.nextId = { deposit: deposit + since * 100, payout: payout + since * 100, transfer: transfer + since * 100 };
    },
    pay: (id, { amount, currency, confirmations }) => {
      const deposit = findOperation(state, id);
      if (deposit.kind !== 'deposit') throw new Error('only deposits are paid');
      lives().pay(deposit, {
        ...(amount !== undefined && { amount: normal(amount) }),
        ...(currency !== undefined && { currency: currencyNamed(currency) }),
        ...(confirmations !== undefined && { confirmations }),
      });
      return show(deposit.id);
    },
    advance: (id, to) => {
      if (id === 'settings') {
        Object.assign(state.settings, JSON.parse(to) as Partial<Settings>);
        return state.settings;
      }
      const of = findOperation(state, id);
      force(lives(), state, of, to);
      return show(of.id);
    },
    books: () => books(state),
    things: () => things(state),
    conformance,
  };
};

const conformance: ConformanceFacts = {
  calls: {
    createDeposit: { method: 'POST', path: '/deposit/' },
    findDeposit: { method: 'GET', path: '/deposit/' },
    // The quote goes to /payout/calculate/ and carries no tracking id.
    createPayout: { method: 'POST', path: '/payout/', body: '"tracking_id"' },
    findPayout: { method: 'GET', path: '/payout/' },
    testConnection: { method: 'GET', path: '/wallet/' },
  },
  wrongCredentials: { clientSecret: 'some-other-client-secret' },
  callbacks: { signed: true, goodForMs: null },
  payments: {
    currency: { numericCode: 2145, alphabeticCode: 'USDT', minorUnit: 6 },
    // The wallet's.
    otherCurrency: null,
    flow: 'invoice',
    exact: '987654.321987',
    destination: { address: 'TSandboxBeneficiary1234567890abcd' },
  },
};

const defaultConfig = (origin: string) => ({
  profile: 'b2binpay',
  version: 'v3',
  environment: 'sandbox',
  baseUrl: `${origin}/b2binpay`,
  clientId: CREDENTIALS.clientId,
  clientSecret: CREDENTIALS.clientSecret,
  callbackSecret: CREDENTIALS.callbackSecret,
  walletId: '318',
  walletType: 'merchant',
  walletCurrency: '2145',
});

/** By their id, their alpha or the short name. */
const currencyNamed = (name: string): VendorCurrency => {
  const currency = currencyById(DEFAULT_CURRENCIES[name]?.id ?? name);
  if (!currency) throw new Error(`no currency '${name.slice(0, 20)}'`);
  return currency;
};

/**
 * `to`: 'approve', 'cancel' (payouts), 'return' (the sent payout comes back), 'expire' (deposits), 'status:5' (of the
 * object, told without signature), 'transfer:-2' (of its newest transfer, told with one), 'confirmations:7', and the words of
 * kit/conformance.ts.
 */
const force = (life: Life, state: State, of: ReturnType<typeof findOperation>, to: string): void => {
  const transfer = state.transfers.filter((t) => t.of === of && t.opType !== 9).at(-1);
  const [word, value] = to.split(':');
  const number = Number(value);
  if (word === 'unknown_word') forceUnknown(life, of, transfer);
  else if (word === 'approve' && of.kind === 'payout') life.approve(of);
  else if (word === 'cancel' && of.kind === 'payout') life.cancel(of);
  else if (word === 'expire' && of.kind === 'deposit') life.expire(of);
  else if (word === 'status' && Number.isInteger(number)) life.force(of, number);
  else if (!transfer) throw new Error(`it has no transfer, or '${to.slice(0, 40)}' is nothing it can be advanced to`);
  else if (word === 'return' || word === 'fail') life.fail(transfer, word === 'fail' ? 'failed' : 'returned');
  else if (word === 'other_amount') Object.assign(transfer, otherAmount(transfer));
  // An invoice may be paid in any coin: only what is sent has a currency it must be in.
  else if (word === 'other_currency' && of.kind === 'payout') transfer.currency = currencyNamed('TRX');
  else if (word === 'transfer' && Number.isInteger(number)) life.settle(transfer, number);
  else if (word === 'confirmations' && Number.isInteger(number)) life.confirm(transfer, number);
  else throw new Error(`'${to.slice(0, 40)}' is nothing it can be advanced to`);
};

const forceUnknown = (life: Life, of: Deposit | Payout, transfer: Transfer | undefined): void =>
  transfer ? life.settle(transfer, 99) : life.force(of, 99);

const otherAmount = ({ amount, amountTarget }: Transfer) => ({
  amount: add(amount, '1'),
  amountTarget: add(amountTarget, '1'),
});

const SHORT_NAMES = Object.fromEntries(Object.entries(DEFAULT_CURRENCIES).map(([name, { id }]) => [id, name]));

const things = (state: State): SandboxThing[] =>
  [...state.deposits, ...state.payouts]
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .map((of) => ({
      id: of.id,
      kind: of.kind,
      title: titleOf(of),
      state: wordOf(state, of),
      buttons:
        of.kind === 'deposit'
          ? of.status === 2
            ? [{ caption: 'Pay' }, { caption: 'Let it expire', to: 'expire' }]
            : []
          : of.status === 1
            ? [
                { caption: 'Approve', to: 'approve' },
                { caption: 'Refuse', to: 'cancel' },
              ]
            : [{ caption: 'Send it back', to: 'return' }],
    }));

const titleOf = (of: Deposit | Payout): string => {
  const amount = of.kind === 'deposit' ? of.requested : of.amount;
  return `${amount ?? 'any amount of'} ${SHORT_NAMES[(of.currency ?? of.wallet.currency).id]} for ${of.trackingId ?? 'nobody'}`;
};

const STATUSES = {
  deposit: { 2: 'created', 3: 'paid', 4: 'canceled', 5: 'unresolved' },
  payout: { 1: 'waits for approval', 2: 'approved', 3: 'canceled' },
} as const;

const wordOf = (state: State, of: Deposit | Payout): string => {
  const own = (STATUSES[of.kind] as Record<number, string>)[of.status] ?? String(of.status);
  const transfer = state.transfers.filter((t) => t.of === of && t.opType !== 9).at(-1);
  return transfer ? `${own}, transfer ${transfer.status}` : own;
};

/** Transfers that moved money: confirmed, under way, or come back after they were confirmed. */
const books = (state: State): SandboxBookEntry[] =>
  state.transfers
    .filter((t) => t.opType !== 9 && (t.status >= (t.opType === 1 ? 2 : 0) || wasReversed(t)))
    .map((t) => ({
      kind: t.of.kind,
      reference: t.of.trackingId ?? '',
      amount: t.opType === 1 ? t.amountTarget : t.amount,
      currency: SHORT_NAMES[(t.opType === 1 ? t.wallet.currency : t.currency).id]!,
      state: wasReversed(t) ? 'returned' : t.status === 2 ? 'succeeded' : 'processing',
      id: t.of.id,
      ...(t.opType === 1 && { fee: wasReversed(t) ? '0' : t.commission }),
    }));

const wasReversed = (transfer: Transfer): boolean =>
  transfer.status === -1 && transfer.confirmations > 0 && transfer.confirmations >= transfer.currency.blocks;
