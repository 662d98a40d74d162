/** In a hub of its own: strangers are counted by the minute from the first one on, and whoever comes afterwards is part of the flood. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MoneyApi } from './money-hub.ts';

let api: MoneyApi;
beforeAll(async () => {
  // Nobody asks by himself: what moves, moves because of a callback.
  api = await MoneyApi.start({ polls: [3_600_000] });
});
afterAll(() => api?.stop());

it('a flood of callbacks that prove nothing does not fill the disk, and keeps nobody out who can prove himself', async () => {
  const { connection } = await api.hub.methodId('usdt-invoice');
  const client = await api.hub.clientWith('0', 'USDT');
  const deposit = await client.deposit('40');
  await api.hub.rests(`deposit:${deposit}`);
  const answers = await Promise.all(
    Array.from({ length: 400 }, async (_, n) => {
      const body = `{"forged":${n}}`;
      return (await fetch(`${api.url}/webhooks/${connection}`, { method: 'POST', body })).status;
    }),
  );
  expect(new Set(answers)).toEqual(new Set([401]));
  expect(await api.count('webhook')).toBeLessThanOrEqual(300);
  await api.hub.sandbox('b2binpay').pay(await api.hub.providerId(deposit), {});
  await api.hub.reaches(deposit, 'done');
  expect((await client.balance()).balance).toBe('40');
});
