import { add, compare, fixed, fromMinor, isZero, round, subtract, sum, type Amount } from '../../domain/money.ts';
import type { SandboxBookEntry, SandboxModule, SandboxThing } from './sandbox.ts';

export interface BrokerAccount<Profile> {
  login: string;
  group: string;
  leverage: number;
  balance: Amount;
  credit: Amount;
  openedAt: number;
  /** Whatever else the vendor keeps. */
  profile: Profile;
}

export interface BrokerOperation {
  ticket: string;
  login: string;
  purse: 'balance' | 'credit';
  /** Signed. */
  amount: Amount;
  comment: string;
  at: number;
}

export interface BrokerPosition {
  ticket: string;
  login: string;
  side: 'buy' | 'sell';
  openedAt: number;
  /** Points of the price above its middle when it was opened. */
  points: number;
  closed?: { ticket: string; at: number; points: number };
}

interface Setup {
  /** Decimals are those the platform keeps money with. */
  groups: Record<string, { currency: string; decimals: number }>;
  firstLogin: number;
}

export const SYMBOL = 'EURUSD';
const MIDDLE = 110_000;
/** One lot at the middle price, in cents. */
const LOT_VALUE = 11_000_000;
const FIRST_TICKET = 880_001;

/** A price feed in small: 100 points up and down around 1.10000 every 40 seconds. */
const pointsAt = (now: number): number => {
  const second = Math.floor(now / 1000) % 40;
  return ((second < 20 ? second : 40 - second) - 10) * 10;
};
export const priceOf = (points: number): Amount => fixed(fromMinor(String(MIDDLE + points), 5), 5);

/**
 * The small broker behind the sandboxes of trading platforms: accounts, money, one symbol whose price moves, positions of one lot (a point is
 * worth 1.00 of the account's currency). It knows the magic amounts of balance operations; protocol, rights and formats are the sandbox's.
 */
export class SandboxBroker<Profile> {
  readonly accounts = new Map<string, BrokerAccount<Profile>>();
  /** Put away: unknown to everything but the books. */
  readonly archived = new Map<string, BrokerAccount<Profile>>();
  operations: BrokerOperation[] = [];
  positions: BrokerPosition[] = [];
  now: () => number = Date.now;
  readonly #setup: Setup;
  #nextLogin = 0;
  #nextTicket = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.reset();
  }

  reset(): void {
    this.accounts.clear();
    this.archived.clear();
    this.operations = [];
    this.positions = [];
    this.#nextLogin = this.#setup.firstLogin;
    this.#nextTicket = FIRST_TICKET;
  }

  numberFrom(since: number): void {
    this.#nextLogin = this.#setup.firstLogin + since;
    this.#nextTicket = FIRST_TICKET + since * 10;
  }

  archive(login: string): void {
    this.archived.set(login, this.accounts.get(login)!);
    this.accounts.delete(login);
  }

  restore(login: string): void {
    this.accounts.set(login, this.archived.get(login)!);
    this.archived.delete(login);
  }

  group = (name: string): { currency: string; decimals: number } | undefined => this.#setup.groups[name];
  groupNames = (): string[] => Object.keys(this.#setup.groups);

  open(group: string, leverage: number, profile: Profile): BrokerAccount<Profile> {
    while (this.accounts.has(String(this.#nextLogin)) || this.archived.has(String(this.#nextLogin)))
      this.#nextLogin += 1;
    const login = String(this.#nextLogin++);
    const account = { login, group, leverage, balance: '0', credit: '0', openedAt: this.now(), profile };
    this.accounts.set(login, account);
    return account;
  }

  /** Books a signed amount. `answer: false`: it happened, and the vendor's answer must never come (.09). */
  move(
    login: string,
    purse: 'balance' | 'credit',
    amount: Amount,
    comment: string,
  ): { refused: 'declined' | 'no_money' } | { done: BrokerOperation; answer: boolean } {
    const account = this.accounts.get(login)!;
    const { decimals } = this.#setup.groups[account.group]!;
    const magic = fixed(amount, Math.max(decimals, 2)).split('.')[1]!.slice(0, 2);
    if (magic === '02') return { refused: 'declined' };
    const free = purse === 'credit' ? account.credit : this.state(login).freeMargin;
    if (magic === '03' || (amount.startsWith('-') && compare(add(free, amount), '0') < 0))
      return { refused: 'no_money' };
    account[purse] = add(account[purse], amount);
    const done = { ticket: String(this.#nextTicket++), login, purse, amount, comment, at: this.now() };
    this.operations.push(done);
    return { done, answer: magic !== '09' };
  }

  openPositions = (login: string): BrokerPosition[] =>
    this.positions.filter((position) => position.login === login && !position.closed);

  profitOf({ side, points, closed }: BrokerPosition): Amount {
    const moved = (closed?.points ?? pointsAt(this.now())) - points;
    return String(side === 'buy' ? moved : -moved);
  }

  price = (): Amount => priceOf(pointsAt(this.now()));
  currentPrice = ({ closed }: BrokerPosition): Amount => priceOf(closed?.points ?? pointsAt(this.now()));

  state(login: string) {
    const { group, leverage, balance, credit } = this.accounts.get(login)!;
    const open = this.openPositions(login);
    const decimals = Math.min(this.#setup.groups[group]!.decimals, 2);
    const margin = round(fromMinor(String(Math.floor((LOT_VALUE * open.length) / leverage)), 2), decimals, 'up');
    const profit = sum(open.map((position) => this.profitOf(position)));
    const equity = sum([balance, credit, profit]);
    const level = isZero(margin) ? '0' : percent(equity, margin);
    return { balance, credit, profit, equity, margin, freeMargin: subtract(equity, margin), level };
  }

  openPosition(login: string, side: 'buy' | 'sell'): BrokerPosition {
    const [ticket, now] = [String(this.#nextTicket++), this.now()];
    const position: BrokerPosition = { ticket, login, side, openedAt: now, points: pointsAt(now) };
    this.positions.push(position);
    return position;
  }

  closePosition(position: BrokerPosition): void {
    position.closed = { ticket: String(this.#nextTicket++), at: this.now(), points: pointsAt(this.now()) };
    const account = this.accounts.get(position.login)!;
    account.balance = add(account.balance, this.profitOf(position));
  }

  /** `open_position` and `close_position`: what a person does in the terminal. False: not one of these words. */
  advance(login: string, to: string): boolean {
    if (!this.accounts.has(login)) throw new Error(`no account ${login}`);
    const open = this.openPositions(login);
    if (to === 'open_position') this.openPosition(login, open.length % 2 === 0 ? 'buy' : 'sell');
    else if (to === 'close_position') {
      if (!open[0]) throw new Error(`account ${login} has no open position`);
      this.closePosition(open[0]);
    } else return false;
    return true;
  }

  /** What every sandbox of a trading platform hands on unchanged. */
  verbs(): Required<Pick<SandboxModule, 'numberFrom' | 'books' | 'things'>> {
    return {
      numberFrom: (since) => this.numberFrom(since),
      books: () => this.books(),
      things: () => this.things(),
    };
  }

  books(): SandboxBookEntry[] {
    return this.operations.map(({ ticket, login, amount, comment }) => ({
      kind: 'balance',
      reference: comment.split(' ')[0]!,
      amount: fixed(amount, this.#currency(login).decimals),
      currency: this.#currency(login).currency,
      state: 'done',
      id: ticket,
      account: login,
    }));
  }

  things(): SandboxThing[] {
    return [...this.accounts.keys()].toReversed().map((login) => {
      const { balance, equity } = this.state(login);
      const open = this.openPositions(login).length;
      return {
        id: login,
        kind: 'account',
        title: `${login}: ${balance} ${this.#currency(login).currency}, equity ${equity}`,
        state: open === 0 ? 'idle' : `${open} open`,
        buttons: [
          { caption: 'Open a position', to: 'open_position' },
          ...(open > 0 ? [{ caption: 'Close the oldest', to: 'close_position' }] : []),
        ],
      };
    });
  }

  #currency = (login: string) => this.#setup.groups[(this.accounts.get(login) ?? this.archived.get(login))!.group]!;
}

/** Equity in percent of margin, two decimals. */
const percent = (equity: Amount, margin: Amount): Amount => {
  const cents = (amount: Amount) => BigInt(fixed(amount, 18).replace('.', ''));
  return fromMinor(String((cents(equity) * 10_000n) / cents(margin)), 2);
};
