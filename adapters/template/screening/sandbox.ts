import { Router } from 'express';
import { fillInTable } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import { SandboxObjects, type SandboxObject } from '../../kit/sandbox-objects.ts';
import { assure, assureAmount, guarded, jsonBody, refusals, signedCallback } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { SIGNATURE_HEADER, signature } from '../any/webhook.ts';

const API_KEY = 'acme-sandbox-key';
const CALLBACK_SECRET = 'acme-sandbox-callback-secret';
/** Milliseconds between two attempts, as they document it. */
const RETRY_DELAYS_MS = [60_000, 300_000, 3_600_000];

/** Their words for the words of `advance`; `unknown_word` is one that no document has. */
const WORDS: Record<string, string> = fillInTable(
  "sandbox.ts, WORDS: their status word for first, clear, hold, reject and unknown_word, e.g. { first: 'NEW', clear: 'CLEAR', … }",
);

/** An account at Acme of one's own. As strict as they are: credentials, fields, formats, limits. */
export const acmeSandbox = (): SandboxModule => {
  let events = 1;
  const shown = ({ id, reference, state }: SandboxObject<string>) => ({
    id,
    reference,
    verdict: WORDS[state],
    signals: state === 'clear' ? [] : ['large_amount'],
  });
  const checks = new SandboxObjects<string>({
    kind: 'check',
    first: 'first',
    words: { clear: 'Clear', hold: 'Hold', reject: 'Reject', unknown_word: '' },
    show: ({ facts }) => ({ title: facts }),
    tell(one) {
      const message = { id: `ev_${events++}`, event: 'check.updated', object: shown(one) };
      const sign = (body: string) => ({ [SIGNATURE_HEADER]: signature(CALLBACK_SECRET, body) });
      const habits = { retryDelaysMs: RETRY_DELAYS_MS, answerWithinMs: 10_000 };
      signedCallback(checks.desk!, one.callbackUrl, message, sign, habits);
    },
  });

  const routes = (): Router => {
    const api = Router();
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/account', (_req, res) => res.json({ name: 'Sandbox Brokerage' }));
    api.post('/checks', (req, res) => {
      const body = jsonBody(
        req,
        ['reference', 'direction', 'amount', 'currency', 'time', 'callbackUrl'],
        ['client', 'counterparty'],
      );
      assure(/^[A-Z]{3}$/.test(word(body['currency'])), 400, 'currency', 'currency is not valid');
      const what = `${assureAmount(body['amount'])} ${word(body['currency'])} ${word(body['direction'])}`;
      res.status(201).json(shown(checks.place(word(body['reference']), word(body['callbackUrl']), what)));
    });
    api.get('/checks', (req, res) => {
      const found = checks.find(String(req.query['reference']));
      res.json({ items: found ? [shown(found)] : [] });
    });
    api.get('/checks/:id', (req, res) => {
      const found = checks.find(req.params.id);
      assure(found, 404, 'not_found', 'No such check');
      res.json(shown(found));
    });
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, apiKey: API_KEY, callbackSecret: CALLBACK_SECRET }),
    mount(desk) {
      checks.desk = desk;
      return routes();
    },
    reset: () => checks.reset(),
    numberFrom: (since) => checks.numberFrom(since),
    advance: (id, to) => checks.advance(id, to),
    books: () => [],
    things: () => checks.things(),
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { screen: { method: 'POST', path: '/checks' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      // Their document names an age? Then it stands here, and verify refuses what is older.
      callbacks: { signed: true, goodForMs: null },
      screening: {
        currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2, type: 'fiat' },
        account: 'CY17002001280000001200527600',
      },
    },
  };
};
