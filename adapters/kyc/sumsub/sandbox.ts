import { type NextFunction, type Request, type Response, Router } from 'express';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SandboxDesk, SandboxMessage, SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import { mountVerificationPage, type VerificationPage } from '../../kit/verification-page.ts';
import { signature } from './wire.ts';

export const ACCOUNT = {
  appToken: 'sbx:sandbox.app-token-of-the-sandbox',
  secretKey: 'sandbox-secret-key',
  webhookSecret: 'sandbox-webhook-secret',
};
const LEVELS = ['basic-kyc-level', 'address-level', 'kyt-level'];
const MINUTE = 60_000;
const RETRIES = [5, 60, 300, 1080].map((minutes) => minutes * MINUTE);
/** Calls in five seconds. */
const LIMITS: Record<string, number> = { GET: 300, POST: 50 };

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

export interface Applicant {
  id: string;
  externalUserId: string;
  levelName: string;
  given: z.output<typeof NewApplicant>;
  status: string;
  result?: Result;
  attempts: number;
  createdAt: number;
  documents: object[];
  active: boolean;
}

/** Another product of the same account (transaction monitoring): it shares signing, applicants and webhooks. */
export interface Product {
  mount(router: Router): void;
  advance(id: string, to: string): unknown;
  tick(): void;
  reset(): void;
  things(): SandboxThing[];
}

/** '2026-11-20 09:00:00' */
export const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const text = z.string().min(1);
const country = z.string().regex(/^[A-Z]{3}$/);
const NewApplicant = z.strictObject({
  externalUserId: text,
  type: z.literal('individual').default('individual'),
  email: z.email().optional(),
  phone: text.optional(),
  lang: z.string().length(2).optional(),
  metadata: z.array(z.strictObject({ key: text, value: text })).optional(),
  fixedInfo: z.strictObject({ firstName: text, lastName: text, dob: z.iso.date(), country }).partial().optional(),
});
const TokenOrder = z.strictObject({ userId: text, levelName: text, ttlInSecs: z.int().min(1).default(600) });
const LinkOrder = TokenOrder.extend({
  redirect: z.strictObject({ successUrl: z.url(), rejectUrl: z.url() }).optional(),
});
const TestVerdict = z.strictObject({
  reviewAnswer: z.enum(['GREEN', 'RED']),
  rejectLabels: z.array(z.string()),
  reviewRejectType: z.enum(['RETRY', 'FINAL']).optional(),
  clientComment: z.string().optional(),
  moderationComment: z.string().optional(),
});
type Result = z.output<typeof TestVerdict>;

const red = (reviewRejectType: 'RETRY' | 'FINAL', label: string, moderationComment: string): Result => ({
  reviewAnswer: 'RED',
  reviewRejectType,
  rejectLabels: [label],
  moderationComment,
});
const VERDICTS: Record<string, Result> = {
  green: { reviewAnswer: 'GREEN', rejectLabels: [] },
  red_retry: red('RETRY', 'BAD_PHOTO', 'The photo is blurred. Take a sharp one of the whole page.'),
  red_final: red('FINAL', 'FORGERY', 'We could not verify your identity.'),
};
const BUTTONS = ['submit', ...Object.keys(VERDICTS), 'hold'].map((to) => ({ caption: to, to }));
/** What else `advance` takes: their status and their event. */
const STATUSES: Record<string, [status: string, event: string]> = {
  hold: ['onHold', 'OnHold'],
  unknown_word: ['underObservation', 'PersonalInfoChanged'],
  awaitingUser: ['awaitingUser', 'AwaitingUser'],
  awaitingService: ['awaitingService', 'AwaitingService'],
};

export interface Office {
  now(): number;
  later(ms: number, task: () => void): void;
  newId(): string;
  /** The body, as strictly as the shape says. */
  read<T>(shape: z.ZodType<T>, req: Request): T;
  /** By their id, or by '-;externalUserId=ours'. */
  applicantBy(key: string): Applicant;
  findOrCreate(levelName: string, externalUserId: string): Applicant;
  /** `url`: what our adapter notes on the object. SumSub's own webhooks go where the dashboard says. */
  send(url: string | undefined, about: { type: string; [field: string]: unknown }): void;
}

/** A SumSub account. */
export const createSandbox = (id: string, product?: (office: Office) => Product): SandboxModule => {
  let applicants: Applicant[] = [];
  let links = new Map<string, { applicant: Applicant; until: number; returnUrl?: string | undefined }>();
  let calls: { method: string; at: number }[] = [];
  let number = 0;
  let desk: SandboxDesk;

  const newId = (): string => `64a${(++number).toString(16).padStart(21, '0')}`;
  const send: Office['send'] = (url, about) => {
    if (url === undefined) return;
    const signed = (secret: string, at: number): SandboxMessage => {
      const createdAtMs = new Date(at).toISOString().slice(0, 23).replace('T', ' ');
      const body = JSON.stringify({ ...about, sandboxMode: true, clientId: 'brokerhub_sandbox', createdAtMs });
      const digest = { 'x-payload-digest': hmac('sha256', secret, body), 'x-payload-digest-alg': 'HMAC_SHA256_HEX' };
      return { body, headers: { 'content-type': 'application/json', ...digest } };
    };
    const now = desk.now();
    desk.callback({
      url,
      message: signed(ACCOUNT.webhookSecret, now),
      forge: () => signed('another secret', now),
      stale: () => signed(ACCOUNT.webhookSecret, now - 7 * 1440 * MINUTE),
      retryDelaysMs: RETRIES,
      answerWithinMs: 5000,
    });
  };

  // Applicants ------------------------------------------------------------------------------------------------------------

  const applicantBy = (key: string): Applicant => {
    const own = key.replace('-;externalUserId=', '');
    const found = applicants.find((one) => one.active && (own === key ? one.id : one.externalUserId) === own);
    if (!found) throw new Refusal(404, `Applicant ${key} not found`);
    return found;
  };
  const create = (levelName: string, given: z.output<typeof NewApplicant>): Applicant => {
    const { externalUserId } = given;
    if (!LEVELS.includes(levelName)) throw new Refusal(404, `Level '${levelName}' not found`);
    const twin = applicants.find((one) => one.externalUserId === externalUserId);
    if (twin) throw new Refusal(409, `Applicant with external user id '${externalUserId}' already exists: ${twin.id}`);
    const state = { status: 'init', attempts: 0, createdAt: desk.now(), documents: [], active: true };
    const made: Applicant = { id: newId(), externalUserId, levelName, given, ...state };
    applicants.unshift(made);
    tell(made, 'applicantCreated');
    return made;
  };
  /** Tokens, links and transactions make the applicant when they meet a new name. */
  const findOrCreate = (levelName: string, externalUserId: string): Applicant =>
    applicants.find((one) => one.externalUserId === externalUserId) ??
    create(levelName, { externalUserId, type: 'individual' });
  const stateOf = ({ status, result }: Applicant): string =>
    [status, result?.reviewAnswer, result?.reviewRejectType].filter(Boolean).join(' ');
  const identity = ({ id, externalUserId }: Applicant) => ({ inspectionId: id.replace('64a', '64b'), externalUserId });
  const resultOf = ({ result }: Applicant) => result && { reviewResult: { buttonIds: [], ...result } };
  const view = (one: Applicant): unknown => ({
    id: one.id,
    createdAt: stamp(one.createdAt),
    clientId: 'brokerhub_sandbox',
    ...one.given,
    ...identity(one),
    applicantPlatform: 'API',
    info: { idDocs: one.documents },
    review: {
      attemptCnt: one.attempts,
      levelName: one.levelName,
      createDate: `${stamp(one.createdAt)}+0000`,
      ...resultOf(one),
      reviewStatus: one.status,
    },
  });
  const tell = (one: Applicant, type: string): void =>
    send(one.given.metadata?.find(({ key }) => key === 'notify')?.value, {
      type,
      applicantId: one.id,
      ...identity(one),
      applicantType: 'individual',
      correlationId: `req-${randomUUID()}`,
      levelName: one.levelName,
      ...resultOf(one),
      reviewStatus: one.status,
    });
  const turn = (one: Applicant, status: string, event: string, result?: Result): void => {
    one.status = status;
    delete one.result;
    if (result) one.result = result;
    tell(one, `applicant${event}`);
  };
  const submit = (one: Applicant): void => {
    one.documents = [
      { idDocType: 'PASSPORT', country: 'GBR', validUntil: '2031-05-01' },
      { idDocType: 'SELFIE', country: 'GBR' },
    ];
    one.attempts += 1;
    turn(one, 'pending', 'Pending');
  };
  const judge = (one: Applicant, result: Result): void => {
    if (one.documents.length === 0 || one.result?.reviewRejectType === 'RETRY') submit(one);
    turn(one, 'completed', 'Reviewed', result);
  };
  const reset = (one: Applicant): void => {
    one.documents = [];
    turn(one, 'init', 'Reset');
  };

  // Their API -------------------------------------------------------------------------------------------------------------

  const authorise = (req: Request): void => {
    const [token = '', ts = '', sig = ''] = ['token', 'access-ts', 'access-sig'].map((name) =>
      req.header(`x-app-${name}`),
    );
    if (!token || !ts || !sig) throw new Refusal(401, 'not-all-auth-params-provided', 4006);
    if (!/^(sbx|prd):[^.]+\../.test(token)) throw new Refusal(401, 'app-token-invalid-format', 4000);
    if (token.split('.')[0] !== ACCOUNT.appToken.split('.')[0]) throw new Refusal(401, 'app-token-not-found', 4001);
    if (token !== ACCOUNT.appToken) throw new Refusal(401, 'app-token-private-part-mismatch', 4002);
    if (!/^\d{10}$/.test(ts)) throw new Refusal(401, 'invalid-value', 4005);
    // The hub lives in real time, also after somebody has put this sandbox's clock forward.
    const skew = Math.min(...[Date.now(), desk.now()].map((now) => Math.abs(now - Number(ts) * 1000)));
    if (skew > MINUTE) throw new Refusal(401, 'app-token-request-expired', 4004);
    const expected = signature(ACCOUNT.secretKey, ts, req.method, req.url, req.body as Buffer);
    if (!sameText(expected, sig)) throw new Refusal(401, 'app-token-signature-mismatch', 4003);
    const method = req.method === 'GET' ? 'GET' : 'POST';
    calls = [...calls.filter(({ at }) => desk.now() - at < 5000), { method, at: desk.now() }];
    if (calls.filter((one) => one.method === method).length > LIMITS[method]!)
      throw new Refusal(429, 'Too many requests');
    if (method === 'POST' && !req.is('application/json')) throw new Refusal(415, 'Unsupported Media Type');
  };
  /** Refusals quote what they refuse: whoever repeats them tells names. */
  const read = <T>(shape: z.ZodType<T>, req: Request): T => {
    const given = (req.body as Buffer).toString('utf8');
    try {
      return shape.parse(JSON.parse(given));
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : 'Malformed JSON';
      throw new Refusal(400, `${why} in ${given}`);
    }
  };
  const mountApi = (router: Router): void => {
    router.use((req, _res, next) => {
      if (req.path.startsWith('/resources/')) authorise(req);
      next();
    });
    router.post('/resources/applicants', (req, res) => {
      res.status(201).json(view(create(String(req.query['levelName']), read(NewApplicant, req))));
    });
    router.get('/resources/applicants/-/levels', (_req, res) => {
      res.json({ list: { items: LEVELS.map((name) => ({ name })) } });
    });
    router.get('/resources/applicants/:key/one', (req, res) => void res.json(view(applicantBy(req.params.key))));
    router.post('/resources/applicants/:key/reset', (req, res) => {
      const one = applicantBy(req.params.key);
      if (one.status === 'init') throw new Refusal(409, 'applicant-already-in-the-state', 3000);
      if (one.result?.reviewRejectType === 'FINAL') throw new Refusal(409, 'applicant-with-final-reject', 1009);
      reset(one);
      res.json({ ok: 1 });
    });
    router.post('/resources/applicants/:key/status/testCompleted', (req, res) => {
      judge(applicantBy(req.params.key), read(TestVerdict, req));
      res.json({ ok: 1 });
    });
    router.post('/resources/accessTokens/sdk', (req, res) => {
      const { userId, levelName } = read(TokenOrder, req);
      findOrCreate(levelName, userId);
      res.json({ token: `_act-sbx-${randomUUID()}`, userId });
    });
    router.post('/resources/sdkIntegrations/levels/-/websdkLink', (req, res) => {
      const { userId, levelName, ttlInSecs, redirect } = read(LinkOrder, req);
      const code = randomUUID();
      const until = desk.now() + ttlInSecs * 1000;
      links.set(code, { applicant: findOrCreate(levelName, userId), until, returnUrl: redirect?.successUrl });
      res.json({ url: `${req.protocol}://${req.get('host')}${req.baseUrl}/websdk/p/${code}` });
    });
  };

  const pageOf = (code: string): VerificationPage | undefined => {
    const link = links.get(code);
    if (!link || desk.now() > link.until) return undefined;
    const { applicant, returnUrl } = link;
    const { status, result } = applicant;
    const isOpen = status === 'init' || result?.reviewRejectType === 'RETRY';
    return {
      vendor: 'SumSub',
      state: stateOf(applicant),
      comment: result?.moderationComment,
      returnUrl,
      submit: isOpen ? () => submit(applicant) : undefined,
      judge: (verdict) => judge(applicant, VERDICTS[verdict]!),
    };
  };

  const extra = product?.({
    now: () => desk.now(),
    later: (ms, task) => desk.later(ms, task),
    newId,
    read,
    applicantBy,
    findOrCreate,
    send,
  });
  return {
    id,
    defaultConfig: (origin) => ({ ...ACCOUNT, baseUrl: `${origin}/${id}` }),
    mount(given) {
      desk = given;
      const router = Router();
      mountApi(router);
      extra?.mount(router);
      mountVerificationPage(router, '/websdk/p/:code', desk, pageOf);
      router.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
        if (!(error instanceof Refusal)) return next(error);
        res.status(error.code).json({ ...error.body, correlationId: `req-${randomUUID()}` });
      });
      return router;
    },
    reset() {
      [applicants, links, calls] = [[], new Map(), []];
      extra?.reset();
    },
    numberFrom: (since) => (number = since * 1000),
    advance(key, to) {
      const one = applicants.find((applicant) => applicant.id === key || applicant.externalUserId === key);
      if (!one && extra) return extra.advance(key, to);
      if (!one) throw new Error(`there is no applicant ${key}`);
      if (to === 'submit') submit(one);
      else if (to === 'reset') reset(one);
      else if (to === 'deactivate') one.active = false;
      else if (VERDICTS[to]) judge(one, VERDICTS[to]);
      else if (STATUSES[to]) turn(one, ...STATUSES[to]);
      else throw new Error(`an applicant is never '${to}'`);
      return view(one);
    },
    books: () => [],
    tick: () => extra?.tick(),
    things: () => [
      ...applicants.map((one) => ({
        id: one.id,
        kind: 'applicant',
        title: `${one.externalUserId}, ${one.levelName}`,
        state: stateOf(one),
        buttons: BUTTONS,
      })),
      ...(extra?.things() ?? []),
    ],
  };
};

export const sumsubSandbox = (): SandboxModule => {
  const sandbox = createSandbox('sumsub');
  return {
    ...sandbox,
    // A newcomer has no page with their SDK in it: theirs is one click away.
    demoConnections: (origin) => [
      { name: 'sumsub', caption: 'SumSub', config: { ...sandbox.defaultConfig(origin), page: 'link' } },
    ],
    conformance: {
      calls: {
        begin: { method: 'POST', path: '/resources/applicants' },
        find: { method: 'GET', path: '/resources/applicants/' },
        testConnection: { method: 'GET', path: '/resources/applicants/-/levels' },
      },
      wrongCredentials: { secretKey: 'not-the-secret-key' },
      kyc: { programme: LEVELS[0]! },
    },
  };
};
