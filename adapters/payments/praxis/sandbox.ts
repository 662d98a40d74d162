import { Router, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromMinor, percentOf, round, toMinor } from '../../../domain/money.ts';
import type { ConformanceFacts } from '../../kit/conformance.ts';
import { html } from '../../kit/html.ts';
import { isObject, jsonNumber, objectOf, readJson, word } from '../../kit/json.ts';
import { hostedPage } from '../../kit/sandbox-page.ts';
import { magicOf, paidOf } from '../../kit/sandbox-psp.ts';
import { assure, callBack, refusals } from '../../kit/sandbox-wire.ts';
import type { SandboxBookEntry, SandboxDesk, SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { CONTENT_TYPE, type Members, seconds, sign, VERSION } from './client.ts';
import { exponent } from './map.ts';
import { notificationSign } from './webhook.ts';

/** In their names; what they write as numbers is the text of it. */
interface Transaction {
  transaction_type: 'sale' | 'payout';
  transaction_status: string;
  tid: string;
  currency: string;
  amount: string;
  conversion_rate: string;
  processed_currency: string;
  processed_amount: string;
}
interface Session {
  auth_token: string;
  intent: string;
  session_status: 'open' | 'successful' | 'expired';
  order_id: string;
  currency: string;
  amount: string;
  cid: string;
}
interface Kept {
  session: Session;
  notify: string;
  transactions: Transaction[];
}

const KEYS = { merchantId: 'M-1', applicationKey: 'app-1', merchantSecret: 'praxis-sandbox-secret' };
const SECOND = 1000;
const DAY = 86_400 * SECOND;
const SESSION_LIFE = 900 * SECOND;
const NUMBERS = new Set(['tid', 'amount', 'conversion_rate', 'processed_amount']);
const MOVED = ['approved', 'reversed', 'chargeback'];
/** Members of each request besides the common ones; `!`: may not be missing. */
const COMMON = 'merchant_id! application_key! version! timestamp!';
const SHAPES: Record<string, string> = {
  '/cashier/cashier':
    'intent! cid! order_id! currency! amount! locale! customer_data notification_url! return_url validation_url payment_method gateway variable1 variable2 variable3',
  '/agent/find-order': 'order_id!',
  '/agent/manage-withdrawal-request': 'intent! withdrawal_request_id! gateway',
};
/** What `advance` and the buttons of the sandbox's page mean in their words. */
const FORCED: Record<string, string> = {
  ...{ fail: 'rejected', approve: 'approved', cancel: 'cancelled', unknown_word: 'contemplated' },
  ...{ return: 'reversed', refund: 'reversed', dispute: 'chargeback' },
};

/** Unless `ok`, they answer HTTP 200 with this instead of status 0. The numbers are ours: theirs are not published. */
const need: (ok: unknown, status: number, text: string) => asserts ok = (ok, status, text) =>
  assure(ok, 200, String(status), text);

const major = ({ amount, currency }: { amount: string; currency: string }) => fromMinor(amount, exponent(currency));
const magic = ({ session }: Kept) => magicOf(major(session));
const asWritten = (members: object): Members =>
  Object.fromEntries(
    Object.entries(members).map(([name, text]) => [name, NUMBERS.has(name) ? jsonNumber(text) : text]),
  );

const frame = ({ session, transactions }: Kept, shown: Transaction | undefined): Members => {
  const approved = transactions
    .filter((one) => one.transaction_status === 'approved')
    .map(({ amount }) => BigInt(amount));
  const processed_amount = String(approved.reduce((sum, one) => sum + one, 0n));
  const more = { gateway: 'gw-sandbox', status_code: shown?.transaction_status === 'rejected' ? 'SC-002' : null };
  return {
    customer: { customer_token: `cust-${session.cid.replace(/\W/g, '')}` },
    session: asWritten({
      ...session,
      variable1: session.order_id,
      processed_currency: session.currency,
      processed_amount,
    }),
    transaction: shown ? asWritten({ ...shown, ...more }) : null,
  };
};

/** A Praxis cashier of one's own; its payers obey the magic amounts, its clients fill in the withdrawal page at once (see README.md). */
export const praxisSandbox = (): SandboxModule => {
  let desk: SandboxDesk;
  let all: Kept[] = [];
  let settings = { clientSubmits: true };
  let next = 9001;

  const withTid = (tid: string) => all.find(({ transactions }) => transactions.some((one) => one.tid === tid));
  const find = (id: string): Kept => {
    const kept = all.find(({ session }) => session.order_id === id) ?? withTid(id);
    if (!kept) throw new Error(`no order or transaction '${id.slice(0, 40)}'`);
    return kept;
  };

  const tell = (kept: Kept, about?: Transaction): void => {
    if (magic(kept) === '11') return;
    const write = (time: number, honest: boolean) => {
      const secret = honest ? KEYS.merchantSecret : 'not-the-secret';
      const keys = { merchant_id: KEYS.merchantId, application_key: KEYS.applicationKey };
      const ends = { version: VERSION, timestamp: jsonNumber(seconds(time)) };
      const body = JSON.stringify({ ...keys, ...frame(kept, about), ...ends });
      const sent = objectOf(readJson(body));
      const transaction = about ? objectOf(sent.transaction) : null;
      const signature = notificationSign(secret, { frame: sent, session: objectOf(sent.session), transaction });
      return { headers: { 'content-type': CONTENT_TYPE, 'gt-authentication': signature }, body };
    };
    callBack(desk, kept.notify, write, {
      retryDelaysMs: Array<number>(12).fill(300 * SECOND),
      answerWithinMs: 10 * SECOND,
      isTaken: ({ status, headers, body }) => {
        const said = objectOf(readJson(body));
        const signature = sign(KEYS.merchantSecret, said.status, said.timestamp);
        return status === 200 && word(said.status) === '0' && headers['gt-authentication'] === signature;
      },
    });
  };

  const set = (kept: Kept, one: Transaction, status: string): void => {
    one.transaction_status = status;
    if (status === 'approved') kept.session.session_status = 'successful';
    tell(kept, one);
  };
  /** Unless something else happened meanwhile. */
  const later = (ms: number, kept: Kept, one: Transaction, status: string): void => {
    const before = one.transaction_status;
    desk.later(ms, () => all.includes(kept) && one.transaction_status === before && set(kept, one, status));
  };

  const begin = (kept: Kept, type: Transaction['transaction_type'], amount: string, paidIn?: string): Transaction => {
    const { currency } = kept.session;
    const processed_currency = paidIn ?? currency;
    // One rate for whatever other currency the payer picks.
    const [conversion_rate, percent] = processed_currency === currency ? ['1.000000', '100'] : ['1.100000', '110'];
    const places = exponent(processed_currency);
    const processed_amount = toMinor(round(percentOf(major({ amount, currency }), percent), places, 'nearest'), places);
    const money = { currency, amount, conversion_rate, processed_currency, processed_amount };
    const one = { transaction_type: type, transaction_status: 'pending', tid: String(next++), ...money };
    kept.transactions.push(one);
    return one;
  };

  const carryOut = (kept: Kept, one: Transaction, waits: string, backAs: string): void => {
    const digits = magic(kept);
    const words: Record<string, string> = { '01': waits, '02': 'rejected', '03': 'rejected', '10': 'authorized' };
    set(kept, one, words[digits] ?? 'approved');
    if (digits === '01') later(2 * SECOND, kept, one, 'approved');
    if (digits === '07') later(DAY, kept, one, backAs);
  };

  /** The payer pays, or the client fills in the withdrawal page. */
  const act = (kept: Kept, { amount, currency }: { amount?: string; currency?: string } = {}): void => {
    const { session } = kept;
    if (session.session_status !== 'open') throw new Error(`the session is ${session.session_status}`);
    if (session.intent === 'withdrawal') {
      session.session_status = 'successful';
      return set(kept, begin(kept, 'payout', session.amount), 'requested');
    }
    const places = exponent(session.currency);
    const paid = toMinor(amount ?? paidOf(major(session), places), places);
    carryOut(kept, begin(kept, 'sale', paid, currency), 'pending_async', 'chargeback');
  };

  const expire = (kept: Kept): void => {
    if (kept.session.session_status !== 'open') return;
    kept.session.session_status = 'expired';
    if (kept.transactions.length === 0) tell(kept);
  };

  const open = async (body: Members, page: string): Promise<Members | null> => {
    const [intent, currency, order_id, cid, amount, notify] = ['intent', 'currency', 'order_id', 'cid', 'amount', 'notification_url'].map((name) => word(body[name])) as [string, string, string, string, string, string]; // prettier-ignore
    need(['payment', 'withdrawal', 'authorization'].includes(intent), 2, 'intent is not allowed');
    need(/^[A-Z]{3}$/.test(currency) && /^[1-9]\d{0,15}$/.test(amount), 2, 'currency or amount is wrong');
    need(order_id.length <= 50 && cid.length <= 50, 2, 'order_id and cid have 50 characters at most');
    need(URL.canParse(notify), 2, 'notification_url is wrong');
    need(!all.some(({ session }) => session.order_id === order_id), 4, 'order_id is used already');
    const auth_token = sign(KEYS.merchantSecret, order_id).slice(0, 32).replace(/\d/g, 'x');
    const session: Session = { auth_token, intent, session_status: 'open', order_id, currency, amount, cid };
    const kept = { session, notify, transactions: [] };
    all.push(kept);
    desk.later(SESSION_LIFE, () => all.includes(kept) && expire(kept));
    // As it stands before the client has done anything.
    const answer = { redirect_url: `${page}?auth_token=${auth_token}`, ...frame(kept, undefined) };
    if (intent === 'withdrawal') {
      if (settings.clientSubmits) act(kept);
    } else if (magic(kept) === '12') {
      act(kept);
      await sleep(250);
    }
    return intent === 'payment' && magic(kept) === '09' ? null : answer;
  };

  const findOrder = (body: Members): Members => {
    const kept = all.find(({ session }) => session.order_id === word(body.order_id));
    need(kept, 3, 'Order not found');
    const { session, transactions } = kept;
    const refused = session.session_status === 'open' ? undefined : transactions.at(-1);
    return frame(kept, transactions.findLast((one) => one.transaction_status !== 'rejected') ?? refused);
  };

  const manage = (body: Members): Members | null => {
    const kept = withTid(word(body.withdrawal_request_id));
    const one = kept?.transactions[0];
    need(kept && one?.transaction_type === 'payout', 5, 'withdrawal request not found');
    need(one.transaction_status === 'requested', 6, `withdrawal request is ${one.transaction_status}`);
    const complete = word(body.intent) === 'complete-withdrawal-request';
    need(complete || word(body.intent) === 'cancel-withdrawal-request', 2, 'intent is not allowed');
    need(!complete || word(body.gateway) !== '', 2, 'gateway is missing');
    if (complete) carryOut(kept, one, 'in progress', 'reversed');
    else set(kept, one, 'cancelled');
    return magic(kept) === '09' ? null : frame(kept, one);
  };

  /** What every request has in common. */
  const checked = (req: Request, signed: readonly string[]): Members => {
    const body = readJson(String(req.body));
    need(isObject(body), 2, 'the body is no JSON object');
    need(/^application\/json; ?charset=utf-8$/i.test(req.get('content-type') ?? ''), 2, 'Content-Type is wrong');
    const values = ['merchant_id', 'application_key', 'timestamp', ...signed].map((name) => body[name]);
    need(req.get('gt-authentication') === sign(KEYS.merchantSecret, ...values), 1, 'signature is not valid');
    const ours = word(body.merchant_id) === KEYS.merchantId && word(body.application_key) === KEYS.applicationKey;
    need(ours, 1, 'unknown merchant or application');
    need(word(body.version) === VERSION && /^\d{10}$/.test(word(body.timestamp)), 1, 'version or timestamp is wrong');
    const names = `${SHAPES[req.path]} ${COMMON}`.split(' ');
    for (const name of Object.keys(body)) need(names.some((one) => one.replace('!', '') === name), 2, `${name.slice(0, 40)} is not known`); // prettier-ignore
    for (const one of names) need(!one.endsWith('!') || word(body[one.slice(0, -1)]) !== '', 2, `${one} is required`);
    return body;
  };

  /** Every answer is signed, refusals too. */
  const send = (res: Response, http: number, answer: unknown): void => {
    const { status, ...rest } = answer as { status: string };
    const timestamp = seconds(desk.now());
    res.set({ 'content-type': CONTENT_TYPE, 'gt-authentication': sign(KEYS.merchantSecret, status, timestamp) });
    const ends = { version: VERSION, timestamp: jsonNumber(timestamp) };
    res.status(http).end(JSON.stringify({ status: jsonNumber(status), ...rest, ...ends }));
  };

  const routes = (): Router => {
    const router = Router();
    type Work = (body: Members, req: Request) => Members | null | Promise<Members | null>;
    /** `work` answers the members of status 0; null: it never answers. */
    const serve = (path: string, signed: readonly string[], work: Work) =>
      router.post(path, async (req, res) => {
        assure(req.get('gt-authentication'), 400, '1', 'Missing signature');
        const answer = await work(checked(req, signed), req);
        if (answer) send(res, 200, { status: '0', description: 'Ok', ...answer });
      });
    serve('/cashier/cashier', ['intent', 'cid', 'order_id'], (body, req) =>
      open(body, `${req.protocol}://${req.get('host')}${req.baseUrl}/cashier/page`),
    );
    serve('/agent/find-order', ['order_id'], findOrder);
    serve('/agent/manage-withdrawal-request', ['intent', 'withdrawal_request_id'], manage);
    router.all('/cashier/page', (req, res, skip) => {
      const kept = all.find(({ session }) => session.auth_token === req.query.auth_token);
      if (!kept) return skip();
      const { intent, currency } = kept.session;
      const isOpen = () => kept.session.session_status === 'open';
      if (req.method === 'POST' && isOpen()) act(kept);
      const state = kept.transactions.at(-1)?.transaction_status ?? kept.session.session_status;
      const content = html`<h1>${intent}: ${major(kept.session)} ${currency}</h1>
        <p>${state}</p>
        ${isOpen() && html`<form method="post"><button>Go on</button></form>`}`;
      res.type('html').send(hostedPage('Cashier', content));
    });
    return router.use(refusals(({ code, message }) => ({ status: code, description: message }), send));
  };

  const advance = (id: string, to: string): void => {
    if (id === 'settings') return void Object.assign(settings, JSON.parse(to));
    const kept = find(id);
    if (to === 'expire') return expire(kept);
    const made = to === 'fail' || to === 'unknown_word';
    const one = kept.transactions.at(-1) ?? (made ? begin(kept, 'sale', kept.session.amount) : undefined);
    if (!one) throw new Error('nobody has paid yet');
    if (to === 'other_amount') one.amount = one.processed_amount = String(BigInt(one.amount) + 100n);
    else if (to === 'other_currency') one.currency = one.currency === 'USD' ? 'EUR' : 'USD';
    else if (FORCED[to]) set(kept, one, FORCED[to]);
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
      all = [];
      settings = { clientSubmits: true };
    },
    numberFrom: (since) => void (next += since * 100),
    pay: (id, how) => act(find(id), how),
    advance,
    books: () => all.flatMap(entries),
    things: () => all.toReversed().map(thing),
    conformance,
  };
};

const entries = ({ session, transactions }: Kept): SandboxBookEntry[] =>
  transactions
    .filter((one) => MOVED.includes(one.transaction_status))
    .map((one) => ({
      kind: one.transaction_type === 'sale' ? 'deposit' : 'payout',
      reference: session.order_id,
      amount: major(one),
      currency: one.currency,
      state: one.transaction_status === 'approved' ? 'succeeded' : 'returned',
      id: one.tid,
    }));

const thing = ({ session, transactions }: Kept): SandboxThing => {
  const { order_id, intent, currency, session_status } = session;
  const status = transactions.at(-1)?.transaction_status;
  const sale = intent !== 'withdrawal';
  const page = sale
    ? { Pay: undefined, Decline: 'fail', 'Let it expire': 'expire' }
    : { 'Fill in the page': undefined };
  const back = sale ? { 'Charge back': 'dispute', Refund: 'refund' } : { 'Send it back': 'return' };
  const offers: Record<string, Record<string, string | undefined>> = {
    requested: { Cancel: 'cancel' },
    authorized: { Approve: 'approve' },
    approved: back,
  };
  const offered = session_status === 'open' && (!status || status === 'rejected') ? page : (offers[status ?? ''] ?? {});
  return {
    id: order_id,
    kind: sale ? 'deposit' : 'payout',
    title: `${major(session)} ${currency} for ${order_id}`,
    state: status ?? `session ${session_status}`,
    buttons: Object.entries(offered).map(([caption, to]) => ({ caption, ...(to && { to }) })),
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
  callbacks: { signed: true, goodForMs: null },
  payments: {
    currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 },
    otherCurrency: { numericCode: 392, alphabeticCode: 'JPY', minorUnit: 0 },
    flow: 'invoice',
    exact: '1234567.89',
    // The client names it at Praxis.
    destination: { address: 'named-on-the-page' },
  },
};
