import { Router, type Response } from 'express';
import { fillInTable } from '../../kit/fill-in.ts';
import { html } from '../../kit/html.ts';
import { word } from '../../kit/json.ts';
import { hostedPage } from '../../kit/sandbox-page.ts';
import { SandboxPsp, type NewPspOrder, type PspOrder, type PspState } from '../../kit/sandbox-psp.ts';
import {
  assure,
  assureAmount,
  guarded,
  jsonBody,
  answerPlaced,
  refusals,
  Refusal,
  signedCallback,
} from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { SIGNATURE_HEADER, signature } from '../any/webhook.ts';

const API_KEY = 'acme-sandbox-key';
const CALLBACK_SECRET = 'acme-sandbox-callback-secret';
/** Milliseconds between two attempts, as they document it. */
const RETRY_DELAYS_MS = [60_000, 300_000, 3_600_000];

/** Their words. `unknown` is a word that no document has. */
const WORDS: Record<PspState, string> = fillInTable(
  "sandbox.ts, WORDS: their status word for each state, e.g. { open: 'NEW', done: 'PAID', declined: 'DECLINED', unknown: 'HYPERSPACE', … }",
);

/** An account at Acme of one's own. As strict as they are: credentials, fields, formats, limits. */
export const acmeSandbox = (): SandboxModule => {
  let events = 1;
  const psp = new SandboxPsp({
    decimals: () => 2,
    tell: (order) => {
      if (!order.callbackUrl) return;
      const message = { id: `ev_${events++}`, event: `${order.kind}.updated`, object: shown(order) };
      const sign = (body: string) => ({ [SIGNATURE_HEADER]: signature(CALLBACK_SECRET, body) });
      const habits = { retryDelaysMs: RETRY_DELAYS_MS, answerWithinMs: 10_000 };
      signedCallback(psp.desk!, order.callbackUrl, message, sign, habits);
    },
  });
  const shown = (order: PspOrder) => ({
    id: order.id,
    reference: order.reference,
    status: WORDS[order.state],
    amount: order.amount,
    currency: order.currency,
    paidAmount: order.paid,
    ...(order.kind === 'deposit' && { reversals: order.reversals }),
  });
  /** As whoever asks is answered. */
  const answer = ({ req }: Response, order: PspOrder) => ({
    ...shown(order),
    ...(order.kind === 'deposit' && {
      payUrl: `${req.protocol}://${req.get('host')}${req.baseUrl}/pay/${order.id}`,
    }),
  });

  const place = (res: Response, order: NewPspOrder) => {
    // They keep no key: an order sent twice is two orders. Only of a vendor whose document says so (class `native`) the second one is answered with the first,
    // and refused when it differs.
    const placed = psp.place(order);
    if ('refused' in placed) throw new Refusal(422, placed.refused, 'The order was refused');
    answerPlaced(res, placed, answer(res, placed.order));
  };
  const orderIn = (body: ReturnType<typeof jsonBody>) => {
    const currency = word(body['currency']);
    assure(['EUR', 'USD'].includes(currency), 400, 'currency', 'currency is not supported');
    return { reference: word(body['reference']), amount: assureAmount(body['amount']), currency };
  };

  const routes = (): Router => {
    const api = Router();
    // Where the payer is sent: nobody signs in there.
    api.all('/pay/:id', (req, res, skip) => {
      const order = psp.find('deposit', req.params.id);
      if (!order) return skip();
      if (req.method === 'POST' && order.state === 'open') psp.pay(order.id);
      const content = html`<h1>${order.amount} ${order.currency}</h1>
        <p>${WORDS[order.state]}</p>
        ${order.state === 'open' && html`<form method="post"><button>Pay</button></form>`}`;
      res.type('html').send(hostedPage('Acme', content));
    });
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/account', (_req, res) => res.json({ name: 'Sandbox Brokerage' }));
    api.post('/payments', (req, res) => {
      const body = jsonBody(req, ['reference', 'amount', 'currency', 'callbackUrl'], ['description', 'returnUrl']);
      place(res, { kind: 'deposit', ...orderIn(body), callbackUrl: word(body['callbackUrl']) });
    });
    api.post('/payouts', (req, res) => {
      const body = jsonBody(req, ['reference', 'amount', 'currency', 'account', 'callbackUrl'], ['description']);
      place(res, { kind: 'payout', ...orderIn(body), callbackUrl: word(body['callbackUrl']) });
    });
    api.post('/refunds', (req, res) => {
      const body = jsonBody(req, ['reference', 'payment', 'amount', 'currency']);
      const payment = psp.find('deposit', word(body['payment']));
      assure(payment, 404, 'not_found', 'No such payment');
      place(res, { kind: 'refund', ...orderIn(body), of: payment.id });
    });
    for (const [path, kind] of [
      ['/payments', 'deposit'],
      ['/payouts', 'payout'],
      ['/refunds', 'refund'],
    ] as const) {
      api.get(path, (req, res) => {
        const found = psp.orders.filter((one) => one.kind === kind && one.reference === req.query['reference']);
        res.json({ items: found.map((one) => answer(res, one)) });
      });
      api.get(`${path}/:id`, (req, res) => {
        const found = psp.find(kind, req.params['id']!);
        assure(found, 404, 'not_found', 'No such object');
        res.json(answer(res, found));
      });
    }
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, apiKey: API_KEY, callbackSecret: CALLBACK_SECRET }),
    mount(desk) {
      psp.desk = desk;
      return routes();
    },
    reset: () => psp.reset(),
    numberFrom: (since) => psp.numberFrom(since),
    pay: (id, how) => psp.pay(id, how),
    advance: (id, to) => psp.advance(id, to),
    books: () => psp.books(),
    things: () => psp.things(({ state }) => WORDS[state]),
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { createDeposit: { method: 'POST', path: '/payments' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      // Their document names an age? Then it stands here, and verify refuses what is older.
      callbacks: { signed: true, goodForMs: null },
      payments: {
        currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 },
        otherCurrency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        flow: 'invoice',
        exact: '12345.67',
        destination: { address: 'CY17002001280000001200527600' },
      },
    },
  };
};
