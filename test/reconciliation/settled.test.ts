/** What becomes of a difference that a person has settled when the books go on moving. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import type { TestHub } from '../kit/hub.ts';
import { Comparing } from './comparing.ts';
import { compareBooks } from '../../activities/reconciliation/compare-books.ts';
import { lendTools } from '../../worker/tools.ts';

let api: MoneyApi;
let hub: TestHub;
let boris: Caller;
let books: Comparing;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 1_000, secondLook: 100 });
  hub = api.hub;
  const [olga, second] = await Promise.all([api.operator(), api.operator()]);
  boris = second;
  books = new Comparing(api, olga);
});
afterAll(() => api?.stop());

const settled = async (differenceId: number, comment: string): Promise<void> => {
  const request = await books.requestOf(differenceId);
  expect((await boris.call(`POST /applications/${request.id}/approve`, { comment })).status).toBe(200);
  await hub.ends(`difference:${differenceId}`);
};

/** Booked twice by the dealer, settled on his word, and only then put right by him. */
const putRightLater = async () => {
  const one = await books.trader();
  const reference = await books.transferred(one, '20.00');
  await books.dealerBooks(one, 'deposit', '20.00', reference);
  await books.compare('mt5');
  const [found] = await books.ofAccount(one);
  expect(found).toMatchObject({ kind: 'other_amount', offBy: '20.000000000000000000' });
  await settled(found.id, 'the dealer takes it back tonight');
  await books.dealerBooks(one, 'withdraw', '20.00', reference);
  return { one, found, reference };
};

it('a settled difference that is gone by now explains no balance any more', async () => {
  const { one, found } = await putRightLater();
  await books.compare('mt5');
  expect(await books.ofAccount(one)).toEqual([
    expect.objectContaining({
      id: found.id,
      state: 'settled',
      note: 'the dealer takes it back tonight',
      goneTime: expect.any(String),
    }),
  ]);
});

it('a settled difference that was gone and is back is raised again', async () => {
  const { one, found, reference } = await putRightLater();
  await books.compare('mt5');
  await books.dealerBooks(one, 'deposit', '20.00', reference);
  await books.compare('mt5');
  expect(await books.ofAccount(one)).toEqual([
    expect.objectContaining({ id: found.id, state: 'settled' }),
    expect.objectContaining({ kind: 'other_amount', state: 'open', goneTime: null }),
  ]);
});

it('a settled difference that becomes another one leaves the balance explained once', async () => {
  const one = await books.trader();
  const reference = await books.transferred(one, '20.00');
  await books.dealerBooks(one, 'deposit', '20.00', reference);
  await books.compare('mt5');
  const [found] = await books.ofAccount(one);
  await settled(found.id, 'he may keep it');
  await books.compare('mt5');
  expect(await books.ofAccount(one)).toEqual([expect.objectContaining({ state: 'settled', goneTime: null })]);
  await books.dealerBooks(one, 'deposit', '5.00', reference);
  await books.compare('mt5');
  expect(await books.ofAccount(one)).toEqual([
    expect.objectContaining({ id: found.id, state: 'settled', goneTime: expect.any(String) }),
    expect.objectContaining({ kind: 'other_amount', state: 'open', offBy: '25.000000000000000000' }),
  ]);
});

it('what was settled and is not in the books of the platform any more is gone as well', async () => {
  const one = await books.trader();
  await books.dealerBooks(one, 'deposit', '15.00', 'bonus');
  await books.compare('mt5');
  const [found] = await books.ofAccount(one);
  await settled(found.id, 'the dealer deletes it');
  // As the books are read once the deal is deleted over there; the sandbox cannot forget one.
  const { rowCount } = await hub.pool.query(`delete from provider_movement where account_id = $1`, [one.accountId]);
  expect(rowCount).toBe(1);
  const { id: reconciliationId } = await hub.one<{ id: number }>(`select max(id) as id from reconciliation`);
  const now = Date.now();
  const input = { reconciliationId, part: 'known', after: '0', settledBefore: now, lateBefore: now } as const;
  await compareBooks(input, lendTools(hub.settings, hub.pool, hub.client, hub.timings) as never);
  expect(await books.ofAccount(one)).toEqual([
    expect.objectContaining({ state: 'settled', goneTime: expect.any(String) }),
  ]);
});
