import { Router, type Request, type Response } from 'express';
import { fromMinor, percentOf, round, toMinor } from '../../../domain/money.ts';
import type { ConformanceFacts } from '../../kit/conformance.ts';
import { isObject, type Json, jsonNumber, readJson, word } from '../../kit/json.ts';
import type { SandboxDesk, SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { CONTENT_TYPE, type Members, seconds, sign, VERSION } from './client.ts';
import { exponent } from './map.ts';
import { notificationSign } from './webhook.ts';

interface Transaction {
  tid: number;
  type: 'sale' | 'payout';
  status: string;
  currency: string;
  /** Integers as they write them. */
  amount: string;
  processedCurrency: string;
  processedAmount: string | null;
  rate: string;
}
interface Session {
  orderId: string;
  intent: string;
  currency: string;
  amount: string;
  cid: string;
  token: string;
  notify: string;
  status: 'open' | 'successful' | 'expired';
  transactions: Transaction[];
}

const KEYS = { merchantId: 'M-1', applicationKey: 'app-1', merchantSecret: 'praxis-sandbox-secret' };
const SECOND = 1000;
const DAY = 86_400 * SECOND;
const SESSION_LIFE = 900 * SECOND;
const SHORT = /^.{1,50}$/;
/** Members of each request besides merchant_id, application_key, version and timestamp; `!`: may not be missing. */
const SHAPES: Record<string, string> = {
  '/cashier/cashier':
    'intent! cid! order_id! currency! amount locale! customer_data notification_url! return_url validation_url payment_method gateway variable1 variable2 variable3',
  '/agent/find-order': 'order_id!',
  '/agent/manage-withdrawal-request': 'intent! withdrawal_request_id! gateway',
};

/** What they answer instead of status 0. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, description: string) {
    super(description);
    this.status = status;
  }
}

/** A Praxis cashier of one's own; its payers obey the magic amounts, its clients fill in the withdrawal page at once (see README.md). */
export const praxisSandbox = (): SandboxModule => {
  let desk: SandboxDesk;
  let sessions: Session[] = [];
  let settings = { clientSubmits: true };
  let next = 9001;

  const find = (id: string): Session => {
    const session = sessions.find(
      (one) => one.orderId === id || one.transactions.some(({ tid }) => String(tid) === id),
    );
    if (!session) throw new Error(`no session or transaction '${id.slice(0, 40)}'`);
    return session;
  };
  const magic = ({ amount, currency }: { amount: string; currency: string }) =>
    (fromMinor(amount, exponent(currency)).split('.')[1] ?? '').padEnd(2, '0').slice(0, 2);

  const frame = (s: Session, t: Transaction | null): Members => {
    const processed = s.transactions
      .filter(({ status }) => status === 'approved')
      .reduce((sum, one) => sum + BigInt(one.amount), 0n);
    const { orderId, intent, currency, amount, cid, token, status } = s;
    return {
      conversion_rate: t && (jsonNumber(t.rate) as Json),
      customer: { customer_token: `cust-${cid.replace(/\W/g, '')}`, avs_alert: null, verification_alert: null },
      session: {
        ...{ auth_token: token, intent, session_status: status, order_id: orderId, currency, cid, variable1: orderId },
        ...{
          amount: jsonNumber(amount) as Json,
          processed_currency: currency,
          processed_amount: jsonNumber(String(processed)) as Json,
        },
      },
      transaction: t && {
        ...{
          transaction_type: t.type,
          transaction_status: t.status,
          transaction_id: `psp-${t.tid}`,
          currency: t.currency,
        },
        ...{
          tid: jsonNumber(String(t.tid)) as Json,
          amount: jsonNumber(t.amount) as Json,
          conversion_rate: jsonNumber(t.rate) as Json,
        },
        ...{
          processed_currency: t.processedAmount && t.processedCurrency,
          fee: jsonNumber('0') as Json,
          gateway: 'gw-sandbox',
        },
        processed_amount: t.processedAmount === null ? null : (jsonNumber(t.processedAmount) as Json),
        ...{
          payment_method: 'Test Card',
          payment_processor: 'Sandbox',
          status_code: t.status === 'rejected' ? 'SC-002' : null,
        },
      },
    };
  };

  const tell = (s: Session, t: Transaction | null): void => {
    if (magic(s) === '11') return;
    const message = (at: number, secret = KEYS.merchantSecret) => {
      const body = JSON.stringify({
        ...{ merchant_id: KEYS.merchantId, application_key: KEYS.applicationKey, ...frame(s, t) },
        ...{ version: VERSION, timestamp: jsonNumber(seconds(at)) },
      });
      const heard = readJson(body) as Members;
      const parts = {
        frame: heard,
        session: heard.session as Members,
        transaction: heard.transaction as Members | null,
      };
      return { headers: { 'content-type': CONTENT_TYPE, 'gt-authentication': notificationSign(secret, parts) }, body };
    };
    const now = desk.now();
    desk.callback({
      url: s.notify,
      message: message(now),
      forge: () => message(now, 'not-the-secret'),
      stale: () => message(now - DAY),
      retryDelaysMs: Array<number>(12).fill(300 * SECOND),
      answerWithinMs: 10 * SECOND,
      isTaken: ({ status, headers, body }) => {
        const said = readJson(body);
        if (status !== 200 || !isObject(said) || word(said.status) !== '0') return false;
        return headers['gt-authentication'] === sign(KEYS.merchantSecret, said.status, said.timestamp);
      },
    });
  };

  const set = (s: Session, t: Transaction, status: string): void => {
    t.status = status;
    if (status === 'approved') s.status = 'successful';
    tell(s, t);
  };
  const later = (ms: number, s: Session, t: Transaction, status: string) =>
    desk.later(ms, () => sessions.includes(s) && set(s, t, status));

  const begin = (s: Session, type: Transaction['type'], amount: string, paidIn = s.currency): Transaction => {
    // One rate for whatever other currency the payer picks.
    const rate = paidIn === s.currency ? '1.000000' : '1.100000';
    const major = percentOf(fromMinor(amount, exponent(s.currency)), String(Number(rate.slice(0, 3)) * 100));
    const processedAmount = toMinor(round(major, exponent(paidIn), 'nearest'), exponent(paidIn));
    const t = {
      tid: next++,
      type,
      status: 'pending',
      currency: s.currency,
      amount,
      processedCurrency: paidIn,
      processedAmount,
      rate,
    };
    s.transactions.push(t);
    return t;
  };

  /** The payer pays, or the client fills in the withdrawal page. */
  const act = (s: Session, { amount, currency }: { amount?: string; currency?: string } = {}): void => {
    if (s.status !== 'open') throw new Error(`the session is ${s.status}`);
    if (s.intent === 'withdrawal') {
      s.status = 'successful';
      return set(s, begin(s, 'payout', s.amount), 'requested');
    }
    const share = { '04': 60n, '05': 120n }[magic(s)] ?? 100n;
    const paid = amount ? toMinor(amount, exponent(s.currency)) : String((BigInt(s.amount) * share) / 100n);
    carryOut(s, begin(s, 'sale', paid, currency), { '10': 'authorized', '01': 'pending_async' });
    if (magic(s) === '07') later(DAY, s, s.transactions.at(-1)!, 'chargeback');
  };

  const carryOut = (s: Session, t: Transaction, waits: Record<string, string>): void => {
    const digits = magic(s);
    if (digits === '01') later(2 * SECOND, s, t, 'approved');
    set(s, t, waits[digits] ?? (digits === '02' || digits === '03' ? 'rejected' : 'approved'));
  };

  const open = (body: Members, origin: string): { s: Session; answer: Members } => {
    const [intent, currency, orderId] = [word(body.intent), word(body.currency), word(body.order_id)];
    if (!['payment', 'withdrawal', 'authorization'].includes(intent)) throw new Refusal(2, 'intent is not allowed');
    if (!/^[A-Z]{3}$/.test(currency) || !/^[1-9]\d{0,15}$/.test(word(body.amount)))
      throw new Refusal(2, 'currency or amount is wrong');
    if (!SHORT.test(orderId) || !SHORT.test(word(body.cid)))
      throw new Refusal(2, 'order_id and cid have 1 to 50 characters');
    if (!URL.canParse(word(body.notification_url))) throw new Refusal(2, 'notification_url is wrong');
    if (sessions.some((one) => one.orderId === orderId)) throw new Refusal(4, 'order_id is used already');
    const token = sign(String(next), orderId).slice(0, 32).replace(/\d/g, 'x');
    const base = { orderId, intent, currency, amount: word(body.amount), cid: word(body.cid), token };
    const s: Session = { ...base, notify: word(body.notification_url), status: 'open', transactions: [] };
    sessions.push(s);
    desk.later(SESSION_LIFE, () => sessions.includes(s) && expire(s));
    // As it stands before the client has done anything.
    return { s, answer: { redirect_url: `${origin}/cashier/page?auth_token=${token}`, ...frame(s, null) } };
  };
  const expire = (s: Session): void => {
    if (s.status !== 'open') return;
    s.status = 'expired';
    if (s.transactions.length === 0) tell(s, null);
  };

  const shown = ({ status, transactions }: Session): Transaction | null =>
    transactions.findLast((one) => one.status !== 'rejected') ??
    (status === 'open' ? null : (transactions.at(-1) ?? null));

  const manage = (body: Members): { s: Session; t: Transaction } => {
    const s = sessions.find(({ intent, transactions }) => intent === 'withdrawal' && transactions.some(({ tid }) => String(tid) === word(body.withdrawal_request_id))); // prettier-ignore
    const t = s?.transactions[0];
    if (!s || !t) throw new Refusal(5, 'withdrawal request not found');
    if (t.status !== 'requested') throw new Refusal(6, `withdrawal request is ${t.status}`);
    if (word(body.intent) === 'cancel-withdrawal-request') set(s, t, 'cancelled');
    else if (word(body.intent) !== 'complete-withdrawal-request') throw new Refusal(2, 'intent is not allowed');
    else if (word(body.gateway) === '') throw new Refusal(2, 'gateway is missing');
    else {
      carryOut(s, t, { '10': 'authorized', '01': 'in progress' });
      if (magic(s) === '07') later(DAY, s, t, 'reversed');
    }
    return { s, t };
  };

  /** Parses and checks what every request has in common. */
  const checked = (req: Request, signed: readonly string[]): Members => {
    const body = readJson(String(req.body));
    if (!isObject(body)) throw new Refusal(2, 'the body is no JSON object');
    if (!/^application\/json; ?charset=utf-8$/i.test(req.get('content-type') ?? ''))
      throw new Refusal(2, 'Content-Type is wrong');
    const list = ['merchant_id', 'application_key', 'timestamp', ...signed].map((name) => body[name]);
    if (req.get('gt-authentication') !== sign(KEYS.merchantSecret, ...list))
      throw new Refusal(1, 'signature is not valid');
    if (word(body.merchant_id) !== KEYS.merchantId || word(body.application_key) !== KEYS.applicationKey) throw new Refusal(1, 'unknown merchant or application'); // prettier-ignore
    if (word(body.version) !== VERSION || !/^\d{10}$/.test(word(body.timestamp)))
      throw new Refusal(1, 'version or timestamp is wrong');
    const names = `${SHAPES[req.path]} merchant_id! application_key! version! timestamp!`.split(' ');
    const odd = Object.keys(body).find((name) => !names.some((one) => one.replace('!', '') === name));
    const missing = names.find((one) => one.endsWith('!') && word(body[one.slice(0, -1)]) === '');
    if (odd || missing) throw new Refusal(2, odd ? `${odd.slice(0, 40)} is not known` : `${missing} is required`);
    return body;
  };

  /** Their answers of status 0 or not; null: none at all. */
  const serve = (router: Router, path: string, signed: readonly string[], work: (body: Members, req: Request) => Members | null | Promise<Members | null>) =>
    router.post(path, async (req: Request, res: Response) => {
      const send = (status: number, description: string, rest: Members = {}) => {
        const timestamp = seconds(desk.now());
        res.set({ 'content-type': CONTENT_TYPE, 'gt-authentication': sign(KEYS.merchantSecret, String(status), timestamp) });
        res.end(JSON.stringify({ status, description, ...rest, version: VERSION, timestamp: jsonNumber(timestamp) }));
      };
      if (!req.get('gt-authentication')) {
        res.status(400);
        return send(1, 'Missing signature');
      }
      try {
        const answer = await work(checked(req, signed), req);
        if (answer) send(0, 'Ok', answer);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        send(error.status, error.message);
      }
    }); // prettier-ignore

  const routes = (): Router => {
    const router = Router();
    serve(router, '/cashier/cashier', ['intent', 'cid', 'order_id'], async (body, req) => {
      const { s, answer } = open(body, `${req.protocol}://${req.get('host')}${req.baseUrl}`);
      if (s.intent === 'withdrawal' && settings.clientSubmits) act(s);
      if (s.intent === 'payment' && magic(s) === '09') return null;
      if (s.intent === 'payment' && magic(s) === '12') {
        act(s);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      return answer;
    });
    serve(router, '/agent/find-order', ['order_id'], (body) => {
      const s = sessions.find(({ orderId }) => orderId === word(body.order_id));
      if (!s) throw new Refusal(3, 'Order not found');
      return frame(s, shown(s));
    });
    serve(router, '/agent/manage-withdrawal-request', ['intent', 'withdrawal_request_id'], (body) => {
      const { s, t } = manage(body);
      return magic(s) === '09' ? null : frame(s, t);
    });
    const paged = (req: Request) => sessions.find(({ token }) => token === req.query.auth_token);
    router.get('/cashier/page', (req, res, skip) => {
      const s = paged(req);
      if (!s) return skip();
      const button = s.status === 'open' ? '<form method="post"><button>Go on</button></form>' : '';
      res
        .type('html')
        .send(
          `<h1>${s.intent}: ${fromMinor(s.amount, exponent(s.currency))} ${s.currency}</h1><p>${s.status}</p>${button}`,
        );
    });
    router.post('/cashier/page', (req, res, skip) => {
      const s = paged(req);
      if (!s) return skip();
      if (s.status === 'open') act(s);
      res.redirect(303, req.originalUrl);
    });
    return router;
  };

  const advance = (id: string, to: string): void => {
    if (id === 'settings') return void Object.assign(settings, JSON.parse(to));
    const s = find(id);
    if (to === 'expire') return expire(s);
    const word = { fail: 'rejected', approve: 'approved', return: 'reversed', refund: 'reversed', dispute: 'chargeback', cancel: 'cancelled', unknown_word: 'contemplated' }[to]; // prettier-ignore
    const t =
      s.transactions.at(-1) ?? (to === 'fail' || to === 'unknown_word' ? begin(s, 'sale', s.amount) : undefined);
    if (!t) throw new Error('nobody has paid yet');
    if (to === 'other_amount') t.amount = t.processedAmount = String(BigInt(t.amount) + 100n);
    else if (to === 'other_currency') t.currency = t.currency === 'USD' ? 'EUR' : 'USD';
    else if (word) set(s, t, word);
    else throw new Error(`'${to.slice(0, 40)}' is nothing it can be advanced to`);
  };

  return {
    id: 'praxis',
    defaultConfig: (origin) => ({ environment: 'sandbox', baseUrl: `${origin}/praxis`, ...KEYS }),
    mount: (lent) => {
      desk = lent;
      return routes();
    },
    reset: () => {
      sessions = [];
      settings = { clientSubmits: true };
    },
    numberFrom: (since) => void (next += since * 100),
    pay: (id, how) => void act(find(id), how),
    advance,
    books: () =>
      sessions.flatMap((s) =>
        s.transactions
          .filter(({ status }) => ['approved', 'reversed', 'chargeback'].includes(status))
          .map((t) => ({
            kind: t.type === 'sale' ? ('deposit' as const) : ('payout' as const),
            reference: s.orderId,
            amount: fromMinor(t.amount, exponent(t.currency)),
            currency: t.currency,
            state: t.status === 'approved' ? 'succeeded' : 'returned',
            id: String(t.tid),
          })),
      ),
    things: () => sessions.toReversed().map(thing),
    conformance,
  };
};

const thing = ({ orderId, intent, amount, currency, status, transactions }: Session): SandboxThing => {
  const t = transactions.at(-1);
  const sale = intent !== 'withdrawal';
  const BUTTONS: Record<string, SandboxThing['buttons']> = {
    open: sale ? [{ caption: 'Pay' }, { caption: 'Decline', to: 'fail' }, { caption: 'Let it expire', to: 'expire' }] : [{ caption: 'Fill in the page' }],
    requested: [{ caption: 'Cancel', to: 'cancel' }],
    authorized: [{ caption: 'Approve', to: 'approve' }],
    approved: sale ? [{ caption: 'Charge back', to: 'dispute' }, { caption: 'Refund', to: 'refund' }] : [{ caption: 'Send it back', to: 'return' }],
  }; // prettier-ignore
  const waits = status === 'open' && (!t || t.status === 'rejected');
  const title = `${fromMinor(amount, exponent(currency))} ${currency} for ${orderId}`;
  return {
    ...{ id: orderId, kind: sale ? 'deposit' : 'payout', title, state: t ? t.status : `session ${status}` },
    buttons: BUTTONS[waits ? 'open' : (t?.status ?? '')] ?? [],
  };
};

const conformance: ConformanceFacts = {
  calls: {
    createDeposit: { method: 'POST', path: '/cashier/cashier' },
    findDeposit: { method: 'POST', path: '/agent/find-order' },
    createPayout: { method: 'POST', path: '/agent/manage-withdrawal-request' },
    findPayout: { method: 'POST', path: '/agent/find-order' },
    testConnection: { method: 'POST', path: '/agent/find-order' },
  },
  wrongCredentials: { merchantSecret: 'another-secret' },
  payments: {
    currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 },
    flow: 'invoice',
    exact: '1234567.89',
    // The client names it at Praxis.
    destination: { address: 'named-on-the-page' },
  },
};
