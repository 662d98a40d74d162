import type { Request } from 'express';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { CallLimit } from '../../kit/call-limit.ts';
import { assure, callBack, Refusal, refusals, shapedBody } from '../../kit/sandbox-wire.ts';
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
const ADMITTED = { GET: 300, POST: 50 };

/** Their error body: `code` is the status; what has a number of theirs, has its name for a description. */
export const answerRefusal = refusals(({ status, code, message }) => ({
  description: message,
  code: status,
  ...(code !== '' && { errorCode: Number(code), errorName: message }),
  correlationId: `req-${randomUUID()}`,
}));

/** '2026-11-20 09:00:00' */
export const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** Refusals quote what they refuse: whoever repeats them tells names. */
export const read = <T>(shape: z.ZodType<T>, req: Request): T =>
  shapedBody(shape, req, (issue) => {
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : 'Malformed JSON';
    return new Refusal(400, '', `${why} in ${String(req.body)}`);
  });

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
  #limits = { GET: new CallLimit(5000), POST: new CallLimit(5000) };

  newId = (): string => `64a${(++this.number).toString(16).padStart(21, '0')}`;

  reset(): void {
    for (const limit of Object.values(this.#limits)) limit.reset();
  }

  authorise(req: Request): void {
    const header = (name: string) => req.header(`x-app-${name}`) ?? '';
    const [token, ts, sig] = [header('token'), header('access-ts'), header('access-sig')];
    assure(token && ts && sig, 401, '4006', 'not-all-auth-params-provided');
    assure(/^(sbx|prd):[^.]+\../.test(token), 401, '4000', 'app-token-invalid-format');
    const isKnown = token.split('.')[0] === CREDENTIALS.appToken.split('.')[0];
    assure(isKnown, 401, '4001', 'app-token-not-found');
    assure(token === CREDENTIALS.appToken, 401, '4002', 'app-token-private-part-mismatch');
    assure(/^\d{10}$/.test(ts), 401, '4005', 'invalid-value');
    // The hub lives in real time, also after somebody has put this sandbox's clock forward.
    const now = this.desk.now();
    const skew = Math.min(...[Date.now(), now].map((time) => Math.abs(time - Number(ts) * 1000)));
    assure(skew <= MINUTE, 401, '4004', 'app-token-request-expired');
    const expected = signature(CREDENTIALS.secretKey, ts, req.method, req.url, req.body as Buffer);
    assure(sameText(expected, sig), 401, '4003', 'app-token-signature-mismatch');
    const kind = req.method === 'GET' ? 'GET' : 'POST';
    assure(this.#limits[kind].take(now, ADMITTED[kind]) === 0, 429, '', 'Too many requests');
    assure(kind === 'GET' || req.is('application/json'), 415, '', 'Unsupported Media Type');
  }

  /** `url`: what our adapter notes on the object. SumSub's own webhooks go where the dashboard says. */
  send(url: string | undefined, about: { type: string; [field: string]: unknown }): void {
    const write = (time: number, honest: boolean) =>
      signed(about, honest ? CREDENTIALS.webhookSecret : 'another secret', time);
    callBack(this.desk, url, write, { retryDelaysMs: RETRIES, answerWithinMs: 5000 });
  }
}
