import { Router, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { html } from '../../../kit/html.ts';
import { answer, answerList, answerRefusals, mediaTypes, readDraft } from '../../../kit/sandbox-json-api.ts';
import { hostedPage } from '../../../kit/sandbox-page.ts';
import { magicOf } from '../../../kit/sandbox-psp.ts';
import { assure, Refusal } from '../../../kit/sandbox-wire.ts';
import type { SandboxDesk } from '../../../kit/sandbox.ts';
import { allowedAddress, authenticate, obtain, refresh } from './access.ts';
import { depositFrom, payoutFrom, quoteFrom } from './drafts.ts';
import type { Life } from './life.ts';
import { renderDeposit, renderPayout, renderTransfer, renderWallet } from './render.ts';
import { type Deposit, type Payout, type State, type Version, shown } from './state.ts';

/** How long a `.12` object keeps its answer back, so that the callback is there first. Real time. */
const CALLBACK_AHEAD_MS = 250;

/** Their paths. POST paths end with a slash and exist in no other form. */
export const routes = (desk: SandboxDesk, state: () => State, life: Life): Router => {
  const router = Router({ strict: true });
  const versions = new WeakMap<Request, Version>();

  router.get('/ping{/}', (_req, res) => answer(res, 200, { data: null }));
  mountPaymentPage(router, state, life);
  router.use(allowedAddress(state));
  router.post('/token/', obtain(state, desk.now));
  router.post('/token/refresh/', refresh(state, desk.now));
  router.use((req, _res, next) => {
    versions.set(req, authenticate(req, state(), desk.now()));
    next();
  });
  router.use(mediaTypes(() => state().settings.strictMediaTypes));

  const one = <T extends { id: string }>(list: readonly T[], req: Request): T => {
    const found = list.find(({ id }) => id === req.params['id']);
    assure(found, 404, 'not_found', 'Not found.');
    return found;
  };

  router.get('/wallet{/}', (req, res) =>
    answerList(req, res, state().wallets, { currency: (w) => w.currency.id, type: (w) => w.type }, renderWallet),
  );
  router.get('/wallet/:id{/}', (req, res) => answer(res, 200, { data: renderWallet(one(state().wallets, req)) }));

  const filters = {
    tracking_id: (of: Deposit | Payout) => of.trackingId,
    status: (of: Deposit | Payout) => of.status,
    wallet: (of: Deposit | Payout) => of.wallet.id,
  };
  const deposit = (one: Deposit) => renderDeposit(state(), one);
  const payout = (one: Payout) => renderPayout(state(), one);
  router.get('/deposit{/}', (req, res) => answerList(req, res, state().deposits, filters, deposit));
  router.get('/deposit/:id{/}', (req, res) => answer(res, 200, { data: deposit(one(state().deposits, req)) }));
  router.get('/payout{/}', (req, res) => answerList(req, res, state().payouts, filters, payout));
  router.get('/payout/:id{/}', (req, res) => answer(res, 200, { data: payout(one(state().payouts, req)) }));
  router.get('/transfer{/}', (req, res) =>
    answerList(
      req,
      res,
      state().transfers,
      {
        op_id: (t) => t.of.id,
        op_type: (t) => t.opType,
        status: (t) => t.status,
        wallet: (t) => t.wallet.id,
        txid: (t) => t.txid,
      },
      renderTransfer,
    ),
  );
  router.get('/transfer/:id{/}', (req, res) => answer(res, 200, { data: renderTransfer(one(state().transfers, req)) }));

  router.post('/deposit/', async (req, res) => {
    const draft = readDraft(req, 'deposit');
    const pages = `${req.protocol}://${req.get('host')}${req.baseUrl}`;
    const made = depositFrom(draft, state(), versions.get(req)!, desk.now(), pages);
    state().deposits.push(made);
    if (made.expiresAt !== null) desk.later(made.expiresAt - desk.now(), () => life.expire(made));
    const magic = magicOf(made.requested ?? '0');
    if (magic === '12') life.pay(made, {});
    await answerMade(res, magic, () => deposit(made));
  });

  router.post('/payout/calculate/', (req, res) => {
    const draft = readDraft(req, 'payout-calculation');
    answer(res, 200, { data: { type: 'payout-calculation', id: '0', attributes: quoteFrom(draft, state()) } });
  });

  router.post('/payout/', async (req, res) => {
    const key = req.get('idempotency-key') ?? '';
    assure(key !== '', 428, '1003', 'Idempotency-Key header is required');
    assure(UUID_V4.test(key), 400, 'invalid', 'Idempotency-Key must be a UUID v4');
    assure(!state().keys.has(key), 409, '1004', 'Idempotency-Key was already used');
    const made = payoutFrom(readDraft(req, 'payout'), state(), versions.get(req)!, desk.now());
    state().keys.add(key);
    state().payouts.push(made);
    const magic = magicOf(made.amount);
    if (magic === '12') life.begin(made);
    await answerMade(res, magic, () => payout(made));
    if (magic !== '12') life.begin(made);
  });

  router.use(() => {
    throw new Refusal(404, 'not_found', 'Not found.');
  });
  router.use(answerRefusals);
  return router;
};

const STATUS: Record<number, string> = { 2: 'Waiting for your payment', 3: 'Paid', 4: 'Expired', 5: 'Under review' };

/** The hosted page of an invoice, so that a person who follows the redirect can act as the payer. */
const mountPaymentPage = (router: Router, state: () => State, life: Life): void => {
  const find = (req: Request) =>
    state().deposits.find(({ uuid, requested }) => uuid === req.params['uuid'] && requested !== null);
  router.get('/pay/:uuid', (req, res, next) => {
    const deposit = find(req);
    if (deposit) res.type('html').send(pageOf(deposit));
    else next();
  });
  router.post('/pay/:uuid', (req, res, next) => {
    const deposit = find(req);
    if (!deposit) return next();
    if (deposit.status === 2) life.pay(deposit, {});
    res.redirect(303, deposit.redirectUrl ?? req.originalUrl);
  });
};

const pageOf = ({ id, requested, wallet, label, status, redirectUrl, buttonText }: Deposit): string => {
  const content = html`<h1>${shown(requested!)} ${wallet.currency.alpha}</h1>
    <p>${label} · ${STATUS[status] ?? 'Unknown'}</p>
    ${status === 2 && html`<form method="post"><button>Pay</button></form>`}`;
  const back = redirectUrl === null ? undefined : { url: redirectUrl, caption: buttonText ?? 'Back' };
  return hostedPage(`Invoice ${id}`, content, { back });
};

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** 201, after its callback (`.12`), or never (`.09`). */
const answerMade = async (res: Response, magic: string, data: () => unknown): Promise<void> => {
  if (magic === '09') return;
  if (magic === '12') await sleep(CALLBACK_AHEAD_MS);
  answer(res, 201, { data: data() });
};
