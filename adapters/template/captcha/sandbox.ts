import { Router } from 'express';
import { fillInTable } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import { guarded, jsonBody, refusals } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';

const API_KEY = 'acme-sandbox-key';

/** Acme's check of tokens: 'human-…' passes once, everything else fails. As strict as they are: credentials, fields, limits. */
export const acmeSandbox = (): SandboxModule => {
  const used = new Set<string>();
  let next = 1;

  const routes = (): Router => {
    const api = Router();
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/account', (_req, res) => res.json({ name: 'Sandbox Brokerage' }));
    api.post('/verify', (req, res) => {
      const token = word(jsonBody(req, [], ['token', 'ip'])['token']);
      const passed = /^human-\d+$/.test(token) && !used.has(token);
      used.add(token);
      res.json({ verdict: passed ? 'PASSED' : 'FAILED', errors: passed ? [] : ['token_not_valid'] });
    });
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, siteKey: 'sandbox-site', apiKey: API_KEY }),
    mount: routes,
    reset: () => used.clear(),
    books: () => [],
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { check: { method: 'POST', path: '/verify' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      captcha: { human: () => `human-${next++}`, robot: () => `robot-${next++}` },
    },
  };
};
