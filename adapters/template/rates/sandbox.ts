import { Router } from 'express';
import { fillInTable } from '../../kit/fill-in.ts';
import { guarded, refusals } from '../../kit/sandbox-wire.ts';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';

const API_KEY = 'acme-sandbox-key';
const RATES: Record<string, string> = { EURUSD: '1.0845', USDEUR: '0.9221', GBPUSD: '1.2710' };
const MINUTE_MS = 60_000;

/** Acme's rates, the same every day. As strict as they are: credentials, parameters, limits. */
export const acmeSandbox = (): SandboxModule => {
  const routes = (desk: SandboxDesk): Router => {
    const api = Router();
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/rates', (req, res) => {
      const wanted = String(req.query['pairs']).split(',');
      // Rates are made once a minute.
      const time = new Date(Math.floor(desk.now() / MINUTE_MS) * MINUTE_MS).toISOString();
      const quoted = wanted.filter((pair) => RATES[pair] !== undefined);
      const items = quoted.map((pair) => ({ from: pair.slice(0, 3), to: pair.slice(3), rate: RATES[pair], time }));
      res.json({ items });
    });
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, apiKey: API_KEY }),
    mount: routes,
    reset: () => undefined,
    books: () => [],
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { quotes: { method: 'GET', path: '/rates' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      rates: { pair: { from: 'EUR', to: 'USD' } },
    },
  };
};
