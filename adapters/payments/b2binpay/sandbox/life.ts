import { randomBytes } from 'node:crypto';
import { type Amount, add, compare, percentOf, round, subtract, sum } from '../../../../domain/money.ts';
import type { SandboxDesk } from '../../../kit/sandbox.ts';
import type { VendorCurrency } from '../config.ts';
import { tell } from './callbacks.ts';
import {
  type Deposit,
  type Payout,
  type State,
  type Transfer,
  convert,
  currencyById,
  magicOf,
  takeId,
} from './state.ts';

const DAY = 86_400_000;
const COMMISSION_PERCENT = '0.4';

/** What money does over there: arrives, is confirmed, fails, is blocked, comes back. Amounts decide by their magic minor part. */
export class Life {
  readonly #desk: SandboxDesk;
  readonly #state: () => State;

  constructor(desk: SandboxDesk, state: () => State) {
    this.#desk = desk;
    this.#state = state;
  }

  // Deposits ---------------------------------------------------------------------------------------------------------

  /** A payer pays. Without an amount: what is requested, times what the magic says. */
  pay(deposit: Deposit, how: { amount?: string; currency?: VendorCurrency; confirmations?: number }): Transfer | null {
    const { wallet } = deposit;
    const currency = how.currency ?? deposit.currency ?? wallet.currency;
    const requested = deposit.requested;
    if (how.amount === undefined && requested === null) throw new Error('an open address needs an amount to be paid');
    const magic = magicOf(requested ?? how.amount!);
    if (magic === '06' && requested !== null && how.amount === undefined) {
      this.expire(deposit);
      return null;
    }
    const amount = how.amount ?? scaled(convert(requested!, wallet.currency, currency, 'up'), magic, currency);
    const amountTarget = convert(amount, currency, wallet.currency, 'down');
    const commission = round(percentOf(amount, COMMISSION_PERCENT), currency.exp, 'up');
    const transfer = this.#transfer(deposit, 1, currency, { amount, amountTarget, commission, silent: magic === '11' });
    const needed = how.confirmations ?? currency.blocks;

    if (magic === '02') this.fail(transfer, 'rejected by the network');
    else if (magic === '03') this.fail(transfer, 'insufficient funds of the sender');
    else if (magic === '08') this.block(transfer);
    else if (magic === '10') transfer.riskStatus = 2;
    else if (magic === '01') this.#after(transfer, 2, () => this.confirm(transfer, needed));
    else this.confirm(transfer, needed);
    if (magic === '07') this.#desk.later(DAY, () => this.fail(transfer, 'reversed'));
    return transfer;
  }

  /** Its time is over: `Canceled` when nothing came, `Unresolved` when too little did. */
  expire(deposit: Deposit): void {
    if (deposit.status !== 2) return;
    const paid = this.#state().transfers.some((t) => t.of === deposit && t.status >= 0);
    this.force(deposit, paid ? 5 : 4);
  }

  /** Sets the status; what is not paid in the regular way is told without transfer and signature. */
  force(of: Deposit | Payout, status: number): void {
    of.status = status;
    tell(this.#desk, this.#state(), of, null);
  }

  // Payouts ----------------------------------------------------------------------------------------------------------

  /** Called once the payout exists. Its money leaves the wallet now. */
  begin(payout: Payout): void {
    payout.wallet.balance = subtract(payout.wallet.balance, payout.amount);
    const magic = magicOf(payout.amount);
    if (magic === '06') this.#after(payout, 2, () => this.cancel(payout));
    if (payout.status !== 2) return;
    this.#after(payout, 0, () => this.dispatch(payout));
    this.#desk.later(20, () => this.tickOf(payout, 0));
  }

  dispatch(payout: Payout): void {
    const magic = magicOf(payout.amount);
    const { currency, feeAmount } = payout;
    const amount = scaled(payout.amount, magic, currency);
    const fee = currency.parent === undefined ? feeAmount : '0';
    const transfer = this.#transfer(payout, 2, currency, { amount, amountTarget: amount, fee, silent: magic === '11' });
    const chain = currency.parent === undefined ? undefined : currencyById(currency.parent);
    if (chain) {
      const cost = this.#transfer(payout, 9, chain, { amount: feeAmount, amountTarget: feeAmount, silent: true });
      cost.wallet = this.#state().wallets.find((w) => w.currency === chain) ?? payout.wallet;
      cost.status = 2;
    }
    if (magic === '02') this.fail(transfer, 'rejected by the network');
    else if (magic === '08') this.block(transfer);
    else if (magic === '01') this.#after(payout, 2, () => this.confirm(transfer, currency.blocks));
    else this.confirm(transfer, currency.blocks);
    if (magic === '07') this.#desk.later(DAY, () => this.fail(transfer, 'returned'));
  }

  approve(payout: Payout): void {
    if (payout.status !== 1) throw new Error('it does not wait for approval');
    payout.status = 2;
    this.#state().waiting.delete(payout);
    this.dispatch(payout);
  }

  /** Not approved in time, or refused by a person. */
  cancel(payout: Payout): void {
    if (payout.status !== 1) throw new Error('it does not wait for approval');
    payout.wallet.balance = add(payout.wallet.balance, payout.amount);
    this.#state().waiting.delete(payout);
    this.force(payout, 3);
  }

  // Transfers --------------------------------------------------------------------------------------------------------

  /** So many confirmations are there: one callback at the number asked for, one when it is final. */
  confirm(transfer: Transfer, confirmations: number): void {
    const { of, currency } = transfer;
    const asked = of.confirmationsNeeded;
    if (transfer.status !== 0 && transfer.status !== 1) return;
    transfer.status = 1;
    if (asked !== null && asked < currency.blocks && confirmations >= asked && !transfer.toldUserConfirmation) {
      transfer.confirmations = asked;
      transfer.toldUserConfirmation = true;
      this.#changed(transfer);
    }
    transfer.confirmations = Math.min(confirmations, currency.blocks);
    if (confirmations < currency.blocks) return;
    this.settle(transfer, 2);
  }

  fail(transfer: Transfer, why: string): void {
    transfer.userMessage = why;
    this.settle(transfer, -1);
  }

  block(transfer: Transfer): void {
    Object.assign(transfer, { risk: 95, riskStatus: 3 });
    this.settle(transfer, -2);
  }

  /** Any status, with what it does to wallet and deposit, and the callback. */
  settle(transfer: Transfer, status: number): void {
    const { of, wallet } = transfer;
    const was = transfer.status;
    transfer.status = status;
    let overOrLate = false;
    if (of.kind === 'deposit') {
      const worth = subtract(transfer.amountTarget, transfer.commission);
      if (status === 2 && was !== 2) wallet.balance = add(wallet.balance, worth);
      if (status !== 2 && was === 2) wallet.balance = subtract(wallet.balance, worth);
      if (status === 2 && was !== 2) overOrLate = this.#judge(of);
    } else if (status < 0 && was >= 0) {
      wallet.balance = add(wallet.balance, of.amount);
    }
    this.#changed(transfer);
    if (overOrLate && !transfer.silent) tell(this.#desk, this.#state(), of, null);
  }

  // Ticks ------------------------------------------------------------------------------------------------------------

  /** One look at the object counts as one tick, for its payments too. */
  tickOf(of: Deposit | Payout, ticks = 1): void {
    for (const what of [...this.#state().waiting.keys()])
      if (what === of || ('of' in what && what.of === of)) this.#tick(what, ticks);
  }

  #tick(what: Deposit | Payout | Transfer, ticks: number): void {
    const entry = this.#state().waiting.get(what);
    if (!entry) return;
    entry.ticks -= ticks;
    if (entry.ticks > 0) return;
    this.#state().waiting.delete(what);
    entry.run();
  }

  tick(now: number): void {
    const state = this.#state();
    const seconds = Math.floor((now - state.lastTick) / 1000);
    if (seconds < 1) return;
    state.lastTick += seconds * 1000;
    // A copy: what runs may wait again, and must not be met twice.
    const waiting = [...state.waiting.keys()];
    for (const what of waiting) this.#tick(what, seconds);
  }

  #after(what: Deposit | Payout | Transfer, ticks: number, run: () => void): void {
    this.#state().waiting.set(what, { ticks, run });
  }

  /** True when the invoice went to `Unresolved`: too much, too late, or again. */
  #judge(deposit: Deposit): boolean {
    if (deposit.requested === null) return false;
    const paid = sum(
      this.#state()
        .transfers.filter((t) => t.of === deposit && t.status === 2)
        .map((t) => t.amountTarget),
    );
    const late = deposit.expiresAt !== null && this.#desk.now() > deposit.expiresAt;
    const over = compare(paid, add(deposit.requested, deposit.inaccuracy)) > 0;
    if (deposit.status !== 2 || late || over) deposit.status = 5;
    else if (compare(paid, subtract(deposit.requested, deposit.inaccuracy)) >= 0) deposit.status = 3;
    return deposit.status === 5;
  }

  #changed(transfer: Transfer): void {
    transfer.updatedAt = this.#desk.now();
    tell(this.#desk, this.#state(), transfer.of, transfer);
  }

  #transfer(
    of: Deposit | Payout,
    opType: Transfer['opType'],
    currency: VendorCurrency,
    facts: { amount: Amount; amountTarget: Amount; commission?: Amount; fee?: Amount; silent: boolean },
  ): Transfer {
    const state = this.#state();
    const now = this.#desk.now();
    const transfer: Transfer = {
      id: takeId(state, 'transfer'),
      of,
      opType,
      wallet: of.wallet,
      currency,
      commission: '0',
      fee: '0',
      ...facts,
      txid: `0x${randomBytes(32).toString('hex')}`,
      status: opType === 1 ? 1 : 0,
      confirmations: 0,
      risk: 0,
      riskStatus: 1,
      userMessage: null,
      createdAt: now,
      updatedAt: now,
      toldUserConfirmation: false,
    };
    state.transfers.push(transfer);
    return transfer;
  }
}

const scaled = (amount: Amount, magic: string, currency: VendorCurrency): Amount =>
  magic === '04' || magic === '05'
    ? round(percentOf(amount, magic === '04' ? '60' : '120'), currency.exp, 'down')
    : amount;
