import { Router, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, answerList, answerRefusals, mediaTypes, readDraft } from '../../../kit/sandbox-json-api.ts';
import { magicOf } from '../../../kit/sandbox-psp.ts';
import { assure, Refusal } from '../../../kit/sandbox-wire.ts';
import type { SandboxDesk } from '../../../kit/sandbox.ts';
import { VENDOR_CURRENCIES } from '../config.ts';
import { allowedAddress, authenticate, obtain, refresh } from './access.ts';
import { depositFrom, payoutFrom, quoteFrom } from './drafts.ts';
import type { Life } from './life.ts';
import { paymentPage } from './payment-page.ts';
import { renderCurrency, renderDeposit, renderPayout, renderTransfer, renderWallet, stamp } from './render.ts';
import { type Deposit, type Payout, type State, type Version, rate } from './state.ts';

/** How long a `.12` object keeps its answer back, so that the callback is there first. Real time. */
const CALLBACK_AHEAD_MS = 250;

/** Their paths. POST paths end with a slash and exist in no other form. */
export const routes = (desk: SandboxDesk, state: () => State, life: Life): Router => {
  const router = Router({ strict: true });
  const versions = new WeakMap<Request, Version>();

  router.get('/ping{/}', (_req, res) => answer(res, 200, { data: null }));
  router.use(paymentPage(state, life));
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
  router.get('/currency{/}', (req, res) =>
    answerList(req, res, VENDOR_CURRENCIES, { alpha: (c) => c.alpha, iso: (c) => c.id }, renderCurrency),
  );
  router.get('/currency/:id{/}', (req, res) => answer(res, 200, { data: renderCurrency(one(VENDOR_CURRENCIES, req)) }));
  router.get('/rates{/}', (req, res) => {
    const pairs = VENDOR_CURRENCIES.flatMap((left) => VENDOR_CURRENCIES.map((right) => ({ left, right })));
    const by = { left: (p: (typeof pairs)[0]) => p.left.alpha, right: (p: (typeof pairs)[0]) => p.right.alpha };
    answerList(req, res, pairs, by, ({ left, right }) => {
      const price = rate(left, right);
      const attributes = { left: left.alpha, right: right.alpha, bid: price, ask: price, exp: 8 };
      const life = { created_at: stamp(desk.now()), expired_at: stamp(desk.now() + 60_000) };
      return { type: 'rate', id: '0', attributes: { ...attributes, ...life } };
    });
  });

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

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** 201, after its callback (`.12`), or never (`.09`). */
const answerMade = async (res: Response, magic: string, data: () => unknown): Promise<void> => {
  if (magic === '09') return;
  if (magic === '12') await sleep(CALLBACK_AHEAD_MS);
  answer(res, 201, { data: data() });
};
