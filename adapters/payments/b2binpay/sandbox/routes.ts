import { Router, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxDesk } from '../../../kit/sandbox.ts';
import { VENDOR_CURRENCIES } from '../config.ts';
import { allowedAddress, authenticate, obtain, refresh } from './access.ts';
import { depositFrom, payoutFrom, quoteFrom } from './drafts.ts';
import type { Life } from './life.ts';
import { paymentPage } from './payment-page.ts';
import { renderCurrency, renderDeposit, renderPayout, renderTransfer, renderWallet, stamp } from './render.ts';
import { type State, type Version, magicOf, rate } from './state.ts';
import { WireFailure, answer, answerFailure, answerList, mediaTypes, readDraft } from './wire.ts';

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
    life.tick(desk.now());
    next();
  });
  router.use(mediaTypes(() => state().settings.strictMediaTypes));

  const one = <T extends { id: string }>(list: readonly T[], req: Request): T => {
    const found = list.find(({ id }) => id === req.params['id']);
    if (!found) throw new WireFailure(404, 'not_found', 'Not found.');
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

  // Looking at an object counts as a tick of its life, before it is shown.
  router.get('/deposit{/}', (req, res) =>
    answerList(
      req,
      res,
      state().deposits,
      { tracking_id: (d) => d.trackingId, status: (d) => d.status, wallet: (d) => d.wallet.id },
      (d) => {
        life.tickOf(d);
        return renderDeposit(state(), d);
      },
    ),
  );
  router.get('/deposit/:id{/}', (req, res) => {
    const deposit = one(state().deposits, req);
    life.tickOf(deposit);
    answer(res, 200, { data: renderDeposit(state(), deposit) });
  });
  router.get('/payout{/}', (req, res) =>
    answerList(
      req,
      res,
      state().payouts,
      { tracking_id: (p) => p.trackingId, status: (p) => p.status, wallet: (p) => p.wallet.id },
      (p) => {
        life.tickOf(p);
        return renderPayout(state(), p);
      },
    ),
  );
  router.get('/payout/:id{/}', (req, res) => {
    const payout = one(state().payouts, req);
    life.tickOf(payout);
    answer(res, 200, { data: renderPayout(state(), payout) });
  });
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
    const deposit = depositFrom(draft, state(), versions.get(req)!, desk.now(), pages);
    state().deposits.push(deposit);
    if (deposit.expiresAt !== null) desk.later(deposit.expiresAt - desk.now(), () => life.expire(deposit));
    const magic = magicOf(deposit.requested ?? '0');
    if (magic === '12') life.pay(deposit, {});
    await created(res, magic, () => ({ data: renderDeposit(state(), deposit) }));
  });

  router.post('/payout/calculate/', (req, res) => {
    const draft = readDraft(req, 'payout-calculation');
    answer(res, 200, { data: { type: 'payout-calculation', id: '0', attributes: quoteFrom(draft, state()) } });
  });

  router.post('/payout/', async (req, res) => {
    const key = req.headers['idempotency-key'];
    if (typeof key !== 'string' || key === '') throw new WireFailure(428, '1003', 'Idempotency-Key header is required');
    if (!UUID_V4.test(key)) throw new WireFailure(400, 'invalid', 'Idempotency-Key must be a UUID v4');
    if (state().keys.has(key)) throw new WireFailure(409, '1004', 'Idempotency-Key was already used');
    const payout = payoutFrom(readDraft(req, 'payout'), state(), versions.get(req)!, desk.now());
    state().keys.add(key);
    state().payouts.push(payout);
    const magic = magicOf(payout.amount);
    life.begin(payout);
    if (magic === '12') life.tickOf(payout, 0);
    await created(res, magic, () => ({ data: renderPayout(state(), payout) }));
  });

  router.use(() => {
    throw new WireFailure(404, 'not_found', 'Not found.');
  });
  router.use(answerFailure);
  return router;
};

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** 201, after its callback (`.12`), or never (`.09`). */
const created = async (res: Response, magic: string, body: () => unknown): Promise<void> => {
  if (magic === '09') return;
  if (magic === '12') await sleep(CALLBACK_AHEAD_MS);
  answer(res, 201, body());
};
