import { type Request, type Response, Router } from 'express';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CallLimit } from '../../kit/call-limit.ts';
import { assure, callBack, Refusal, refusals, shapedBody } from '../../kit/sandbox-wire.ts';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';
import { mountVerificationPage, type VerificationPage } from '../../kit/verification-page.ts';
import { signature } from './client.ts';

const CLIENT = { clientId: 'sandbox-client', secretKey: 'sandbox-secret-key' };
const MINUTE = 60_000;
const PER_MINUTE = 120;
/** Ten attempts in all; what lies between them is not published. */
const RETRIES = [1, 2, 5, 10, 30, 60, 120, 240, 480].map((minutes) => minutes * MINUTE);
const PAGES = '/process/verification';

const text = z.string();
const letters = z.string().regex(/^[A-Z]{2}$/);
const empty = z.literal('');
const name = z.union([empty, z.strictObject({ first_name: text, last_name: text })]);
const date = z.union([empty, z.iso.date()]);
const supported_types = z.array(text).min(1);
const document = z
  .strictObject({ proof: empty, supported_types, name, dob: date, document_number: text, expiry_date: date })
  .partial();
const Order = z.strictObject({
  reference: z.string().min(6).max(250),
  callback_url: z.url().min(6).max(250).optional(),
  redirect_url: z.url().optional(),
  email: z.email().max(128).optional(),
  country: z.union([empty, letters]).optional(),
  language: letters.optional(),
  verification_mode: z.enum(['any', 'image_only', 'video_only']).optional(),
  ttl: z.int().min(1).max(43_200).default(60),
  show_results: z.enum(['0', '1']).optional(),
  journey_id: text.min(1).optional(),
  face: z.strictObject({ proof: empty }).optional(),
  document: document.optional(),
  address: z.strictObject({ proof: empty, name, full_address: text, supported_types }).partial().optional(),
  background_checks: z.strictObject({ name, dob: date }).optional(),
});
const SERVICES = ['journey_id', 'face', 'document', 'address', 'background_checks'] as const;

interface Verification {
  order: z.output<typeof Order>;
  code: string;
  event: string;
  codes: string[];
  expiry: string;
}

/** What `advance` takes: their event, and their decline codes. */
const WORDS: Record<string, [string, string[]?]> = {
  submit: ['request.received'],
  green: ['verification.accepted'],
  red_retry: ['verification.declined', ['SPDR19']],
  red_final: ['verification.declined', ['SPDR03']],
  hold: ['review.pending'],
  cancel: ['verification.cancelled', ['SPDR241']],
  expire: ['request.timeout'],
  delete: ['request.deleted'],
  unknown_word: ['verification.reconsidered'],
};
const BUTTONS = ['submit', 'green', 'red_retry', 'red_final', 'hold', 'flip'].map((to) => ({ caption: to, to }));
const REASONS: Record<string, string> = {
  SPDR19: 'Face could not be detected – the image is blurred',
  SPDR03: 'The image was altered',
};

/** As PHP's json_encode writes it: whoever serialises it again to check a signature gets another text. */
const php = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

const signed = (body: string, secretKey = CLIENT.secretKey): Record<string, string> => ({
  'content-type': 'application/json',
  signature: signature({ secretKey, signatureMode: 'hashed' }, body),
});

export const createSandbox = (): SandboxModule => {
  let verifications: Verification[] = [];
  let tokens = new Map<string, number>();
  const calls = new CallLimit(MINUTE);
  let desk: SandboxDesk;

  const view = ({ order, code, event, codes, expiry }: Verification, origin?: string): object => {
    const { reference, email, country } = order;
    const verdict = event === 'verification.accepted' || event === 'verification.declined';
    const accepted = event === 'verification.accepted' ? 1 : 0;
    return {
      reference,
      event,
      error: '',
      ...(event === 'request.pending' && origin && { verification_url: `${origin}${PAGES}/${code}` }),
      email: email ?? null,
      country: country ?? null,
      ...(codes.length > 0 && {
        declined_reason: REASONS[codes[0]!] ?? 'Declined',
        declined_codes: codes,
        services_declined_codes: { document: codes },
      }),
      verification_result: verdict ? { face: accepted, document: { document: accepted, document_proof: null } } : [],
      verification_data: verdict && order.document ? { document: { selected_type: ['passport'] } } : [],
      additional_data: verdict && order.document ? { document: { proof: { expiry_date: expiry } } } : [],
    };
  };
  const call = (one: Verification, facts: object): void => {
    // There is no time in it: an old one looks like any other.
    const write = (_time: number, honest: boolean) => {
      const body = php(facts);
      return { body, headers: signed(body, honest ? CLIENT.secretKey : 'another secret') };
    };
    const isTaken = ({ status }: { status: number }) => status === 200;
    callBack(desk, one.order.callback_url, write, { retryDelaysMs: RETRIES, answerWithinMs: 15_000, isTaken });
  };
  const turn = (one: Verification, event: string, codes: string[] = []): void => {
    Object.assign(one, { event, codes });
    call(one, view(one));
  };

  // Their API -------------------------------------------------------------------------------------------------------------

  const authorise = (req: Request): void => {
    assure(calls.take(desk.now(), PER_MINUTE) === 0, 429, '', 'Too many requests');
    const [scheme, value = ''] = (req.header('authorization') ?? '').split(' ');
    const isBasic = scheme === 'Basic' && value === btoa(`${CLIENT.clientId}:${CLIENT.secretKey}`);
    const until = tokens.get(value) ?? 0;
    // Good for one call.
    const isBearer = scheme === 'Bearer' && tokens.delete(value) && desk.now() < until;
    const event = 'request.unauthorized';
    assure(isBasic || isBearer, 401, '', 'Authorization keys are missing.', { event });
    assure(req.method === 'GET' || req.is('application/json'), 400, '', 'The body has to be JSON.');
  };
  const read = <T>(shape: z.ZodType<T>, req: Request): T =>
    shapedBody(shape, req, (issue) => {
      const why = `${issue?.message ?? 'Malformed JSON'} in ${String(req.body)}`;
      return new Refusal(400, issue?.path.join('.') ?? '', why);
    });
  const find = (reference: string): Verification => {
    const one = verifications.find(({ order }) => order.reference === reference);
    assure(one, 404, 'reference', 'The reference is not known.');
    return one;
  };
  const answer = (res: Response, status: number, facts: unknown): void => {
    const body = php(facts);
    res.writeHead(status, signed(body)).end(body);
  };
  const originOf = (req: Request): string => `${req.protocol}://${req.get('host')}${req.baseUrl}`;
  const verify = (req: Request, res: Response): void => {
    const order = read(Order, req);
    const { reference, ttl } = order;
    const isAsked = SERVICES.some((service) => order[service]);
    assure(isAsked, 402, 'service', 'No service is asked for.');
    const isNew = verifications.every((one) => one.order.reference !== reference);
    assure(isNew, 409, 'reference', 'The reference has already been taken.');
    const one = { order, code: randomUUID(), event: '', codes: [], expiry: '2031-05-01' };
    verifications.unshift(one);
    turn(one, 'request.pending');
    desk.later(ttl * MINUTE, () => one.event === 'request.pending' && turn(one, 'request.timeout'));
    answer(res, 200, view(one, originOf(req)));
  };
  const Named = z.strictObject({ reference: text });
  const mountApi = (router: Router): void => {
    router.use((req, _res, next) => {
      if (!req.path.startsWith(PAGES)) authorise(req);
      next();
    });
    router.post('/', verify);
    router.post('/status', (req, res) => answer(res, 200, view(find(read(Named, req).reference), originOf(req))));
    router.post('/get/access/token', (_req, res) => {
      const token = randomUUID();
      tokens.set(token, desk.now() + 10 * MINUTE);
      answer(res, 200, { access_token: token });
    });
    router.get('/account/info/', (_req, res) => answer(res, 200, { account: { status: 'trial' } }));
  };
  const pageOf = (code: string): VerificationPage | undefined => {
    const one = verifications.find((verification) => verification.code === code);
    return (
      one && {
        vendor: 'ShuftiPro',
        state: one.event,
        comment: REASONS[one.codes[0] ?? ''],
        returnUrl: one.order.redirect_url,
        submit: one.event === 'request.pending' ? () => turn(one, 'request.received') : undefined,
        judge: (verdict) => turn(one, ...WORDS[verdict]!),
      }
    );
  };

  return {
    id: 'shuftipro',
    defaultConfig: (origin) => ({ ...CLIENT, baseUrl: `${origin}/shuftipro` }),
    mount(given) {
      desk = given;
      const router = Router();
      mountApi(router);
      mountVerificationPage(router, `${PAGES}/:code`, desk, pageOf);
      const sayNo = ({ code: key, message, more: { event = 'request.invalid' } }: Refusal) => ({
        reference: '',
        event,
        error: { service: '', key, message },
        email: null,
        country: null,
      });
      return router.use(refusals(sayNo, answer));
    },
    reset() {
      [verifications, tokens] = [[], new Map()];
      calls.reset();
    },
    advance(id, to) {
      const one = verifications.find(({ order }) =>
        [order.reference, order.reference.replace(/-\d+$/, '')].includes(id),
      );
      if (!one) throw new Error(`there is no verification ${id}`);
      if (to === 'submit' && one.event !== 'request.pending') throw new Error('a page is good for one submission');
      if (to === 'flip') {
        // Somebody changed the verdict in the back office: the callback carries nothing but the name.
        const [event, codes = []] = WORDS[one.event === 'verification.accepted' ? 'red_final' : 'green']!;
        Object.assign(one, { event, codes });
        call(one, { reference: one.order.reference, event: 'verification.status.changed' });
      } else if (WORDS[to]) turn(one, ...WORDS[to]);
      else if (to === 'old_document') one.expiry = '2020-01-01';
      else throw new Error(`a verification is never '${to}'`);
      return view(one);
    },
    books: () => [],
    things: () =>
      verifications.map(({ order, event, codes }) => ({
        id: order.reference,
        kind: 'verification',
        title: order.reference,
        state: [event, ...codes].join(' '),
        buttons: BUTTONS,
      })),
    conformance: {
      calls: {
        begin: { method: 'POST', path: '/', body: 'callback_url' },
        find: { method: 'POST', path: '/status' },
        testConnection: { method: 'GET', path: '/account/info/' },
      },
      wrongCredentials: { secretKey: 'not-the-secret-key' },
      callbacks: { signed: true, goodForMs: null },
      kyc: { programme: 'document+face' },
    },
  };
};
