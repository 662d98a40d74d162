import { randomBytes } from 'node:crypto';
import { type Amount, add, compare, percentOf, round, subtract, sum } from '../../../../domain/money.ts';
import { magicOf, paidOf } from '../../../kit/sandbox-psp.ts';
import { callBack } from '../../../kit/sandbox-wire.ts';
import type { SandboxDesk } from '../../../kit/sandbox.ts';
import type { VendorCurrency } from '../config.ts';
import { callbackOf } from './render.ts';
import {
  type Deposit,
  MINUTE,
  type Payout,
  type State,
  type Transfer,
  convert,
  currencyById,
  takeId,
} from './state.ts';

const DAY = 1440 * MINUTE;
/** Two ticks of theirs. */
const SLOW = 2000;
const COMMISSION_PERCENT = '0.4';
/** Their interval and cap are not published. */
const RETRIES = [1, 5, 15, 60, 360, 1440].map((minutes) => minutes * MINUTE);

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
    const amount = how.amount ?? paidOf(convert(requested!, wallet.currency, currency, 'up'), currency.exp, magic);
    const amountTarget = convert(amount, currency, wallet.currency, 'down');
    const commission = round(percentOf(amount, COMMISSION_PERCENT), currency.exp, 'up');
    const transfer = this.#transfer(deposit, 1, currency, { amount, amountTarget, commission, silent: magic === '11' });
    const needed = how.confirmations ?? currency.blocks;

    if (magic === '02') this.fail(transfer, 'rejected by the network');
    else if (magic === '03') this.fail(transfer, 'insufficient funds of the sender');
    else if (magic === '08') this.block(transfer);
    else if (magic === '10') transfer.riskStatus = 2;
    else if (magic === '01') this.#desk.later(SLOW, () => this.confirm(transfer, needed));
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
    this.#tell(of, null);
  }

  // Payouts ----------------------------------------------------------------------------------------------------------

  /** Called once the payout exists. Its money leaves the wallet now. */
  begin(payout: Payout): void {
    payout.wallet.balance = subtract(payout.wallet.balance, payout.amount);
    const magic = magicOf(payout.amount);
    if (magic === '06') this.#desk.later(SLOW, () => payout.status === 1 && this.cancel(payout));
    if (payout.status === 2) this.dispatch(payout);
  }

  dispatch(payout: Payout): void {
    const magic = magicOf(payout.amount);
    const { currency, feeAmount } = payout;
    const amount = paidOf(payout.amount, currency.exp);
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
    else if (magic === '01') this.#desk.later(SLOW, () => this.confirm(transfer, currency.blocks));
    else this.confirm(transfer, currency.blocks);
    if (magic === '07') this.#desk.later(DAY, () => this.fail(transfer, 'returned'));
  }

  approve(payout: Payout): void {
    if (payout.status !== 1) throw new Error('it does not wait for approval');
    payout.status = 2;
    this.dispatch(payout);
  }

  /** Not approved in time, or refused by a person. */
  cancel(payout: Payout): void {
    if (payout.status !== 1) throw new Error('it does not wait for approval');
    payout.wallet.balance = add(payout.wallet.balance, payout.amount);
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
    if (overOrLate && !transfer.silent) this.#tell(of, null);
  }

  // -------------------------------------------------------------------------------------------------------------------

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
    this.#tell(transfer.of, transfer);
  }

  #tell(of: Deposit | Payout, transfer: Transfer | null): void {
    if (transfer?.silent) return;
    const habits = { retryDelaysMs: RETRIES, answerWithinMs: 10_000 };
    callBack(this.#desk, of.callbackUrl, callbackOf(this.#state(), of, transfer), habits);
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
