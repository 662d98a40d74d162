import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SandboxDesk, SandboxMessage } from '../../kit/sandbox.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import { signature } from './wire.ts';

export const CREDENTIALS = {
  appToken: 'sbx:sandbox.app-token-of-the-sandbox',
  secretKey: 'sandbox-secret-key',
  webhookSecret: 'sandbox-webhook-secret',
};
const MINUTE = 60_000;
const RETRIES = [5, 60, 300, 1080].map((minutes) => minutes * MINUTE);
/** Calls in five seconds. */
const LIMITS = { GET: 300, POST: 50 };

/** Their error body; with `errorCode`, the description is its name. */
export class Refusal extends Error {
  readonly body: object;
  readonly code: number;
  constructor(code: number, description: string, errorCode?: number) {
    super(description);
    this.code = code;
    this.body = { description, code, ...(errorCode !== undefined && { errorCode, errorName: description }) };
  }
}

export const answerRefusal = (error: unknown, _req: Request, res: Response, next: NextFunction): void => {
  if (!(error instanceof Refusal)) return next(error);
  res.status(error.code).json({ ...error.body, correlationId: `req-${randomUUID()}` });
};

/** '2026-11-20 09:00:00' */
export const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** The body, as strictly as the shape says. Refusals quote what they refuse: whoever repeats them tells names. */
export const read = <T>(shape: z.ZodType<T>, req: Request): T => {
  const given = (req.body as Buffer).toString('utf8');
  try {
    return shape.parse(JSON.parse(given));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'Malformed JSON';
    throw new Refusal(400, `${why} in ${given}`);
  }
};

const signed = (about: object, secret: string, at: number): SandboxMessage => {
  const createdAtMs = new Date(at).toISOString().slice(0, 23).replace('T', ' ');
  const body = JSON.stringify({ ...about, sandboxMode: true, clientId: 'brokerhub_sandbox', createdAtMs });
  const digest = { 'x-payload-digest': hmac('sha256', secret, body), 'x-payload-digest-alg': 'HMAC_SHA256_HEX' };
  return { body, headers: { 'content-type': 'application/json', ...digest } };
};

/** What all products of an account share: who may call, how often, numbers, time, webhooks. */
export class Account {
  desk!: SandboxDesk;
  number = 0;
  #calls: { kind: keyof typeof LIMITS; at: number }[] = [];

  newId = (): string => `64a${(++this.number).toString(16).padStart(21, '0')}`;

  reset(): void {
    this.#calls = [];
  }

  authorise(req: Request): void {
    const header = (name: string) => req.header(`x-app-${name}`) ?? '';
    const [token, ts, sig] = [header('token'), header('access-ts'), header('access-sig')];
    if (!token || !ts || !sig) throw new Refusal(401, 'not-all-auth-params-provided', 4006);
    if (!/^(sbx|prd):[^.]+\../.test(token)) throw new Refusal(401, 'app-token-invalid-format', 4000);
    if (token.split('.')[0] !== CREDENTIALS.appToken.split('.')[0]) throw new Refusal(401, 'app-token-not-found', 4001);
    if (token !== CREDENTIALS.appToken) throw new Refusal(401, 'app-token-private-part-mismatch', 4002);
    if (!/^\d{10}$/.test(ts)) throw new Refusal(401, 'invalid-value', 4005);
    // The hub lives in real time, also after somebody has put this sandbox's clock forward.
    const now = this.desk.now();
    const skew = Math.min(...[Date.now(), now].map((time) => Math.abs(time - Number(ts) * 1000)));
    if (skew > MINUTE) throw new Refusal(401, 'app-token-request-expired', 4004);
    const expected = signature(CREDENTIALS.secretKey, ts, req.method, req.url, req.body as Buffer);
    if (!sameText(expected, sig)) throw new Refusal(401, 'app-token-signature-mismatch', 4003);
    const kind = req.method === 'GET' ? 'GET' : 'POST';
    this.#calls = [...this.#calls.filter(({ at }) => now - at < 5000), { kind, at: now }];
    if (this.#calls.filter((one) => one.kind === kind).length > LIMITS[kind])
      throw new Refusal(429, 'Too many requests');
    if (kind === 'POST' && !req.is('application/json')) throw new Refusal(415, 'Unsupported Media Type');
  }

  /** `url`: what our adapter notes on the object. SumSub's own webhooks go where the dashboard says. */
  send(url: string | undefined, about: { type: string; [field: string]: unknown }): void {
    if (url === undefined) return;
    const now = this.desk.now();
    this.desk.callback({
      url,
      message: signed(about, CREDENTIALS.webhookSecret, now),
      forge: () => signed(about, 'another secret', now),
      stale: () => signed(about, CREDENTIALS.webhookSecret, now - 7 * 1440 * MINUTE),
      retryDelaysMs: RETRIES,
      answerWithinMs: 5000,
    });
  }
}
