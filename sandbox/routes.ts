import express, { Router, type NextFunction, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CALLBACK_MODES } from './callbacks.ts';
import type { SandboxControl } from './control.ts';
import { FaultOrder, spoil } from './faults.ts';
import { html } from '../adapters/kit/html.ts';
import { page, sendPage } from './pages/layout.ts';
import { providerPage } from './pages/provider-page.ts';

const Pay = z.object({ amount: z.string(), currency: z.string(), confirmations: z.coerce.number().int() }).partial();
const Advance = z.object({ to: z.string().min(1) });
const Callbacks = z.object({
  mode: z.enum(CALLBACK_MODES),
  copies: z.coerce.number().int().min(1).max(100).optional(),
});
const Clock = z.object({ advance: z.string() });
const Milliseconds = z.object({ ms: z.coerce.number().int().min(0) });

/** The page's form knows neither nesting nor numbers. */
const Fault = z.preprocess((body) => {
  const { method, path, ...fault } = body as Record<string, unknown>;
  const match = { ...(method !== undefined && { method }), ...(path !== undefined && { path }) };
  const numbers = ['ms', 'retryAfter', 'times'].filter((name) => /^\d{1,9}$/.test(String(fault[name])));
  return { match, ...fault, ...Object.fromEntries(numbers.map((name) => [name, Number(fault[name])])) };
}, FaultOrder);

const isForm = (req: Request): boolean => Boolean(req.is('application/x-www-form-urlencoded'));

/** The page whose button was pressed; never anybody else's. */
const pageBefore = (req: Request): string => {
  const referer = req.get('referer') ?? '';
  const { host, pathname } = URL.canParse(referer) ? new URL(referer) : { host: '', pathname: '/' };
  return host === req.get('host') && /^\/[\w/-]*$/.test(pathname) && !pathname.startsWith('//') ? pathname : '/';
};

/** Form fields left empty count as absent. */
const given = (body: unknown): unknown =>
  body && typeof body === 'object' ? Object.fromEntries(Object.entries(body).filter(([, value]) => value !== '')) : {};

/** `/{id}/__sandbox`, the same for every provider: a page, and what its buttons do. Bodies are JSON, or a form from the page. */
export const controlRoutes = (control: SandboxControl): Router => {
  const router = Router();
  router.use(express.json(), express.urlencoded());
  const post = <T>(path: string, shape: z.ZodType<T>, act: (input: T, req: Request) => unknown) =>
    router.post(path, async (req, res) => {
      const refuse = (error: string) => {
        if (isForm(req)) sendPage(res, refusalPage(error, pageBefore(req)), 400);
        else res.status(400).json({ error });
      };
      const input = shape.safeParse(given(req.body));
      if (!input.success) return refuse(z.prettifyError(input.error));
      try {
        const result = await act(input.data, req);
        if (isForm(req)) res.redirect(303, pageBefore(req));
        else res.json(result ?? { ok: true });
      } catch (error) {
        refuse(error instanceof Error ? error.message : 'failed');
      }
    });
  router.get('/', (_req, res) => sendPage(res, providerPage(control)));

  post('/reset', z.object({}), () => control.reset());
  post('/pay/:id', Pay, (how, req) => control.pay(String(req.params['id']), withoutUndefined(how)));
  post('/pay', Pay.extend({ id: z.string() }), ({ id, ...how }) => control.pay(id, withoutUndefined(how)));
  post('/advance/:id', Advance, ({ to }, req) => control.advance(String(req.params['id']), to));
  post('/advance', Advance.extend({ id: z.string() }), ({ id, to }) => control.advance(id, to));
  post('/callbacks', Callbacks, ({ mode, copies }) => control.setCallbacks(mode, copies));
  post('/fault', Fault, (order) => void control.faults.add(order));
  post('/clock', Clock, async ({ advance }) => ({ now: new Date(await control.advanceClock(advance)).toISOString() }));
  post('/latency', Milliseconds, ({ ms }) => {
    control.latencyMs = ms;
  });
  post('/maintenance', Milliseconds, ({ ms }) => control.maintenance(ms));

  router.get('/requests', (_req, res) => void res.json(control.received));
  router.get('/callbacks', (_req, res) => void res.json(control.callbacks()));
  router.get('/clock', (_req, res) => void res.json({ now: new Date(control.now()).toISOString() }));
  router.get('/books', (_req, res) => void res.json(control.books()));
  return router;
};

const refusalPage = (error: string, back: string) =>
  page(
    'That did not work',
    html`<p role="alert">${error}</p>
      <p><a href="${back}">Back</a></p>`,
  );

const withoutUndefined = (how: z.output<typeof Pay>) => ({
  ...(how.amount !== undefined && { amount: how.amount }),
  ...(how.currency !== undefined && { currency: how.currency }),
  ...(how.confirmations !== undefined && { confirmations: how.confirmations }),
});

/** Vendor paths: raw body (`req.body` is always a Buffer), record, latency, maintenance and faults, then the vendor's code. */
export const vendorRoutes = (control: SandboxControl): Router => {
  const router = Router();
  router.use(express.raw({ type: () => true, limit: '1mb' }));
  router.use(async (req: Request, res: Response, next: NextFunction) => {
    if (!Buffer.isBuffer(req.body)) req.body = Buffer.alloc(0);
    const body = (req.body as Buffer).toString('utf8');
    const entry = {
      at: new Date(control.now()).toISOString(),
      method: req.method,
      url: req.url,
      headers: req.headers,
      body,
    };
    control.record(entry);
    res.on('finish', () => Object.assign(entry, { status: res.statusCode }));

    if (control.latencyMs > 0) await sleep(control.latencyMs);
    if (control.inMaintenance()) {
      res.status(503).type('text').send('Service Unavailable');
      return;
    }
    const fault = control.faults.take(req.method, req.path, body);
    if (!fault || (await spoil(fault, res))) next();
  });
  router.use(control.vendor.mount(control.desk));
  router.use((_req, res) => void res.status(404).type('text').send('Not Found'));
  return router;
};
