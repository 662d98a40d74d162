import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
let boris: Caller;
let bankTransfer: number;

beforeAll(async () => {
  api = await MoneyApi.start();
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
  bankTransfer = await api.methodId('bank-transfer');
});
afterAll(() => api?.stop());

const refusal = ({ status, body }: Answer) => [status, body.error?.details[0].reason, body.error?.details[0].field];

/** A deposit at the bank that Olga has entered, and the request about it. */
const entered = async (): Promise<{ deposit: number; request: number }> => {
  const ann = await api.clientWith('0', 'USD');
  const made = await olga.call('POST /deposits', { accountId: ann.wallet, methodId: bankTransfer, amount: '100' });
  const deposit: number = made.body.transactionId;
  return { deposit, request: (await api.hub.openRequest(deposit)).id };
};
const line = () => ({ bankReference: `STMT-${randomUUID().slice(0, 8)}`, valueDate: '2026-01-31' });

describe('a decision that is said again', () => {
  it('is the same one when nothing about it differs, its evidence neither', async () => {
    const { request } = await entered();
    const evidence = line();
    const approve = () => boris.call(`POST /applications/${request}/approve`, { comment: 'seen', evidence });
    expect((await approve()).status).toBe(200);
    expect(await approve()).toMatchObject({ status: 200, body: { status: 'approved', decisions: [{ evidence }] } });
  });

  it('with evidence that comes later is refused, and the statement line is still free', async () => {
    const { request } = await entered();
    const evidence = line();
    expect((await boris.call(`POST /applications/${request}/approve`, {})).status).toBe(200);
    const later = await boris.call(`POST /applications/${request}/approve`, { evidence });
    expect(refusal(later)).toEqual([409, 'not_waiting', undefined]);
    expect(later.body.error.details[0].issue).toBe(
      "You have said 'approve' already, with no resolution, no comment, no evidence. What you say now was not taken.",
    );
    const other = await entered();
    expect((await boris.call(`POST /applications/${other.request}/approve`, { evidence })).status).toBe(200);
  });

  it.each([
    ['with another line', { bankReference: 'STMT-OTHER' }],
    ['with another value date', { valueDate: '2026-02-01' }],
  ])('%s hears what it was before', async (_how, other) => {
    const { request } = await entered();
    const evidence = line();
    expect((await boris.call(`POST /applications/${request}/approve`, { evidence })).status).toBe(200);
    const again = await boris.call(`POST /applications/${request}/approve`, { evidence: { ...evidence, ...other } });
    expect(refusal(again)).toEqual([409, 'not_waiting', undefined]);
    expect(again.body.error.details[0].issue).toContain(`bank reference ${evidence.bankReference} of 2026-01-31`);
  });

  it('while another approval is missing is refused when it brings evidence', async () => {
    await api.hub.approvals('deposit', 2);
    try {
      const { request } = await entered();
      expect((await boris.call(`POST /applications/${request}/approve`, { comment: 'seen' })).status).toBe(200);
      const later = await boris.call(`POST /applications/${request}/approve`, { comment: 'seen', evidence: line() });
      expect(refusal(later)).toEqual([409, 'decided_already', undefined]);
      expect(later.body.error.details[0].issue).toContain('comment "seen", no evidence');
    } finally {
      await api.hub.pool.query(`delete from approval_policy where name = 'test deposit'`);
    }
  });
});

describe('the evidence of a decision', () => {
  it('stands at its request, at the transaction and in the audit log, with who gave it', async () => {
    const { deposit, request } = await entered();
    const evidence = line();
    const approved = await boris.call(`POST /applications/${request}/approve`, { evidence });
    expect(approved.body.decisions).toMatchObject([{ user: { id: boris.id }, evidence }]);
    await api.hub.reaches(deposit, 'done');
    expect((await olga.call(`GET /applications/${request}`)).body.decisions).toMatchObject([{ evidence }]);
    expect((await olga.call(`GET /transactions/${deposit}`)).body.evidence).toEqual([
      { ...evidence, user: { id: boris.id, name: 'Olga' }, createTime: expect.any(String) },
    ]);
    const { after } = await api.hub.one<{ after: unknown }>(
      `select after from audit where object = $1 and action = 'requests.approve'`,
      [`request:${request}`],
    );
    expect(after).toMatchObject({ decision: 'approve', evidence });
  });

  it('hides the statement line from operators who see no personal data', async () => {
    const { deposit, request } = await entered();
    expect((await boris.call(`POST /applications/${request}/approve`, { evidence: line() })).status).toBe(200);
    const masked = await api.operator(['requests.read', 'transactions.read']);
    await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [masked.id]);
    expect((await masked.call(`GET /applications/${request}`)).body.decisions[0].evidence.bankReference).toBe('*');
    expect((await masked.call(`GET /transactions/${deposit}`)).body.evidence[0].bankReference).toBe('*');
  });

  it('does not tell who sees some clients only what of another one it proves', async () => {
    const [first, second] = [await entered(), await entered()];
    const evidence = line();
    expect((await boris.call(`POST /applications/${first.request}/approve`, { evidence })).status).toBe(200);
    const dora = await api.operator();
    await api.hub.pool.query(
      `with t as (insert into tag (name) values ('hers') returning id), u as (insert into hub_user_tag (user_id, tag_id) select $1, id from t)
       insert into client_tag (client_id, tag_id) select client_id, t.id from money_transaction, t where transaction_id = $2`,
      [dora.id, second.deposit],
    );
    for (const [who, told] of [
      [dora, 'another movement'],
      [boris, `transaction ${first.deposit}`],
    ] as const) {
      const refused = await who.call(`POST /applications/${second.request}/approve`, { evidence });
      expect(refusal(refused)).toEqual([409, 'already_exists', 'evidence.bankReference']);
      expect(refused.body.error.details[0].issue).toBe(`This bank reference belongs to ${told}.`);
    }
  });

  it.each(['2026-02-31', '0000-01-01', '2026-13-01', 'today'])('names no day such as %s', async (valueDate) => {
    const { request } = await entered();
    const refused = await boris.call(`POST /applications/${request}/approve`, { evidence: { ...line(), valueDate } });
    expect(refusal(refused)).toEqual([400, 'validation', 'evidence.valueDate']);
  });
});

describe('the resolution of a request', () => {
  it('is one for what the request is about, or for all', async () => {
    const { request } = await entered();
    const reject = async (name: string) =>
      boris.call(`POST /applications/${request}/reject`, { resolutionId: await api.hub.resolutionId(name) });
    const wrong = await reject('Document rejected');
    expect(refusal(wrong)).toEqual([400, 'validation', 'resolutionId']);
    expect(wrong.body.error.details[0].issue).toBe(
      "'Document rejected' is a resolution for document, verification, and this request is about: deposit.",
    );
    expect(await reject('Payment not received')).toMatchObject({ status: 200, body: { status: 'rejected' } });

    const other = await entered();
    const general = await api.hub.resolutionId('Request declined');
    expect(await boris.call(`POST /applications/${other.request}/reject`, { resolutionId: general })).toMatchObject({
      status: 200,
      body: { resolution: { name: 'Request declined' } },
    });
  });

  it('is not one of a type that is switched off', async () => {
    const { request } = await entered();
    await api.hub.pool.query(`update resolution_type set enabled = false where name = 'Payment'`);
    try {
      const resolutionId = await api.hub.resolutionId('Payment not received');
      const refused = await boris.call(`POST /applications/${request}/reject`, { resolutionId });
      expect(refusal(refused)).toEqual([400, 'not_found', 'resolutionId']);
    } finally {
      await api.hub.pool.query(`update resolution_type set enabled = true where name = 'Payment'`);
    }
  });
});
