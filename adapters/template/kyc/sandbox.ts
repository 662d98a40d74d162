import { Router, type Response } from 'express';
import { fillInTable } from '../../kit/fill-in.ts';
import { objectOf, word } from '../../kit/json.ts';
import { SandboxObjects, type SandboxObject } from '../../kit/sandbox-objects.ts';
import { assure, guarded, jsonBody, refusals, signedCallback } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { mountVerificationPage } from '../../kit/verification-page.ts';
import { SIGNATURE_HEADER, signature } from '../any/webhook.ts';

const API_KEY = 'acme-sandbox-key';
const CALLBACK_SECRET = 'acme-sandbox-callback-secret';
const PROGRAMME = 'basic';
/** Milliseconds between two attempts, as they document it. */
const RETRY_DELAYS_MS = [60_000, 300_000, 3_600_000];

/** Their words for the words of `advance`; `unknown_word` is one that no document has. */
const WORDS: Record<string, string> = fillInTable(
  "sandbox.ts, WORDS: their status word for first, submit, green, red_retry, red_final, hold and unknown_word, e.g. { first: 'NEW', submit: 'SUBMITTED', green: 'GREEN', … }",
);

/** An account at Acme of one's own. As strict as they are: credentials, fields, formats, limits. */
export const acmeSandbox = (): SandboxModule => {
  let events = 1;
  const shown = ({ id, reference, state, changes }: SandboxObject<null>) => ({
    id,
    reference,
    status: WORDS[state],
    attempt: changes,
    reasons: state.startsWith('red') ? ['BAD_PHOTO'] : [],
    documents: state === 'first' ? [] : [{ type: 'PASSPORT' }],
  });
  /** As whoever asks is answered. */
  const answer = ({ req }: Response, one: SandboxObject<null>) => ({
    ...shown(one),
    pageUrl: `${req.protocol}://${req.get('host')}${req.baseUrl}/verify/${one.id}`,
  });
  const applicants = new SandboxObjects<null>({
    kind: 'applicant',
    first: 'first',
    words: {
      submit: 'Send documents',
      green: 'Approve',
      red_retry: 'Ask again',
      red_final: 'Reject',
      hold: 'Hold',
      unknown_word: '',
    },
    show: ({ reference }) => ({ title: reference }),
    tell(one) {
      const message = {
        id: `ev_${events++}`,
        event: 'applicant.updated',
        object: { id: one.id, reference: one.reference },
      };
      const sign = (body: string) => ({ [SIGNATURE_HEADER]: signature(CALLBACK_SECRET, body) });
      const habits = { retryDelaysMs: RETRY_DELAYS_MS, answerWithinMs: 10_000 };
      signedCallback(applicants.desk!, one.callbackUrl, message, sign, habits);
    },
  });

  const routes = (): Router => {
    const api = Router();
    // Where the client is sent: nobody signs in there.
    mountVerificationPage(api, '/verify/:code', applicants.desk!, (id) => {
      const found = applicants.find(id);
      if (!found) return undefined;
      const { state } = found;
      const wanted = state === 'first' || state === 'red_retry';
      return {
        vendor: 'Acme',
        state: WORDS[state]!,
        ...(wanted && { submit: () => applicants.advance(id, 'submit') }),
        judge: (verdict) => applicants.advance(id, verdict),
      };
    });
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/account', (_req, res) => res.json({ name: 'Sandbox Brokerage' }));
    api.post('/applicants', (req, res) => {
      const body = jsonBody(
        req,
        ['reference', 'type', 'programme', 'locale', 'callbackUrl'],
        ['person', 'returnUrl', 'renew'],
      );
      assure(word(body['programme']) === PROGRAMME, 400, 'programme', 'No such programme');
      assure(Object.keys(objectOf(body['person'])).length > 0, 400, 'missing_field', 'person is required');
      const made = applicants.place(word(body['reference']), word(body['callbackUrl']), null);
      if (body['renew'] === true) made.state = 'first';
      res.status(201).json(answer(res, made));
    });
    api.get('/applicants', (req, res) => {
      const found = applicants.find(String(req.query['reference']));
      res.json({ items: found ? [answer(res, found)] : [] });
    });
    api.get('/applicants/:id', (req, res) => {
      const found = applicants.find(req.params.id);
      assure(found, 404, 'not_found', 'No such applicant');
      res.json(answer(res, found));
    });
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, apiKey: API_KEY, callbackSecret: CALLBACK_SECRET }),
    mount(desk) {
      applicants.desk = desk;
      return routes();
    },
    reset: () => applicants.reset(),
    numberFrom: (since) => applicants.numberFrom(since),
    advance: (id, to) => applicants.advance(id, to),
    books: () => [],
    things: () => applicants.things(),
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { begin: { method: 'POST', path: '/applicants' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      // Their document names an age? Then it stands here, and verify refuses what is older.
      callbacks: { signed: true, goodForMs: null },
      kyc: { programme: PROGRAMME },
    },
  };
};
