import { add, compare, fits, fixed, fromMinor, isZero, negate, sum, type Amount } from '../../../domain/money.ts';
import type { SandboxBookEntry, SandboxThing } from '../../kit/sandbox.ts';

export type Fields = Record<string, string>;
export type Answer = { retcode: number; answer?: unknown; silent?: true };

interface User {
  fields: Fields;
  passwords: Record<string, string>;
  /** The server keeps live state only for accounts with trade activity. */
  active: boolean;
  /** Margin of an open position; its profit moves with time. */
  margin: Amount | null;
  /** The next answer about it carries a code nobody documented. */
  strange?: boolean;
}

const GROUPS: Record<string, { currency: string; digits: number }> = {
  'demo\\forex-usd': { currency: 'USD', digits: 2 },
  'real\\forex-usd': { currency: 'USD', digits: 2 },
  'real\\forex-eur': { currency: 'EUR', digits: 2 },
  'real\\forex-gbp': { currency: 'GBP', digits: 2 },
  'real\\forex-jpy': { currency: 'JPY', digits: 0 },
  'real\\crypto-btc': { currency: 'BTC', digits: 8 },
  'real\\crypto-usdt': { currency: 'USDT', digits: 6 },
};
const LOGINS = { first: 700_001, last: 799_999 };
const PASSWORD = { min: 8, max: 16 };
/** Usable lengths: the vendor's minus the terminator. */
const TEXTS: Record<string, number> = {
  Name: 127, Company: 63, Address: 127, Comment: 63, Country: 31, Language: 31, City: 31, State: 31, ZIPCode: 15,
  Phone: 31, Email: 63, ID: 31, Status: 15, Agent: 20, Color: 10,
}; // prettier-ignore
const NUMBERS = (
  'CertSerialNumber MQID LastAccess LastPassChange InterestRate CommissionDaily CommissionMonthly CommissionAgentDaily ' +
  'CommissionAgentMonthly BalancePrevDay BalancePrevMonth EquityPrevDay EquityPrevMonth LimitOrders LimitPositions'
).split(' ');
const BALANCE_COMMENT = 31;
/** Deals carry the server's time as if it were UTC; this server lives at UTC+3, as many do. */
export const SERVER_OFFSET_MS = 3 * 3_600_000;
const MAX_AMOUNT = '1000000000';

/** The platform behind the Web API: groups, users, deals and the rules for money. Numbers are those of the vendor's retcodes. */
export class Platform {
  users = new Map<string, User>();
  archive = new Map<string, User>();
  deals: Fields[] = [];
  #nextLogin = LOGINS.first;
  #nextDeal = 88_001;
  now: () => number = Date.now;

  reset(): void {
    this.users.clear();
    this.archive.clear();
    this.deals = [];
    this.#nextLogin = LOGINS.first;
    this.#nextDeal = 88_001;
  }

  group(name: string): Fields | null {
    const group = GROUPS[name];
    return group
      ? {
          Group: name, Server: '1', PermissionsFlags: '2', AuthMode: '0', AuthPasswordMin: String(PASSWORD.min),
          Company: 'Sandbox Broker', Currency: group.currency, CurrencyDigits: String(group.digits), MarginMode: '2',
          MarginSOMode: '0', MarginCall: '100.00', MarginStopOut: '50.00', DemoLeverage: '100', DemoDeposit: '0.00', TradeFlags: '0',
        } // prettier-ignore
      : null;
  }

  /** Logins and deals go on from here; logins have a range, so they only jump within it. */
  numberFrom(since: number): void {
    this.#nextLogin = LOGINS.first + (since % (LOGINS.last - LOGINS.first - 1_000));
    this.#nextDeal = 88_001 + since * 100;
  }

  groups = (): string[] => Object.keys(GROUPS);

  /** Logins in the groups of a mask: '*' any text, ',' or, '!' not. */
  logins(mask: string): string[] {
    const rules = mask.split(',').map((rule) => ({ not: rule.startsWith('!'), rule: rule.replace(/^!/, '') }));
    const hits = (rule: string, group: string) =>
      new RegExp(`^${rule.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(group);
    return [...this.users.values()]
      .map(({ fields }) => fields)
      .filter(({ Group }) => rules.some(({ not, rule }) => !not && hits(rule, Group!)))
      .filter(({ Group }) => !rules.some(({ not, rule }) => not && hits(rule, Group!)))
      .map(({ Login }) => Login!);
  }

  addUser(get: (name: string) => string | undefined): Answer {
    const [group, leverage, wish] = [get('Group'), get('Leverage'), get('Login') ?? '0'];
    if (!get('Name') || !leverage || !/^\d+$/.test(wish)) return { retcode: 3 };
    if (!group || !GROUPS[group]) return { retcode: 8 };
    if (!isLeverage(leverage)) return { retcode: 3 };
    const passwords = { main: get('PassMain') ?? '', investor: get('PassInvestor') ?? '', api: '' };
    if (!isStrong(passwords.main) || !isStrong(passwords.investor)) return { retcode: 3006 };
    if (wish !== '0' && (this.users.has(wish) || this.archive.has(wish))) return { retcode: 3004 };
    if (wish !== '0' && (Number(wish) < LOGINS.first || Number(wish) > LOGINS.last)) return { retcode: 3003 };
    while (this.users.has(String(this.#nextLogin)) || this.archive.has(String(this.#nextLogin))) this.#nextLogin += 1;
    if (wish === '0' && this.#nextLogin > LOGINS.last) return { retcode: 3002 };
    const zero = fixed('0', GROUPS[group].digits);
    const fields: Fields = {
      Login: wish === '0' ? String(this.#nextLogin++) : wish,
      Group: group,
      Rights: /^\d+$/.test(get('Rights') ?? '') ? get('Rights')! : '355',
      Leverage: leverage,
      Registration: String(Math.floor(this.now() / 1000)),
      Balance: zero,
      Credit: zero,
      LastIP: '',
      Account: '',
      ...Object.fromEntries(NUMBERS.map((name) => [name, '0'])),
      ...Object.fromEntries(Object.keys(TEXTS).map((name) => [name, cut(name, get(name) ?? '')])),
    };
    this.users.set(fields['Login']!, { fields, passwords, active: false, margin: null });
    return { retcode: 0, answer: fields };
  }

  /** Bad values are ignored without a word, as the vendor does; only another currency is refused. */
  updateUser(user: User, get: (name: string) => string | undefined): Answer {
    const group = get('Group');
    if (group !== undefined && GROUPS[group]) {
      if (GROUPS[group].currency !== this.#money(user).currency) return { retcode: 3010 };
      if (user.margin !== null && group !== user.fields['Group']) return { retcode: 3008 };
      user.fields['Group'] = group;
    }
    const [leverage, rights] = [get('Leverage'), get('Rights')];
    if (leverage !== undefined && isLeverage(leverage)) user.fields['Leverage'] = leverage;
    if (rights !== undefined && /^\d{1,18}$/.test(rights)) user.fields['Rights'] = rights;
    for (const name of Object.keys(TEXTS)) {
      const value = get(name);
      if (value !== undefined) user.fields[name] = cut(name, value);
    }
    return { retcode: 0, answer: user.fields };
  }

  removeUser(login: string, keepIn?: Map<string, User>): Answer {
    const user = this.users.get(login);
    if (!user) return { retcode: 13 };
    if (user.margin !== null) return { retcode: 3008 };
    this.users.delete(login);
    keepIn?.set(login, user);
    return { retcode: 0 };
  }

  /** The user stays in the archive too (vendor). */
  restoreUser(login: string): Answer {
    const user = this.archive.get(login);
    if (!user) return { retcode: 13 };
    if (this.users.has(login)) return { retcode: 3004 };
    this.users.set(login, structuredClone(user));
    return { retcode: 0, answer: user.fields };
  }

  changePassword(user: User, type: string, password: string): Answer {
    if (!(type in user.passwords)) return { retcode: 3 };
    if (!isStrong(password)) return { retcode: 3006 };
    user.passwords[type] = password;
    return { retcode: 0 };
  }

  accountState(user: User): Answer {
    if (!user.active) return { retcode: 13 };
    const { digits } = this.#money(user);
    const [balance, credit] = [user.fields['Balance']!, user.fields['Credit']!];
    const margin = user.margin ?? '0';
    const profit = user.margin === null ? '0' : this.#floating(digits);
    const equity = sum([balance, credit, profit]);
    const amount = (value: Amount) => fixed(value, digits);
    return {
      retcode: 0,
      answer: {
        Login: user.fields['Login'], CurrencyDigits: String(digits), Balance: balance, Credit: credit, Margin: amount(margin),
        MarginFree: amount(add(equity, negate(margin))), MarginLevel: user.margin === null ? '0.00' : level(equity, margin),
        MarginLeverage: user.fields['Leverage'], Profit: amount(profit), Storage: amount('0'), Floating: amount(profit),
        Equity: amount(equity), SOActivation: '0', SOTime: '0', SOLevel: '0.00', SOEquity: amount('0'), SOMargin: amount('0'),
        Assets: amount('0'), Liabilities: amount('0'), BlockedCommission: amount('0'), BlockedProfit: amount('0'),
      },
    }; // prettier-ignore
  }

  /** Moves money by a deal of action 2–6. The magic minor parts .02, .03 and .09 are the sandbox's own. */
  balance(order: {
    login: string;
    type: string;
    amount: string;
    comment: string;
    checkMargin: boolean;
    dealer: string;
  }): Answer {
    const user = this.users.get(order.login);
    if (!/^[2-6]$/.test(order.type) || !/^-?\d{1,18}(\.\d{1,18})?$/.test(order.amount)) return { retcode: 3 };
    if (!user) return { retcode: 13 };
    const { digits } = this.#money(user);
    const size = order.amount.replace('-', '');
    if (!fits(order.amount, digits) || isZero(order.amount)) return { retcode: 3 };
    if (compare(size, MAX_AMOUNT) > 0) return { retcode: 4005 };
    const minor = fixed(size, digits).split('.')[1]?.slice(0, 2);
    if (minor === '02') return { retcode: 10006 };
    if (minor === '03') return { retcode: 10019 };

    const purse = order.type === '3' || order.type === '6' ? 'Credit' : 'Balance';
    const left = add(user.fields[purse]!, order.amount);
    const used = purse === 'Balance' ? (user.margin ?? '0') : '0';
    const checked = order.checkMargin && order.type !== '5' && order.amount.startsWith('-');
    if (checked && compare(left, used) < 0) return { retcode: 10019 };
    user.fields[purse] = fixed(left, digits);
    const time = this.now() + SERVER_OFFSET_MS;
    const deal = String(this.#nextDeal++);
    this.deals.push({
      Deal: deal, ExternalID: '', Login: order.login, Dealer: order.dealer, Order: '0', Action: order.type, Entry: '0', Reason: '2',
      Digits: '0', DigitsCurrency: String(digits), ContractSize: '0', Time: String(Math.floor(time / 1000)), TimeMsc: String(time),
      Symbol: '', Price: '0', Volume: '0', Profit: fixed(order.amount, digits), Storage: fixed('0', digits),
      Commission: fixed('0', digits), ExpertID: '0', PositionID: '0', Comment: order.comment.slice(0, BALANCE_COMMENT),
    }); // prettier-ignore
    return { retcode: 0, answer: { Ticket: deal }, ...(minor === '09' && { silent: true }) };
  }

  dealsOf(login: string, from: string, to: string): Fields[] {
    const [start, end] = [Number(from), Number(to)];
    return this.deals.filter((d) => d['Login'] === login && Number(d['Time']) >= start && Number(d['Time']) <= end);
  }

  /** Stored money against the deals that made it. */
  checkBalance(user: User): unknown {
    const { digits } = this.#money(user);
    const own = this.deals.filter(({ Login }) => Login === user.fields['Login']);
    const history = (credit: boolean) =>
      fixed(
        sum(own.filter(({ Action }) => (Action === '3' || Action === '6') === credit).map((d) => d['Profit']!)),
        digits,
      );
    return {
      Balance: { User: user.fields['Balance'], History: history(false) },
      Credit: { User: user.fields['Credit'], History: history(true) },
    };
  }

  /** 'active': had a trade. 'position': has one open. 'idle': as after a restart of the server. 'unknown_word': see `strange`. */
  force(login: string, to: string): Fields {
    const user = this.users.get(login);
    if (!user) throw new Error(`no account ${login}`);
    if (to === 'unknown_word') {
      user.strange = true;
      return user.fields;
    }
    if (!['active', 'position', 'idle'].includes(to))
      throw new Error(`accounts become active, position or idle, not '${to}'`);
    user.active = to !== 'idle';
    user.margin = to === 'position' ? '100' : null;
    return user.fields;
  }

  things(): SandboxThing[] {
    return [...this.users.values()].toReversed().map(({ fields, active, margin }) => ({
      id: fields['Login']!,
      kind: 'account',
      title: `${fields['Login']} in ${fields['Group']}, balance ${fields['Balance']}, credit ${fields['Credit']}, 1:${fields['Leverage']}`,
      state: margin !== null ? 'open position' : active ? 'active' : 'idle',
      buttons: [
        margin === null ? { caption: 'Open a position', to: 'position' } : { caption: 'Close it', to: 'active' },
        ...(active ? [{ caption: 'Make idle', to: 'idle' }] : []),
      ],
    }));
  }

  books(): SandboxBookEntry[] {
    return this.deals.map((deal) => ({
      kind: 'balance',
      reference: deal['Comment']!.split(' ')[0]!,
      amount: deal['Profit']!,
      currency: this.#currencyOf(deal['Login']!),
      state: 'done',
      id: deal['Deal']!,
      account: deal['Login']!,
    }));
  }

  #currencyOf(login: string): string {
    const user = this.users.get(login) ?? this.archive.get(login);
    return user ? this.#money(user).currency : '';
  }

  #money = (user: User) => GROUPS[user.fields['Group']!]!;

  /** A price feed in small: profit of an open position swings between −10 and +10 within 40 seconds. */
  #floating(digits: number): Amount {
    const second = Math.floor(this.now() / 1000) % 40;
    const steps = (second < 20 ? second : 40 - second) - 10;
    return digits === 0 ? String(steps) : fromMinor(String(steps * 100), 2);
  }
}

const cut = (name: string, value: string) => value.slice(0, TEXTS[name]);
const isLeverage = (text: string) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 500;
const isStrong = (password: string) =>
  password.length >= PASSWORD.min &&
  password.length <= PASSWORD.max &&
  [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].every((kind) => kind.test(password));
/** Equity in percent of margin. */
const level = (equity: Amount, margin: Amount): string => {
  const cents = (amount: Amount) => BigInt(fixed(amount, 8).replace('.', ''));
  return fixed(fromMinor(String((cents(equity) * 10_000n) / cents(margin)), 2), 2);
};
