import { Router, type Request } from 'express';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';
import { challengeAnswer } from './client.ts';
import { Platform, SERVER_OFFSET_MS, type Answer } from './sandbox-platform.ts';

/** `accountant`: may create accounts and move money. */
const MANAGERS: Record<string, { password: string; accountant: boolean }> = {
  '1003': { password: 'Manager#Pass1', accountant: true },
  '1004': { password: 'Reader#Pass1', accountant: false },
};
const NEEDS_RIGHT = /^\/(trade\/balance|user\/(add|update|delete|change_password|restore|archive\/add))$/;
const SIGN_IN_WITHIN_MS = 10_000;
const IDLE_MS = 180_000;
const PAGE = 100;
const UNDOCUMENTED = 99_999;
/** Texts are ours; real ones vary between builds and nobody may rely on them. */
const TEXT: Record<number, string> = { 0: 'Done', 1: 'OK', 3: 'Invalid parameters', 8: 'Not enough permissions', 9: 'Timeout', 13: 'Not found', 14: 'Partial', 1001: 'Invalid account', 3006: 'Invalid password', 10006: 'Request rejected', 10019: 'No money' }; // prettier-ignore

/** One physical connection: the session lives and dies with it. */
interface Session {
  manager: string | null;
  challenge: { manager: string; random: string; at: number } | null;
  seenAt: number;
}

interface Params {
  /** By the body's PascalCase name; the query has lower-case names. The body wins. */
  get(name: string): string | undefined;
  text(name: string): string;
}

type Command = (p: Params, session: Session) => Answer;

/** MetaTrader 5 access server, Web API in its REST form. */
export const createSandbox = (): SandboxModule => {
  const platform = new Platform();
  const sessions = new Map<Socket, Session>();

  type User = NonNullable<ReturnType<typeof platform.users.get>>;
  const known =
    (act: (user: User, p: Params) => Answer): Command =>
    (p) => {
      const user = platform.users.get(p.text('Login'));
      if (!user) return { retcode: 13 };
      if (!user.strange) return act(user, p);
      user.strange = false;
      return { retcode: UNDOCUMENTED };
    };
  const batch: Command = (p) => {
    const logins = p.get('Login')?.split(',') ?? platform.logins(p.text('Group'));
    const answer = logins.flatMap((login) => {
      const user = platform.users.get(login);
      return user ? [user.fields] : [];
    });
    return { retcode: answer.length < logins.length ? 14 : 0, answer };
  };
  const deals = (p: Params) => platform.dealsOf(p.text('Login'), p.text('From'), p.text('To'));

  const commands: Record<string, Command> = {
    '/test/access': () => ({ retcode: 0 }),
    '/quit': () => ({ retcode: 0 }),
    '/time/server': () => {
      const time = platform.now() + SERVER_OFFSET_MS;
      const text = new Date(time).toISOString().slice(0, 19).replaceAll('-', '.').replace('T', ' ');
      return { retcode: 0, answer: { Time: `${Math.floor(time / 1000)} ${text}` } };
    },
    '/group/list': () => ({ retcode: 0, answer: platform.groups() }),
    '/group/total': () => ({ retcode: 0, answer: { Total: String(platform.groups().length) } }),
    '/group/get': (p) => {
      const answer = platform.group(p.text('Group'));
      return answer ? { retcode: 0, answer } : { retcode: 13 };
    },
    '/user/add': (p) => platform.addUser(p.get),
    '/user/update': known((user, p) => platform.updateUser(user, p.get)),
    '/user/delete': (p) => platform.removeUser(p.text('Login')),
    '/user/get': known((user) => ({ retcode: 0, answer: user.fields })),
    '/user/get_batch': batch,
    '/user/logins': (p) => ({ retcode: 0, answer: platform.logins(p.text('Group')) }),
    '/user/total': () => ({ retcode: 0, answer: { Total: String(platform.users.size) } }),
    '/user/group': known((user) => ({ retcode: 0, answer: { Group: user.fields['Group'] } })),
    '/user/check_password': known((user, p) => ({
      retcode: user.passwords[p.text('Type')] === p.text('Password') ? 0 : 3006,
    })),
    '/user/change_password': known((user, p) => platform.changePassword(user, p.text('Type'), p.text('Password'))),
    '/user/account/get': known((user) => platform.accountState(user)),
    '/user/check_balance': known((user) => ({ retcode: 0, answer: platform.checkBalance(user) })),
    '/user/archive/add': (p) => platform.removeUser(p.text('Login'), platform.archive),
    '/user/archive/get': (p) => {
      const user = platform.archive.get(p.text('Login'));
      return user ? { retcode: 0, answer: user.fields } : { retcode: 13 };
    },
    '/user/restore': (p) => platform.restoreUser(p.text('Login')),
    '/trade/balance': (p, session) =>
      platform.balance({
        login: p.text('Login'),
        type: p.text('Type'),
        amount: p.text('Balance'),
        comment: p.text('Comment'),
        checkMargin: p.get('CheckMargin') !== '0',
        dealer: session.manager ?? '',
      }),
    '/deal/get_total': known((_user, p) => ({ retcode: 0, answer: { Total: String(deals(p).length) } })),
    '/deal/get_page': known((_user, p) => {
      const offset = Number(p.text('Offset'));
      return { retcode: 0, answer: deals(p).slice(offset, offset + Math.min(Number(p.text('Total')), PAGE)) };
    }),
    '/deal/get': (p) => {
      const answer = platform.deals.find(({ Deal }) => Deal === p.text('Ticket'));
      return answer ? { retcode: 0, answer } : { retcode: 13 };
    },
  };

  /** First half: a challenge. Version below 484 is too old, any type but manager is foreign here. */
  const authStart = (p: Params, session: Session) => {
    if (Number(p.text('Version')) < 484) return { retcode: 1010 };
    if (p.text('Type') !== 'manager') return { retcode: 1000 };
    session.manager = null;
    session.challenge = { manager: p.text('Login'), random: randomBytes(16).toString('hex'), at: platform.now() };
    return { retcode: 0, beside: { version_access: '4040', srv_rand: session.challenge.random } };
  };

  const authAnswer = (p: Params, session: Session) => {
    const { challenge } = session;
    session.challenge = null;
    if (!challenge) return { retcode: 8 };
    if (platform.now() - challenge.at > SIGN_IN_WITHIN_MS) return { retcode: 9 };
    const manager = MANAGERS[challenge.manager];
    if (!manager || challengeAnswer(manager.password, challenge.random) !== p.text('srv_rand_answer')) {
      return { retcode: 1001 };
    }
    session.manager = challenge.manager;
    const proof = challengeAnswer(manager.password, p.text('cli_rand'));
    return { retcode: 0, beside: { version_access: '4040', version_trade: '4040', cli_rand_answer: proof } };
  };

  const dispatch = (path: string, p: Params, session: Session): Answer & { beside?: object } => {
    if (path === '/auth/start') return authStart(p, session);
    if (path === '/auth/answer') return authAnswer(p, session);
    // What a real server answers without a session is unverified; a permission code is the likely one.
    if (session.manager === null) return { retcode: 8 };
    const run = commands[path];
    if (!run) return { retcode: 12_000 };
    if (NEEDS_RIGHT.test(path) && !MANAGERS[session.manager]?.accountant) return { retcode: 8 };
    return run(p, session);
  };

  const sessionOn = (socket: Socket): Session => {
    let session = sessions.get(socket);
    if (!session) {
      session = { manager: null, challenge: null, seenAt: 0 };
      sessions.set(socket, session);
      socket.once('close', () => sessions.delete(socket));
    }
    session.seenAt = platform.now();
    return session;
  };

  return {
    id: 'mt5',
    defaultConfig: (origin) => ({
      url: `${origin}/mt5`,
      managerLogin: '1003',
      managerPassword: MANAGERS['1003']!.password,
    }),
    mount(desk: SandboxDesk) {
      platform.now = desk.now;
      const router = Router();
      router.use('/api', (req, res) => {
        const params = paramsOf(req);
        const session = sessionOn(req.socket);
        const { retcode, answer, beside, silent } = params
          ? dispatch(req.path, params, session)
          : { retcode: 3, answer: undefined, beside: undefined, silent: undefined };
        if (silent) return; // committed, and the answer gets lost
        const text = TEXT[retcode] ?? 'Error';
        if (req.path === '/quit') res.setHeader('connection', 'close');
        res.json({ retcode: `${retcode} ${text}`, ...beside, ...(answer !== undefined && { answer }) });
      });
      return router;
    },
    // Sessions outlive it: they belong to sockets, not to the books.
    reset: () => platform.reset(),
    numberFrom: (since) => platform.numberFrom(since),
    advance: (login, to) => platform.force(login, to),
    books: () => platform.books(),
    things: () => platform.things(),
    conformance: {
      calls: {
        createAccount: { method: 'POST', path: '/api/user/add' },
        getAccount: { method: 'GET', path: '/api/user/get' },
        applyBalance: { method: 'POST', path: '/api/trade/balance' },
        findBalanceOperation: { method: 'GET', path: '/api/deal/get_total' },
        testConnection: { method: 'GET', path: '/api/test/access' },
      },
      wrongCredentials: { managerPassword: 'Wrong#Pass1' },
      trading: {
        group: 'real\\forex-usd',
        otherGroup: 'real\\forex-eur',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '1234567.89',
      },
    },
    tick(now) {
      for (const [socket, { seenAt }] of sessions) if (now - seenAt > IDLE_MS) socket.destroy();
    },
  };
};

const QUERY_NAMES: Record<string, string> = {
  PassMain: 'pass_main',
  PassInvestor: 'pass_investor',
  PhonePassword: 'pass_phone',
  CheckMargin: 'check_margin',
};

/** Query and JSON body (under whatever content type); null when the body is no JSON object. */
const paramsOf = (req: Request): Params | null => {
  const query = new URL(req.url, 'http://sandbox').searchParams;
  const raw = (req.body as Buffer).toString('utf8');
  let body: Record<string, unknown> = {};
  try {
    if (raw !== '') body = Object(JSON.parse(raw));
  } catch {
    return null;
  }
  const get = (name: string) => {
    const inBody = body[name];
    if (typeof inBody === 'string' || typeof inBody === 'number') return String(inBody);
    return query.get(QUERY_NAMES[name] ?? name.toLowerCase()) ?? undefined;
  };
  return { get, text: (name) => get(name) ?? '' };
};
