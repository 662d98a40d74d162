import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { jsonNumber } from '../../kit/json.ts';
import { magicOf } from '../../kit/sandbox-psp.ts';
import { assure } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { type Account, read, stamp } from '../../kyc/sumsub/sandbox-account.ts';
import { type Applicants, createSandbox, type Product } from '../../kyc/sumsub/sandbox.ts';

interface Txn {
  id: string;
  applicantId: string;
  externalUserId: string;
  data: z.output<typeof TxnData>;
  amount: string;
  at: number;
  status: string;
  answer?: 'GREEN' | 'RED';
  rule?: { name: string; title: string; score: number; action: string };
  ticksLeft: number;
  silent: boolean;
}

const text = z.string().min(1);
const Participant = z.strictObject({
  externalUserId: text,
  type: z.enum(['individual', 'company']).optional(),
  fullName: text.optional(),
  paymentMethod: z.strictObject({ type: text, accountId: text, issuingCountry: text.optional() }).optional(),
});
const TxnData = z.strictObject({
  txnId: text,
  type: z.enum(['finance', 'travelRule', 'kyc']).default('finance'),
  txnDate: z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}$/),
  info: z.strictObject({
    amount: z.number().positive(),
    currencyCode: text,
    direction: z.enum(['in', 'out']),
    currencyType: z.enum(['fiat', 'crypto']).default('fiat'),
    paymentTxnId: text.optional(),
  }),
  applicant: Participant,
  props: z.record(text, text).optional(),
  counterparty: Participant.optional(),
});

const FORCED: Record<string, Partial<Txn>> = {
  clear: { status: 'completed', answer: 'GREEN' },
  hold: { status: 'onHold' },
  reject: { status: 'completed', answer: 'RED' },
  unknown_word: { status: 'underObservation' },
};
const AML = { name: 'aml-hit', title: 'Counterparty on a watch list', score: 95, action: 'reject' };
const LARGE = { name: 'large-out', title: 'Large withdrawal', score: 35, action: 'onHold' };
/** By the minor part of the amount; see docs/adding-a-provider.md. */
const MAGIC: Record<string, Partial<Txn>> = {
  '01': { status: 'init', ticksLeft: 2 },
  '02': { status: 'completed', answer: 'RED', rule: AML },
  '08': { status: 'completed', answer: 'RED', rule: AML },
  '10': { status: 'onHold', rule: LARGE },
  '11': { status: 'init', ticksLeft: 2, silent: true },
};

/** Transaction monitoring: the same account, signing and applicants, other objects. */
export const monitoring = (account: Account, applicants: Applicants): Product => {
  let txns: Txn[] = [];

  const view = ({ id, applicantId, externalUserId, at, data, amount, status, answer, rule }: Txn): unknown => ({
    id,
    applicantId,
    externalUserId,
    clientId: 'brokerhub_sandbox',
    score: rule?.score ?? 0,
    createdAt: stamp(at),
    data: { ...data, info: { ...data.info, amount: jsonNumber(amount) } },
    review: { reviewStatus: status, ...(answer && { reviewResult: { reviewAnswer: answer } }) },
    scoringResult: { action: rule?.action ?? 'score', matchedRules: rule ? [{ id: 'r1', ...rule }] : [] },
  });
  const tell = (txn: Txn): void => {
    const verdict = txn.answer && `applicantKytTxn${txn.answer === 'GREEN' ? 'Approved' : 'Rejected'}`;
    const type = verdict ?? (txn.status === 'onHold' ? 'applicantKytOnHold' : 'applicantKytTxnCreated');
    if (txn.silent) return;
    account.send(txn.data.props?.['notify'], {
      type,
      applicantId: txn.applicantId,
      applicantType: 'individual',
      correlationId: randomUUID(),
      externalUserId: txn.externalUserId,
      reviewStatus: txn.status,
      ...(txn.answer && {
        reviewResult: { reviewAnswer: txn.answer, ...(txn.answer === 'RED' && { reviewRejectType: 'FINAL' }) },
      }),
      kytTxnId: txn.id,
      kytDataTxnId: txn.data.txnId,
      kytTxnType: txn.data.type,
    });
  };
  const find = (key: string): Txn => {
    const own = /^-;data\.txnId=(.+)$/.exec(key)?.[1];
    const txn = txns.find(({ id, data }) => (own === undefined ? id === key : data.txnId === own));
    assure(txn, 404, '', `Transaction ${key} not found`);
    return txn;
  };
  const force = (txn: Txn, change: Partial<Txn>): unknown => {
    delete txn.answer;
    Object.assign(txn, change);
    tell(txn);
    return view(txn);
  };

  return {
    mount(router) {
      router.post('/resources/applicants/:id/kyt/txns/-/data', (req, res) => {
        const data = read(TxnData, req);
        const { txnId, applicant } = data;
        const at = account.desk.now();
        const owner =
          req.params.id === '-'
            ? applicants.findOrCreate(String(req.query['levelName']), applicant.externalUserId)
            : applicants.by(req.params.id);
        assure(owner.externalUserId === applicant.externalUserId, 400, '', 'applicant is somebody else');
        const isNew = txns.every((one) => one.data.txnId !== txnId);
        assure(isNew, 409, '', `Transaction '${txnId}' already exists`);
        const amount = /"amount":\s*([0-9.eE+-]+)/.exec((req.body as Buffer).toString())?.[1] ?? '0';
        const magic = magicOf(amount);
        const txn: Txn = {
          id: account.newId(),
          applicantId: owner.id,
          externalUserId: owner.externalUserId,
          data,
          amount,
          at,
          ...{ status: 'completed', ticksLeft: 0, silent: false },
          ...(MAGIC[magic] ?? { answer: 'GREEN' as const }),
        };
        txns.unshift(txn);
        tell(txn);
        if (magic === '09') return; // committed, and the answer gets lost
        const answer = () => void res.status(201).json(view(txn));
        if (magic === '12') account.desk.later(500, answer);
        else answer();
      });
      router.get('/resources/kyt/txns/query/:filter', (_req, res) => {
        res.json({ list: { items: txns.slice(0, 20).map(view), totalItems: txns.length } });
      });
      router.get('/resources/kyt/txns/:key/one', (req, res) => void res.json(view(find(req.params.key))));
      router.post('/resources/kyt/txns/:id/review/status/completed', (req, res) => {
        const { reviewAnswer } = read(z.strictObject({ reviewAnswer: z.enum(['GREEN', 'RED']) }), req);
        force(find(req.params.id), { status: 'completed', answer: reviewAnswer });
        res.json({ ok: 1 });
      });
    },
    advance(id, to) {
      const txn = txns.find((one) => one.id === id || one.data.txnId === id);
      if (!txn) throw new Error(`there is no transaction ${id}`);
      const change = FORCED[to];
      if (!change) throw new Error(`a transaction is never '${to}'`);
      return force(txn, change);
    },
    tick() {
      for (const txn of txns) {
        if (txn.ticksLeft === 0) continue;
        txn.ticksLeft -= 1;
        if (txn.ticksLeft === 0) force(txn, FORCED['clear']!);
      }
    },
    things: () =>
      txns.map(({ id, data, amount, status, answer }) => ({
        id,
        kind: 'transaction',
        title: `${amount} ${data.info.currencyCode} ${data.info.direction} for ${data.txnId}`,
        state: [status, answer].filter(Boolean).join(' '),
        buttons: ['clear', 'hold', 'reject'].map((to) => ({ caption: to, to })),
      })),
    reset() {
      txns = [];
    },
  };
};

/** A SumSub account with transaction monitoring: applicants as in kyc/sumsub, and transactions. */
export const kytSandbox = (): SandboxModule => {
  const sandbox = createSandbox('sumsub-kyt', monitoring);
  return {
    ...sandbox,
    defaultConfig: (origin) => ({ ...sandbox.defaultConfig(origin), levelName: 'kyt-level' }),
    conformance: {
      calls: {
        screen: { method: 'POST', path: '/resources/applicants/', body: 'txnId' },
        find: { method: 'GET', path: '/resources/kyt/txns/' },
        testConnection: { method: 'GET', path: '/resources/kyt/txns/query/' },
      },
      wrongCredentials: { secretKey: 'not-the-secret-key' },
      callbacks: { signed: true, goodForMs: null },
      screening: {
        currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2, type: 'fiat' },
        account: 'DE02120300000000202051',
      },
    },
  };
};
