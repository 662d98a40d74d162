import { Router } from 'express';
import { randomUUID } from 'node:crypto';
import type { SandboxModule } from '../../kit/sandbox.ts';

const SITE_KEY = 'sandbox-site-key';
const SECRET_KEY = 'sandbox-recaptcha-secret';
const V2_SECRET_KEY = 'sandbox-recaptcha-v2-secret';
const HOST = 'localhost';

/** What the widget does in a browser, as far as a page asks of it: a token for a person. */
const WIDGET = `window.grecaptcha={ready:(f)=>f(),execute:(_key,{action})=>Promise.resolve('pass:'+action+':0.9:'+crypto.randomUUID())};`;

/**
 * Google's siteverify. A token says itself what it is: `pass:login:0.9:<nonce>` is good once, for that action with that score;
 * with a fifth part, on that host; `old:…` is older than two minutes.
 */
export const createSandbox = (): SandboxModule => {
  const used = new Set<string>();

  const verdictOn = (token: string, v2: boolean, now: number): Record<string, unknown> => {
    if (token.startsWith('old:') || used.has(token)) return no('timeout-or-duplicate');
    const [, action, score, , hostname = HOST] =
      /^pass:([\w/]+):([01](?:\.\d+)?):([^:]+)(?::([\w.-]+))?$/.exec(token) ?? [];
    if (action === undefined) return no('invalid-input-response');
    used.add(token);
    const stamp = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    return { success: true, challenge_ts: stamp, hostname, ...(!v2 && { score: Number(score), action }) };
  };

  return {
    id: 'recaptcha',
    defaultConfig: (origin) => ({
      siteKey: SITE_KEY,
      secretKey: SECRET_KEY,
      hostnames: [HOST],
      baseUrl: `${origin}/recaptcha`,
    }),
    mount: (desk) => {
      const router = Router();
      router.get('/recaptcha/api.js', (_req, res) => void res.type('js').send(WIDGET));
      router.post('/recaptcha/api/siteverify', (req, res) => {
        const isForm = req.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
        const form = new URLSearchParams(isForm ? (req.body as Buffer).toString('utf8') : '');
        const [secret, token] = [form.get('secret') ?? '', form.get('response') ?? ''];
        if (secret === '') res.json(no('missing-input-secret'));
        else if (secret !== SECRET_KEY && secret !== V2_SECRET_KEY) res.json(no('invalid-input-secret'));
        else if (token === '') res.json(no('missing-input-response'));
        else res.json(verdictOn(token, secret === V2_SECRET_KEY, desk.now()));
      });
      return router;
    },
    reset: () => used.clear(),
    books: () => [],
    conformance: {
      calls: {
        check: { method: 'POST', path: '/recaptcha/api/siteverify' },
        testConnection: { method: 'POST', path: '/recaptcha/api/siteverify' },
      },
      wrongCredentials: { secretKey: 'not the secret' },
      captcha: { human: () => `pass:login:0.9:${randomUUID()}`, robot: () => `pass:login:0.1:${randomUUID()}` },
    },
  };
};

const no = (code: string) => ({ success: false, 'error-codes': [code] });
