import { add, compare, fits, percentOf, round, subtract, sum, type Amount } from '../../domain/money.ts';
import type { SandboxBookEntry, SandboxDesk, SandboxThing } from './sandbox.ts';

/** Our word for where an order stands; the sandbox says it in the vendor's. `unknown` is shown as a word nobody documented. */
export type PspState =
  'open' | 'pending' | 'approval' | 'done' | 'declined' | 'no_funds' | 'blocked' | 'expired' | 'returned' | 'unknown';

/** A deposit, payout or refund as the vendor shows it. */
export interface PspOrder {
  id: string;
  kind: 'deposit' | 'payout' | 'refund';
  /** Ours, as the vendor keeps it. */
  reference: string;
  amount: Amount;
  currency: string;
  /** Where the vendor tells of it; absent: nowhere. */
  callbackUrl?: string;
  state: PspState;
  /** What was really paid; null until then. */
  paid: Amount | null;
  /** Milliseconds; of the last change. */
  at: number;
  /** Deposits: what was taken back of them. Refunds asked for by us are orders of their own, and stand here too, with our reference. */
  reversals: { id: string; kind: 'refund' | 'dispute'; amount: Amount; at: number; reference?: string }[];
  /** Refunds: the deposit they belong to. */
  of?: string;
}

export type NewPspOrder = Pick<PspOrder, 'kind' | 'reference' | 'amount' | 'currency' | 'callbackUrl' | 'of'>;

export type PlacedOrder = { refused: 'declined' | 'no_funds' } | { order: PspOrder; answer: boolean; early: boolean };

interface Setup {
  /** Told after each change of an order; the sandbox makes the vendor's callback of it. */
  tell(order: PspOrder): void;
  /** Decimals of the vendor's currencies. */
  decimals(currency: string): number;
}

const DAY_MS = 86_400_000;
/** Two ticks of the vendor's. */
const SLOW_MS = 2000;
const DEPOSIT_LIFE_MS = DAY_MS;
const FIRST_ID = 100_001;

const BUTTONS: Partial<Record<string, SandboxThing['buttons']>> = {
  'deposit open': [{ caption: 'Pay' }, { caption: 'Decline', to: 'fail' }, { caption: 'Expire', to: 'expire' }],
  'deposit approval': [{ caption: 'Approve', to: 'approve' }],
  'deposit done': [
    { caption: 'Refund', to: 'refund' },
    { caption: 'Dispute', to: 'dispute' },
  ],
  'payout approval': [
    { caption: 'Approve', to: 'approve' },
    { caption: 'Decline', to: 'fail' },
  ],
  'payout done': [{ caption: 'Return', to: 'return' }],
};

const REFUSED: Partial<Record<string, PspState>> = { '02': 'declined', '03': 'no_funds', '08': 'blocked' };
const PARTS: Partial<Record<string, Amount>> = { '04': '60', '05': '120' };

/** The first two decimals decide what happens to an order. */
export const magicOf = (amount: Amount): string => (amount.split('.')[1] ?? '').padEnd(2, '0').slice(0, 2);

/** What is really paid of an amount. .04: less than asked; .05: more. */
export const paidOf = (amount: Amount, decimals: number, magic = magicOf(amount)): Amount => {
  const percent = PARTS[magic];
  return percent === undefined ? amount : round(percentOf(amount, percent), decimals, 'down');
};

/**
 * The small payment provider behind sandboxes: orders, their life by magic amounts, the words of `advance`, books and buttons. Protocol, rights,
 * formats and the vendor's words are the sandbox's.
 */
export class SandboxPsp {
  orders: PspOrder[] = [];
  /** Set when the sandbox is mounted. */
  desk: SandboxDesk | undefined;
  readonly #setup: Setup;
  #books: SandboxBookEntry[] = [];
  #next = FIRST_ID;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  reset(): void {
    this.orders = [];
    this.#books = [];
    this.#next = FIRST_ID;
  }

  numberFrom(since: number): void {
    this.#next = FIRST_ID + since;
  }

  find = (kind: PspOrder['kind'], idOrReference: string): PspOrder | undefined =>
    this.orders.find((one) => one.kind === kind && (one.id === idOrReference || one.reference === idOrReference));

  /**
   * Takes an order whose form, and whether its reference is new, the sandbox has judged. `answer: false`: it happened, and the vendor's
   * answer must never come (.09). `early`: its callback goes before the answer (.12). `refused`: nothing happened.
   */
  place(order: NewPspOrder): PlacedOrder {
    const magic = magicOf(order.amount);
    if (order.kind === 'payout' && (magic === '02' || magic === '03'))
      return { refused: magic === '02' ? 'declined' : 'no_funds' };
    if (order.kind === 'refund' && compare(this.left(this.#known(order.of!)), order.amount) < 0)
      return { refused: 'no_funds' };
    const state = order.kind === 'deposit' ? 'open' : 'pending';
    const made: PspOrder = { ...order, id: String(this.#next++), state, paid: null, at: this.#now(), reversals: [] };
    this.orders.push(made);
    if (made.kind === 'deposit')
      this.#later(DEPOSIT_LIFE_MS, () => made.state === 'open' && this.#set(made, 'expired'));
    else this.#settle(made);
    if (magic === '12') this.#setup.tell(made);
    return { order: made, answer: magic !== '09', early: magic === '12' };
  }

  /** What may still be given back of a deposit. */
  left = (deposit: PspOrder): Amount =>
    subtract(deposit.paid ?? '0', sum(deposit.reversals.map(({ amount }) => amount)));

  /** The payer pays: what was asked for, or `amount`. */
  pay(id: string, { amount }: { amount?: string } = {}): void {
    const order = this.#known(id);
    if (order.kind !== 'deposit' || order.state !== 'open') throw new Error(`${id} is ${order.kind} ${order.state}`);
    if (amount === undefined) this.#settle(order);
    else this.#done(order, amount);
  }

  advance(id: string, to: string): void {
    const order = this.#known(id);
    const [taken, waiting] = [order.state === 'done', ['open', 'pending', 'approval'].includes(order.state)];
    if (to === 'unknown_word') this.#set(order, 'unknown');
    else if (to === 'other_amount') order.paid = order.amount = add(order.amount, '1');
    else if (to === 'other_currency') order.currency = order.currency === 'EUR' ? 'USD' : 'EUR';
    else if (to === 'fail' && waiting) this.#set(order, 'declined');
    else if (to === 'expire' && order.kind === 'deposit' && waiting) this.#set(order, 'expired');
    else if (to === 'approve' && order.state === 'approval') this.#done(order, order.amount);
    else if (to === 'return' && order.kind === 'payout' && taken) this.#return(order);
    else if ((to === 'refund' || to === 'dispute') && order.kind === 'deposit' && taken) this.#takeBack(order, to);
    else throw new Error(`a ${order.kind} that is ${order.state} cannot '${to}'`);
  }

  /** What moved, as it was booked: what the vendor tells of it may have been falsified by `advance`. */
  books = (): SandboxBookEntry[] => this.#books.map((entry) => ({ ...entry }));

  /** `say`: an order's state in the vendor's words. */
  things = (say: (order: PspOrder) => string): SandboxThing[] =>
    this.orders.toReversed().map((order) => ({
      id: order.id,
      kind: order.kind,
      title: `${order.amount} ${order.currency} for ${order.reference}`,
      state: say(order),
      buttons: BUTTONS[`${order.kind} ${order.state}`] ?? [],
    }));

  #now = (): number => this.desk?.now() ?? Date.now();
  #later = (ms: number, task: () => unknown): void => this.desk?.later(ms, () => void task());

  #known(id: string): PspOrder {
    const order = this.orders.find((one) => one.id === id);
    if (!order) throw new Error(`there is no order ${id}`);
    return order;
  }

  #set(order: PspOrder, state: PspState): void {
    Object.assign(order, { state, at: this.#now() });
    if (magicOf(order.amount) !== '11') this.#setup.tell(order);
  }

  /** By magic amount. A refund happens as asked. */
  #settle(order: PspOrder): void {
    const magic = order.kind === 'refund' ? '00' : magicOf(order.amount);
    const refused = REFUSED[magic];
    if (refused) return this.#set(order, refused);
    if (magic === '06' && order.kind === 'deposit') return this.#set(order, 'expired');
    if (magic === '10') return this.#set(order, 'approval');
    if (magic === '01') {
      this.#set(order, 'pending');
      return this.#later(SLOW_MS, () => order.state === 'pending' && this.#done(order, order.amount));
    }
    this.#done(order, paidOf(order.amount, this.#setup.decimals(order.currency), magic));
    if (magic !== '07') return;
    this.#later(DAY_MS, () => (order.kind === 'payout' ? this.#return(order) : this.#takeBack(order, 'dispute')));
  }

  #done(order: PspOrder, paid: Amount): void {
    if (!fits(paid, this.#setup.decimals(order.currency))) throw new Error(`${order.currency} has no such amount`);
    order.paid = paid;
    this.#book(order, order.kind, paid);
    if (order.kind === 'refund') this.#refunded(order, paid);
    this.#set(order, 'done');
  }

  #refunded(order: PspOrder, amount: Amount): void {
    const { id, reference } = order;
    this.#known(order.of!).reversals.push({ id, kind: 'refund', amount, at: this.#now(), reference });
  }

  /** By the vendor itself, or by the payer's bank. */
  #takeBack(deposit: PspOrder, kind: 'refund' | 'dispute'): void {
    const [id, amount] = [String(this.#next++), this.left(deposit)];
    deposit.reversals.push({ id, kind, amount, at: this.#now() });
    this.#book({ ...deposit, id }, 'refund', amount);
    this.#set(deposit, 'done');
  }

  #return(payout: PspOrder): void {
    for (const entry of this.#books) if (entry.id === payout.id) entry.state = 'returned';
    this.#set(payout, 'returned');
  }

  #book = ({ id, reference, currency }: PspOrder, kind: PspOrder['kind'], amount: Amount): void =>
    void this.#books.push({ kind, reference, amount, currency, state: 'done', id });
}
