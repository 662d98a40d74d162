/** What a deposit hears of its provider, with the ordinary long time between two looks: without its callbacks it would hear nothing for a minute. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tools } from '../../activities/kit/activity.ts';
import { deliverWebhooks } from '../../activities/webhooks/deliver-webhooks.ts';
import { lookForPayments } from '../../activities/ops/look-for-payments.ts';
import { payoutWarnings } from '../../api/presenters/payout-warnings.ts';
import { ensureAddressRow } from '../../db/repositories/addresses.ts';
import { markDeleted } from '../../db/repositories/client-deletion.ts';
import { askAbout } from '../../db/repositories/unsettled.ts';
import { loadWebhook, storeWebhooks } from '../../db/repositories/webhooks.ts';
import { referenceFrom } from '../../domain/references.ts';
import { lendTools } from '../../worker/tools.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';

let hub: TestHub;
let olga: number;
beforeAll(async () => {
  hub = await TestHub.start({ polls: [60_000] }, ['praxis']);
  olga = await hub.operator('Olga');
  await hub.approvals('deposit', 0);
  await hub.pool.query(
    `with made as (
       insert into payment_method (direction, name, caption, provider, connection_id, flow)
       select 'deposit', 'cashier-deposit', 'Cashier', provider, id, 'invoice' from connection where name = 'praxis' returning id)
     insert into payment_method_currency (method_id, type, currency, min, caption)
     select id, type, 978, 1, 'Euro' from made, unnest(array['TR', 'PS']) as type`,
  );
});
afterAll(() => hub?.stop());
afterEach(() => hub.sandbox('b2binpay').faults.clear());

const tools = (): Tools => ({
  ...lendTools(hub.settings, hub.pool, hub.client, hub.timings),
  run: { workflowId: 'test', runId: '' },
  signal: new AbortController().signal,
});

interface Told {
  reference: string;
  connectionId: number;
  /** Of the deposit at B2BINPAY. */
  id: string;
}

let callbacks = 0;
/** A callback of B2BINPAY about one transfer, as the API keeps and delivers it; answers what became of it. */
const callback = async ({ reference, connectionId, id }: Told, status: number, transfer = '1') => {
  const body = Buffer.from(
    JSON.stringify({
      data: {
        type: 'deposit',
        id,
        attributes: { status: 2, tracking_id: reference },
        relationships: { transfer: { data: { type: 'transfer', id: transfer } } },
      },
      included: [{ type: 'transfer', id: transfer, attributes: { status, amount: '50', confirmations: 1 } }],
      meta: {},
    }),
  );
  const verdict = { ok: true, dedupeKey: `test:${++callbacks}`, trust: 'partial' } as const;
  const [kept] = await storeWebhooks(hub.pool, [{ connectionId, headers: {}, body, remoteAddress: null, verdict }]);
  await deliverWebhooks([(await loadWebhook(hub.pool, kept!.id))!], tools());
  return (await hub.one<{ status: string }>(`select status from webhook where id = $1`, [kept!.id])).status;
};

const addressOf = async (client: TestClient): Promise<Told> => {
  const { id: methodId, connection: connectionId } = await hub.methodId('usdt-address');
  const reference = referenceFrom(randomBytes(12));
  const row = { clientId: client.clientId, accountId: client.wallet, methodId, connectionId };
  const { addressId } = await ensureAddressRow(hub.pool, { ...row, currency: 2145, reference });
  await hub.steering.depositAddress(addressId);
  const { id } = await hub.one<{ id: string }>(`select provider_id as id from deposit_address where id = $1`, [
    addressId,
  ]);
  return { reference, connectionId, id };
};

const told = (deposit: number) =>
  hub.one<Told>(
    `select reference, connection_id as "connectionId", provider_id as id from money_transaction where transaction_id = $1`,
    [deposit],
  );

const firstDepositOf = ({ clientId }: TestClient): Promise<number> =>
  eventually(async () => {
    const { rows } = await hub.pool.query<{ id: number }>(
      `select transaction_id as id from money_transaction where client_id = $1`,
      [clientId],
    );
    return rows[0]?.id;
  }, 'the payment to become a deposit');

/** Its run has looked, and waits for the next time. */
const hasLooked = (deposit: number): Promise<boolean> =>
  eventually(async () => {
    const history = await hub
      .handle(`deposit:${deposit}`)
      .fetchHistory()
      .catch(() => null); // just begun
    return history?.events?.some(({ timerStartedEventAttributes: timer }) => timer);
  }, 'the deposit to wait for its next look');

const news = (deposit: number, said: string) =>
  hub.steering.news({
    workflowId: `deposit:${deposit}`,
    type: 'deposit',
    transactionId: deposit,
    webhookId: '1',
    said,
  });

const paidByPage = async (client: TestClient) => {
  const deposit = await client.deposit('100.00');
  const id = await hub.providerId(deposit);
  await hasLooked(deposit);
  await hub.sandbox('b2binpay').pay(id, {});
  return { deposit, id };
};

const reason = async (deposit: number): Promise<string> =>
  (
    await hub.one<{ why: string }>(
      `select data ->> 'why' as why from application where transaction_id = $1 order by id desc limit 1`,
      [deposit],
    )
  ).why;

describe('a payment to a client’s own address', () => {
  const unconfirmed = async () => {
    const client = await hub.clientWith('0', 'USDT');
    const address = await addressOf(client);
    await hub.sandbox('b2binpay').pay(address.id, { amount: '50', confirmations: 0 });
    expect(await callback(address, 1)).toBe('delivered');
    const deposit = await firstDepositOf(client);
    return { client, address, deposit };
  };

  it('is credited when a callback says that it is confirmed, though it names the address only', async () => {
    const { address, deposit } = await unconfirmed();
    await hasLooked(deposit);
    await hub.sandbox('b2binpay').advance(address.id, 'transfer:2');
    expect(await callback(address, 2)).toBe('delivered');
    await hub.reaches(deposit, 'done');
  });

  it('that was kept back is credited when the provider lets it go', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const address = await addressOf(client);
    await hub.sandbox('b2binpay').pay(address.id, { amount: '50.08' });
    await callback(address, -2);
    const deposit = await firstDepositOf(client);
    await hub.reaches(deposit, 'review');
    await hub.sandbox('b2binpay').advance(address.id, 'transfer:2');
    await callback(address, 2);
    await hub.reaches(deposit, 'done');
  });

  it('whose client was deleted meanwhile is put before a person', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const address = await addressOf(client);
    await markDeleted(hub.pool, client.clientId);
    await hub.sandbox('b2binpay').pay(address.id, { amount: '50' });
    await callback(address, 2);
    const deposit = await firstDepositOf(client);
    await hub.reaches(deposit, 'review');
    expect(await reason(deposit)).toBe('Its client was deleted');
  });
});

describe('a payment by a page', () => {
  it('is credited soon when its provider stumbled right after the callback', async () => {
    const { deposit } = await paidByPage(await hub.clientWith('0', 'USDT'));
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/deposit/' }, kind: 'http_500', times: 1 });
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
  });

  it('that was taken back and is there after all is credited again by the callback that says so', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const { deposit, id } = await paidByPage(client);
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
    const { transfer } = await hub.one<{ transfer: string }>(
      `select provider_data -> 'credited' ->> 0 as transfer from money_transaction where transaction_id = $1`,
      [deposit],
    );
    await hub.sandbox('b2binpay').advance(id, 'transfer:-1');
    await callback(await told(deposit), -1, transfer);
    await eventually(async () => (await client.balance()).balance === '0', 'it to be taken back');
    await hub.sandbox('b2binpay').advance(id, 'transfer:2');
    expect(await callback(await told(deposit), 2, transfer)).toBe('delivered');
    await eventually(async () => (await client.balance()).balance === '100', 'it to be credited again');
  });

  it('that its provider keeps back after it was credited is shown to a person', async () => {
    const { deposit, id } = await paidByPage(await hub.clientWith('0', 'USDT'));
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
    await hub.sandbox('b2binpay').advance(id, 'transfer:-2');
    const { reference, connectionId } = await told(deposit);
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'transfer -2' });
    await eventually(async () => (await needsHuman(`arrivals:${reference}`)) || null, 'a person to be asked');
  });
});

describe('a credited payment that is not confirmed any more', () => {
  const asked = (deposit: number) =>
    hub.one<{ why: string | null; asked: string | null; soon: boolean }>(
      `select needs_human as why, asked, coalesce(next_look < now() + interval '61 minutes', false) as soon from money_transaction where transaction_id = $1`,
      [deposit],
    );
  const transferOf = async (deposit: number): Promise<string> =>
    (
      await hub.one<{ transfer: string }>(
        `select provider_data -> 'credited' ->> 0 as transfer from money_transaction where transaction_id = $1`,
        [deposit],
      )
    ).transfer;

  it('is put before a person, and moves nothing; once it is confirmed again nobody is asked any more', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const { deposit, id } = await paidByPage(client);
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
    const [place, transfer] = [await told(deposit), await transferOf(deposit)];
    await hub.sandbox('b2binpay').advance(id, 'transfer:0');
    expect(await callback(place, 0, transfer)).toBe('delivered');
    const run = `arrivals:${place.reference}`;
    await eventually(async () => (await needsHuman(run)) || null, 'a person to be asked');
    expect(await asked(deposit)).toMatchObject({
      why: `Payment ${transfer} of 100 USDT, with which deposit ${deposit} was credited, is not confirmed any more`,
      soon: true,
    });
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });

    await hub.sandbox('b2binpay').advance(id, 'transfer:2');
    expect(await callback(place, 2, transfer)).toBe('delivered');
    await hub.ends(run);
    expect(await asked(deposit)).toMatchObject({ why: null, asked: null });
    expect(await callback(place, 2, transfer)).toBe('ignored');
  });

  it('on a client’s own address is found by the look that nobody called for, and taken back when it failed', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const address = await addressOf(client);
    await hub.sandbox('b2binpay').pay(address.id, { amount: '50' });
    await callback(address, 2);
    const deposit = await firstDepositOf(client);
    await hub.reaches(deposit, 'done');
    const run = `arrivals:${address.reference}`;
    await hub.ends(run);
    await hub.sandbox('b2binpay').advance(address.id, 'transfer:1');
    await hub.pool.query(`update deposit_address set next_look = now() where reference = $1`, [address.reference]);
    await lookForPayments(undefined, tools());
    await eventually(async () => (await asked(deposit)).why, 'a person to be asked');
    const { soon } = await hub.one<{ soon: boolean }>(
      `select next_look < now() + interval '61 minutes' as soon from deposit_address where reference = $1`,
      [address.reference],
    );
    expect(soon).toBe(true);
    await hub.sandbox('b2binpay').advance(address.id, 'transfer:-1');
    await callback(address, -1);
    await hub.reaches(deposit, 'returned');
    await hub.ends(run);
    expect(await asked(deposit)).toMatchObject({ why: null, asked: null });
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
  });

  it('is asked about once: who has settled it hears of it again only when it was confirmed in between', async () => {
    const { deposit, id } = await paidByPage(await hub.clientWith('0', 'USDT'));
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
    const [place, transfer] = [await told(deposit), await transferOf(deposit)];
    const run = `arrivals:${place.reference}`;
    await hub.sandbox('b2binpay').advance(id, 'transfer:1');
    await callback(place, 1, transfer);
    await eventually(async () => (await needsHuman(run)) || null, 'a person to be asked');
    await hub.handle(run).cancel();
    await eventually(async () => (await asked(deposit)).why === null, 'it to be settled');
    await eventually(async () => (await hub.handle(run).describe()).status.name === 'CANCELLED', 'the run to end');
    await callback(place, 1, transfer);
    await hub.ends(run);
    expect(await asked(deposit)).toMatchObject({ why: null });
    await hub.sandbox('b2binpay').advance(id, 'transfer:2');
    const { reference, connectionId } = place;
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'looking by ourselves' });
    await hub.ends(run);
    await hub.sandbox('b2binpay').advance(id, 'transfer:0');
    await callback(place, 0, transfer);
    await eventually(async () => (await asked(deposit)).why, 'a person to be asked anew');
  });

  it('is none while a second payment to the same page waits for its confirmations', async () => {
    const { deposit, id } = await paidByPage(await hub.clientWith('0', 'USDT'));
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
    await hub.sandbox('b2binpay').pay(id, { amount: '10', confirmations: 0 });
    const { reference, connectionId } = await told(deposit);
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'transfer 1' });
    await hub.ends(`arrivals:${reference}`);
    expect(await asked(deposit)).toMatchObject({ why: null });
  });

  it.each([
    ['nothing else', null],
    ['something else', 'Its client owes 5 USDT.'],
  ])('warns whoever is to approve a payout of its client, while %s is asked about it', async (_what, why) => {
    const client = await hub.clientWith('0', 'USDT');
    const { deposit, id } = await paidByPage(client);
    await news(deposit, 'paid');
    await hub.reaches(deposit, 'done');
    if (why !== null) await askAbout(hub.pool, deposit, { why, asked: null });
    const [place, transfer] = [await told(deposit), await transferOf(deposit)];
    await hub.sandbox('b2binpay').advance(id, 'transfer:0');
    await callback(place, 0, transfer);
    const payout = await client.withdraw('25.00');
    const request = await hub.openRequest(payout);
    const warnings = async () => (await payoutWarnings(hub.pool, [request.id])).get(request.id)!;
    await eventually(async () => (await warnings()).length > 0, 'the approver to be warned');
    expect(await warnings()).toEqual([
      expect.stringContaining(`deposit ${deposit} was credited, is not confirmed any more`),
    ]);
    if (why !== null) expect((await asked(deposit)).why).toBe(why);
    await hub.sandbox('b2binpay').advance(id, 'transfer:2');
    await callback(place, 2, transfer);
    await eventually(async () => (await warnings()).length === 0, 'the warning to go away');
    expect((await asked(deposit)).why).toBe(why);
  });
});

const needsHuman = async (workflowId: string): Promise<boolean> =>
  (await hub.handle(workflowId).describe()).searchAttributes['HubNeedsHuman']?.[0] === true;

describe('money that went back before it was credited', () => {
  const paidAtCashier = async () => {
    const client = await hub.clientWith('0', 'EUR');
    const deposit = await client.deposit('100.00', { method: 'cashier-deposit' });
    await hub.reaches(deposit, 'awaiting_payer');
    return { client, deposit, order: await hub.providerId(deposit) };
  };

  it('is not credited: whoever looks at it reads that it went back', async () => {
    const { client, deposit, order } = await paidAtCashier();
    await hub.pause();
    await hub.sandbox('praxis').pay(order);
    await hub.sandbox('praxis').advance(order, 'refund');
    await news(deposit, 'approved');
    await news(deposit, 'reversed');
    await hub.resume();
    await hub.reaches(deposit, 'review');
    expect(await reason(deposit)).toBe('The provider took back 100 of it (refund)');
    expect(await client.balance()).toMatchObject({ balance: '0' });
    // The books show the question a moment before the run waits for its answer.
    await hub.rests(`deposit:${deposit}`);
    await expect(hub.decide(deposit, olga, 'approve')).rejects.toMatchObject({ reason: 'restricted' });
    await hub.decide(deposit, olga, 'reject');
    await hub.reaches(deposit, 'rejected');
  });

  it('while it waited for its approval is not credited by it', async () => {
    await hub.approvals('deposit', 1);
    const { client, deposit, order } = await paidAtCashier();
    await hub.sandbox('praxis').pay(order);
    await news(deposit, 'approved');
    await hub.reaches(deposit, 'awaiting_approval');
    await hub.sandbox('praxis').advance(order, 'refund');
    await hub.decide(deposit, olga, 'approve');
    await hub.reaches(deposit, 'review');
    expect(await client.balance()).toMatchObject({ balance: '0' });
    await hub.decide(deposit, olga, 'reject');
    await hub.reaches(deposit, 'rejected');
    await hub.approvals('deposit', 0);
  });
});
