import { Router } from 'express';
import { fillInTable } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import { SandboxObjects, type SandboxObject } from '../../kit/sandbox-objects.ts';
import { assure, guarded, jsonBody, refusals, signedCallback } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { SIGNATURE_HEADER, signature } from '../any/webhook.ts';

const API_KEY = 'acme-sandbox-key';
const CALLBACK_SECRET = 'acme-sandbox-callback-secret';
/** Whom they refuse at once. */
const BLOCKED = '+35799000000';
/** Milliseconds between two attempts, as they document it. */
const RETRY_DELAYS_MS = [60_000, 300_000, 3_600_000];

interface Message {
  to: string;
  text: string;
}

/** Their words for the words of `advance`; `unknown_word` is one that no document has. */
const WORDS: Record<string, string> = fillInTable(
  "sandbox.ts, WORDS: their status word for first, deliver, fail and unknown_word, e.g. { first: 'QUEUED', deliver: 'DELIVERED', … }",
);

/** An account at Acme of one's own. As strict as they are: credentials, fields, formats, limits. */
export const acmeSandbox = (): SandboxModule => {
  let events = 1;
  const shown = ({ id, reference, state }: SandboxObject<Message>) => ({ id, reference, status: WORDS[state] });
  const messages = new SandboxObjects<Message>({
    kind: 'sms',
    first: 'first',
    words: { deliver: 'Deliver', fail: 'Fail', unknown_word: '' },
    show: ({ facts }) => ({ title: facts.to, text: facts.text }),
    tell(one) {
      const message = { id: `ev_${events++}`, event: 'message.updated', object: shown(one) };
      const sign = (body: string) => ({ [SIGNATURE_HEADER]: signature(CALLBACK_SECRET, body) });
      const habits = { retryDelaysMs: RETRY_DELAYS_MS, answerWithinMs: 10_000 };
      signedCallback(messages.desk!, one.callbackUrl, message, sign, habits);
    },
  });

  const routes = (): Router => {
    const api = Router();
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/account', (_req, res) => res.json({ name: 'Sandbox Brokerage' }));
    api.post('/messages', (req, res) => {
      const body = jsonBody(req, ['reference', 'to', 'text', 'callbackUrl']);
      const [to, text] = [word(body['to']), word(body['text'])];
      assure(/^\+\d{7,15}$/.test(to), 400, 'to', 'to is no phone number');
      assure(to !== BLOCKED, 422, 'blocked', 'The recipient is blocked');
      res.status(201).json(shown(messages.place(word(body['reference']), word(body['callbackUrl']), { to, text })));
    });
    api.get('/messages', (req, res) => {
      const found = messages.find(String(req.query['reference']));
      res.json({ items: found ? [shown(found)] : [] });
    });
    api.get('/messages/:id', (req, res) => {
      const found = messages.find(req.params.id);
      assure(found, 404, 'not_found', 'No such message');
      res.json(shown(found));
    });
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, apiKey: API_KEY, callbackSecret: CALLBACK_SECRET }),
    mount(desk) {
      messages.desk = desk;
      return routes();
    },
    reset: () => messages.reset(),
    numberFrom: (since) => messages.numberFrom(since),
    advance: (id, to) => messages.advance(id, to),
    books: () => [],
    things: () => messages.things(),
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { send: { method: 'POST', path: '/messages' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      // Their document names an age? Then it stands here, and verify refuses what is older.
      callbacks: { signed: true, goodForMs: null },
      messaging: { channel: 'sms', to: '+35799000001', refused: BLOCKED },
    },
  };
};
