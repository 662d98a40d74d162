import { Router } from 'express';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { assure } from '../../kit/sandbox-wire.ts';
import type { SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { mountVerificationPage, type VerificationPage } from '../../kit/verification-page.ts';
import { Account, answerRefusal, CREDENTIALS, read, stamp } from './sandbox-account.ts';

const LEVELS = ['basic-kyc-level', 'address-level', 'kyt-level'];

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

const text = z.string().min(1);
const country = z.string().regex(/^[A-Z]{3}$/);
const FixedInfo = z.strictObject({ firstName: text, lastName: text, dob: z.iso.date(), country }).partial();
const NewApplicant = z.strictObject({
  externalUserId: text,
  type: z.literal('individual').default('individual'),
  email: z.email().optional(),
  phone: text.optional(),
  lang: z.string().length(2).optional(),
  metadata: z.array(z.strictObject({ key: text, value: text })).optional(),
  fixedInfo: FixedInfo.optional(),
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

export interface Applicants {
  /** By their id, or by '-;externalUserId=ours'. */
  by(key: string): Applicant;
  /** Tokens, links and transactions make the applicant when they meet a new name. */
  findOrCreate(levelName: string, externalUserId: string): Applicant;
}

/** A SumSub account with applicants and, if any, another product. */
export const createSandbox = (
  id: string,
  product?: (account: Account, applicants: Applicants) => Product,
): SandboxModule => {
  const account = new Account();
  let applicants: Applicant[] = [];
  let links = new Map<string, { applicant: Applicant; until: number; returnUrl?: string | undefined }>();

  // Applicants ------------------------------------------------------------------------------------------------------------

  const applicantBy = (key: string): Applicant => {
    const own = key.replace('-;externalUserId=', '');
    const found = applicants.find((one) => one.active && (own === key ? one.id : one.externalUserId) === own);
    assure(found, 404, '', `Applicant ${key} not found`);
    return found;
  };
  const create = (levelName: string, given: z.output<typeof NewApplicant>): Applicant => {
    const { externalUserId } = given;
    assure(LEVELS.includes(levelName), 404, '', `Level '${levelName}' not found`);
    const twin = applicants.find((one) => one.externalUserId === externalUserId);
    assure(!twin, 409, '', `Applicant with external user id '${externalUserId}' already exists: ${twin?.id}`);
    const state = { status: 'init', attempts: 0, createdAt: account.desk.now(), documents: [], active: true };
    const made: Applicant = { id: account.newId(), externalUserId, levelName, given, ...state };
    applicants.unshift(made);
    tell(made, 'applicantCreated');
    return made;
  };
  const findOrCreate: Applicants['findOrCreate'] = (levelName, externalUserId) =>
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
    account.send(one.given.metadata?.find(({ key }) => key === 'notify')?.value, {
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

  const mountApi = (router: Router): void => {
    router.use((req, _res, next) => {
      if (req.path.startsWith('/resources/')) account.authorise(req);
      next();
    });
    router.post('/resources/applicants', (req, res) => {
      res.status(201).json(view(create(String(req.query['levelName']), read(NewApplicant, req))));
    });
    router.get('/resources/applicants/-/levels', (_req, res) => {
      res.json({ list: { items: LEVELS.map((name) => ({ name })) } });
    });
    router.patch('/resources/applicants/:key/fixedInfo', (req, res) => {
      const one = applicantBy(req.params.key);
      one.given.fixedInfo = { ...one.given.fixedInfo, ...read(FixedInfo, req) };
      res.json(view(one));
    });
    router.get('/resources/applicants/:key/one', (req, res) => void res.json(view(applicantBy(req.params.key))));
    router.post('/resources/applicants/:key/reset', (req, res) => {
      const one = applicantBy(req.params.key);
      assure(one.status !== 'init', 409, '3000', 'applicant-already-in-the-state');
      assure(one.result?.reviewRejectType !== 'FINAL', 409, '1009', 'applicant-with-final-reject');
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
      const until = account.desk.now() + ttlInSecs * 1000;
      links.set(code, { applicant: findOrCreate(levelName, userId), until, returnUrl: redirect?.successUrl });
      res.json({ url: `${req.protocol}://${req.get('host')}${req.baseUrl}/websdk/p/${code}` });
    });
  };

  const pageOf = (code: string): VerificationPage | undefined => {
    const link = links.get(code);
    if (!link || account.desk.now() > link.until) return undefined;
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

  const extra = product?.(account, { by: applicantBy, findOrCreate });
  return {
    id,
    defaultConfig: (origin) => ({ ...CREDENTIALS, baseUrl: `${origin}/${id}` }),
    mount(desk) {
      account.desk = desk;
      const router = Router();
      mountApi(router);
      extra?.mount(router);
      mountVerificationPage(router, '/websdk/p/:code', desk, pageOf);
      return router.use(answerRefusal);
    },
    reset() {
      [applicants, links] = [[], new Map()];
      account.reset();
      extra?.reset();
    },
    numberFrom: (since) => (account.number = since * 1000),
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
      callbacks: { signed: true, goodForMs: null },
      kyc: { programme: LEVELS[0]! },
    },
  };
};
