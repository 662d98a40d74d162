import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seedDemo } from '../../db/seed/demo.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };
let client: Caller & { id: number };
let other: Caller & { id: number };
let wallet: number;
let trading: number;
let foreign: number;

const openAccount = async (
  clientId: number,
  product: string,
  code: string,
  number: string,
  balance: string,
  held: string,
) => {
  const [{ id }] = await api.sql(
    `insert into account (account_number, client_id, product_currency_id, currency, platform_id, type, caption, permissions, leverage, reference, ledger_code)
     select $2, $1, pc.id, pc.currency, p.platform_id, p.type, pc.caption, pc.permissions, coalesce(pc.leverages[1], 0), 'R' || $2, $3
       from product_currency pc join product p on p.id = pc.product_id join currency c on c.numeric_code = pc.currency
      where p.name = $4 and c.alphabetic_code = $5 returning account_id as id`,
    [clientId, number, `test:${number}`, product, code],
  );
  await api.sql(
    `insert into ledger_account (code, kind, currency, may_overdraw, balance, held) select ledger_code, $2, currency, $3, $4, $5 from account where account_id = $1`,
    [id, product === 'wallet' ? 'wallet' : 'trading', product !== 'wallet', balance, held],
  );
  return id as number;
};

const addTransaction = async (more: Record<string, unknown>) => {
  const columns = Object.keys(more);
  const [{ id }] = await api.sql(
    `insert into money_transaction (${columns.join(', ')}) values (${columns.map((_one, n) => `$${n + 1}`).join(', ')}) returning transaction_id as id`,
    Object.values(more),
  );
  return id as number;
};

beforeAll(async () => {
  api = await startTestApi();
  await seedDemo(
    api.deps.pool,
    api.settings.configKeys,
    ['bank', 'b2binpay', 'b2binpay-address', 'mt5'].map((name) => ({
      provider: name === 'bank' ? 'manual' : name,
      name,
      caption: name,
      config: {},
    })),
  );
  [admin, client, other] = [await api.operator(), await api.client(), await api.client()];
  wallet = await openAccount(client.id, 'wallet', 'USD', '2100009001', '100.5', '30.25');
  trading = await openAccount(client.id, 'mt5-live', 'USD', '70001', '-5', '0');
  foreign = await openAccount(other.id, 'wallet', 'USD', '2100009002', '1', '0');
});
afterAll(() => api.stop());

const ids = (answer: { body: { data: { transactionId: number }[] } }) =>
  answer.body.data.map((one) => one.transactionId);

describe('accounts', () => {
  it('show what is free, what is there and what is held', async () => {
    const { body } = await admin.call(`GET /api/v2/accounts/${wallet}`);
    expect(body).toMatchObject({
      accountId: wallet,
      accountNumber: '2100009001',
      archive: false,
      clientId: client.id,
      caption: 'USD',
      name: 'USD',
      currency: { alphabeticCode: 'USD', numericCode: 840, minorUnit: 2 },
      platform: { name: 'ew', type: 'personal' },
      type: 'personal',
      leverage: 0,
      statement: {
        availableBalance: '70.250000000000000000',
        currentBalance: '100.500000000000000000',
        hold: '30.250000000000000000',
        equity: '0.000000000000000000',
      },
    });
    expect(body.permissions).toEqual(body.permissions.toSorted());
    expect(Object.keys(body.currency).sort()).toEqual(['alphabeticCode', 'minorUnit', 'name', 'numericCode']);
    expect((await admin.call(`GET /api/v2/accounts/${trading}`)).body.statement).toMatchObject({
      currentBalance: '-5.000000000000000000',
      equity: null,
      margin: null,
    });
  });

  it('are found by their filters', async () => {
    const found = async (query: string) =>
      (await admin.call(`GET /api/v2/accounts?${query}`)).body.data.map((one: { accountId: number }) => one.accountId);
    expect(await found(`filter[clientId]=${client.id}`)).toEqual([wallet, trading]);
    expect(await found('filter[type]=trade')).toEqual([trading]);
    const { product, platform } = (await admin.call(`GET /api/v2/accounts/${trading}`)).body;
    expect(await found(`filter[productId]=${product.id}`)).toEqual([trading]);
    expect(await found(`filter[platformId]=${platform.id}`)).toEqual([trading]);
  });

  it("are a client's own only, with all a client app needs", async () => {
    const { body } = await client.call('GET /api/v2/my/accounts');
    expect(body).toMatchObject({ total: 2, data: [{ accountId: wallet }, { accountId: trading }] });
    expect(body.data[0]).toMatchObject({
      displayNumber: '2100009001',
      rights: 253,
      favourite: false,
      currency: { hasDestinationTagOrMemo: false },
    });
    expect(body.data[1]).toMatchObject({
      rights: 115,
      leverage: 100,
      platform: { type: 'MetaTrader5', isDemo: false, terminalUrl: '' },
      productCurrency: {
        variants: { leverages: ['100', '200', '500'] },
        platformGroups: [expect.any(String)],
        product: { name: 'mt5-live', group: { caption: 'Live' }, platform: { class: 'MetaTrader5' } },
      },
    });
    expect((await client.call(`GET /api/v2/my/accounts/${foreign}`)).status).toBe(404);
    expect((await client.call('GET /api/v2/my/accounts?filter[permissions]=withdrawal,enabled')).body.total).toBe(1);
    expect((await client.call('GET /api/v2/my/accounts?filter[permissions]=flying')).status).toBe(400);
    expect((await client.call('GET /api/v2/my/accounts?filter[alphabeticCurrencyCode]=eur')).body.total).toBe(0);
  });
});

describe('transactions', () => {
  let deposit: number;
  let payout: number;
  let transfer: number;

  beforeAll(async () => {
    const [method] = await api.sql(`select id from payment_method where name = 'bank-payout'`);
    const common = { client_id: client.id, currency: 840 };
    deposit = await addTransaction({
      ...common,
      type: 'deposit',
      status: 'done',
      credit_account_id: wallet,
      amount: '100',
      vendor_commission: '1',
      final_amount: '99',
      reference: 'KA',
      provider_data: { address: 'TX1' },
    });
    payout = await addTransaction({
      ...common,
      type: 'withdrawal',
      status: 'pending',
      debit_account_id: wallet,
      amount: '25',
      vendor_commission: '0.5',
      method_id: method.id,
      reference: 'KB',
      data: { iban: 'DE1' },
      comment: 'call him',
    });
    transfer = await addTransaction({
      ...common,
      type: 'transfer',
      status: 'inProgress',
      debit_account_id: wallet,
      credit_account_id: trading,
      amount: '5',
      reference: 'KC',
    });
    await addTransaction({
      ...common,
      type: 'deposit',
      status: 'new',
      credit_account_id: wallet,
      amount: '7',
      reference: 'KD',
    });
    await addTransaction({
      client_id: other.id,
      currency: 840,
      type: 'deposit',
      status: 'done',
      credit_account_id: foreign,
      amount: '9',
      reference: 'KE',
    });
    await api.sql(
      `insert into application (client_id, type, transaction_id, workflow_id, data) values ($1, 'withdrawal', $2, 'payout:1', '{"note": "secret"}')`,
      [client.id, payout],
    );
  });

  it('are counted the same on every page', async () => {
    for (const page of ['limit=2', 'limit=3', 'limit=4', 'limit=2&offset=2', 'limit=2&offset=3', 'offset=7']) {
      const { body } = await admin.call(`GET /api/v2/transactions?filter[clientId]=${client.id}&${page}`);
      expect([page, body.total]).toEqual([page, 3]);
    }
  });

  it('have a side for each account of ours, and never show the new ones', async () => {
    const all = await admin.call(`GET /api/v2/transactions?filter[clientId]=${client.id}`);
    expect(all.body.total).toBe(3);
    expect(ids(all)).toEqual([deposit, payout, transfer]);
    expect(all.body.data[0]).toMatchObject({
      debitDetails: null,
      creditDetails: {
        account: { accountId: wallet, statement: { hold: '30.250000000000000000' } },
        amount: '100.000000000000000000',
        commission: '1.000000000000000000',
      },
      finalAmount: '99.000000000000000000',
      finalCurrency: { numericCode: 840 },
      data: { address: 'TX1' },
      method: null,
    });
    expect(all.body.data[1]).toMatchObject({
      creditDetails: null,
      debitDetails: { commission: '0.500000000000000000' },
      method: { name: 'bank-payout' },
      applicationId: expect.any(Number),
      comment: 'call him',
    });
    expect(all.body.data[2]).toMatchObject({
      debitDetails: { account: { accountId: wallet } },
      creditDetails: { account: { accountId: trading } },
    });
  });

  it('are found by account, number, status list and type, and sorted by amount', async () => {
    const found = async (query: string) => ids(await admin.call(`GET /api/v2/transactions?${query}`));
    expect(await found(`filter[accountId]=${trading}`)).toEqual([transfer]);
    expect(await found('filter[creditAccountNumber]=70001')).toEqual([transfer]);
    expect(await found('filter[debitAccountNumber]=2100009001')).toEqual([payout, transfer]);
    expect(await found('filter[status]=pending,inProgress')).toEqual([payout, transfer]);
    expect(await found(`filter[type]=deposit&filter[clientId]=${client.id}`)).toEqual([deposit]);
    expect(await found(`filter[clientId]=${client.id}&sort_by=debitAmount&sort_order=desc`)).toEqual([
      deposit,
      payout,
      transfer,
    ]);
  });

  it('are refused by a status or type that there is not, which is a mistake and no empty list', async () => {
    const refused = ({ status, body }: Awaited<ReturnType<Caller['call']>>) => [status, body.error?.details[0].field];
    expect(refused(await client.call('GET /api/v2/my/transactions?filter[status]=done,dun'))).toEqual([
      400,
      'filter[status]',
    ]);
    for (const [list, field] of [
      ['transactions', 'status'],
      ['transactions', 'type'],
      ['accounts', 'type'],
      ['applications', 'type'],
      ['clients', 'status'],
      ['products', 'status'],
    ])
      expect(refused(await admin.call(`GET /api/v2/${list}?filter[${field}]=nope`))).toEqual([400, `filter[${field}]`]);
    // B2Core's words that are never ours: its clients may ask for them.
    const none = await client.call('GET /api/v2/my/transactions?filter[type]=exchange,partner&filter[status]=trade');
    expect([none.status, none.body.data]).toEqual([200, []]);
  });

  it("are a client's own only, without what is the broker's business", async () => {
    const mine = await client.call('GET /api/v2/my/transactions?filter[type]=withdrawal,transfer');
    expect(ids(mine)).toEqual([payout, transfer]);
    expect(mine.body.data[0]).toMatchObject({
      debitDetails: { account: { displayNumber: '2100009001' } },
      data: { iban: 'DE1' },
    });
    expect(mine.body.data[0].debitDetails.account).not.toHaveProperty('productCurrency');
    expect(JSON.stringify(mine.body)).not.toContain('call him');
    expect((await other.call(`GET /api/v2/my/transactions/${payout}`)).status).toBe(404);
    const shown = (await client.call(`GET /api/v2/my/transactions/${payout}`)).body;
    expect(shown).toMatchObject({
      transactionId: payout,
      debitDetails: { account: { accountId: wallet, statement: null } },
    });
  });

  it('hide personal data from those who must not see it, in requests too', async () => {
    const masked = await api.operator(['*'], { maskData: true });
    expect((await masked.call(`GET /api/v2/transactions/${payout}`)).body).toMatchObject({
      data: { iban: '*' },
      comment: '*',
      status: 'pending',
    });
    const requests = (await masked.call('GET /api/v2/applications?filter[statusId]=0')).body;
    expect(requests.data[0]).toMatchObject({
      client: { clientId: client.id, name: '*', email: '*' },
      data: { note: '*', transactionId: payout, amount: '25.000000000000000000' },
    });
    const open = (await admin.call(`GET /api/v2/applications/${requests.data[0].id}`)).body;
    expect(open).toMatchObject({
      type: 'withdrawal',
      statusId: 0,
      status: 'pending',
      purpose: 'approval',
      approvalsNeeded: 1,
      decisions: [],
      data: { note: 'secret', rate: null },
      processTime: null,
    });
  });
});

describe('payment methods', () => {
  it('are those a client can use now, with limits, commissions and fields', async () => {
    const deposits = (await client.call('GET /api/v2/my/deposits/methods')).body;
    expect(deposits.data.map((one: { name: string }) => one.name)).toEqual([
      'bank-transfer',
      'usdt-invoice',
      'usdt-address',
    ]);
    expect(deposits.data[0]).toMatchObject({
      provider: 'manual',
      pretend: true,
      fields: [],
      groups: [{ name: 'fiat' }],
    });
    expect(deposits.data[0].tradersRoomCurrencies[0]).toMatchObject({
      min: { value: '10.00', scale: 2 },
      max: { value: '0', scale: 2 },
      currency: { alphabeticCode: 'USD' },
    });
    expect(deposits.data[0]).not.toHaveProperty('isWhitelistSupported');
    const payouts = (await client.call('GET /api/v2/my/withdrawals/methods?filter[tradersRoomCurrencyNumericCode]=978'))
      .body;
    expect(payouts).toMatchObject({
      total: 1,
      data: [{ name: 'bank-payout', isWhitelistSupported: false, fields: [{ id: 'accountHolder' }, { id: 'iban' }] }],
    });
    expect((await client.call(`GET /api/v2/my/deposits/methods/${payouts.data[0].id}`)).status).toBe(404);

    await api.sql(
      `insert into payment_method_commission (method_id, type, currency, percent, min) values ($1, 'TR', 840, 0.1, 0.30)`,
      [payouts.data[0].id],
    );
    const text = await (
      await fetch(`${api.url}/api/v2/my/withdrawals/methods/${payouts.data[0].id}`, {
        headers: { authorization: `Bearer ${client.token}` },
      })
    ).text();
    expect(text).toContain('"percent":0.1,"min":0.3,"max":0,"fix":0,"type":"TR","numericCode":840');
  });

  it('vanish with their connection', async () => {
    await api.sql(`update connection set enabled = false where name = 'b2binpay'`);
    expect(
      (await client.call('GET /api/v2/my/deposits/methods')).body.data.map((one: { name: string }) => one.name),
    ).toEqual(['bank-transfer', 'usdt-address']);
    await api.sql(`update connection set enabled = true where name = 'b2binpay'`);
  });

  it('come with groups and currencies', async () => {
    expect((await client.call('GET /api/v2/my/deposits/groups')).body).toMatchObject({
      total: 2,
      data: [{ name: 'fiat', priority: 1 }, { name: 'crypto' }],
    });
    expect(
      (await client.call('GET /api/v2/my/withdrawals/currencies?sort_by=priority')).body.data
        .map((one: { alphabeticCode: string }) => one.alphabeticCode)
        .sort(),
    ).toEqual(['EUR', 'USD', 'USDT']);
    const [group] = (await client.call('GET /api/v2/my/deposits/groups')).body.data;
    expect(
      (await client.call(`GET /api/v2/my/deposits/methods?filter[groupId]=${group.id}`)).body.data.map(
        (one: { name: string }) => one.name,
      ),
    ).toEqual(['bank-transfer']);
  });
});

describe('clients', () => {
  it('are created with defaults, changed, and found by the filters of the Back Office', async () => {
    const made = await admin.call('POST /api/v2/clients', {
      email: 'list.me@example.com',
      firstName: 'Lis',
      lastName: 'Ted',
      middleName: 'M',
      countryId: (await api.sql('select country_id from country limit 1'))[0].country_id,
      birthday: '1990-05-01',
      riskLevelId: 3,
      company: { fullName: 'Acme Limited' },
      analytics: [{ property: 'utm_source', value: 'mail' }],
      managerId: admin.id,
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'Lis M Ted',
        status: 'active',
        locale: 'en_US',
        internalType: 'default',
        accounts: [],
        tags: [],
        riskLevel: 'high',
        birthday: '1990-05-01T00:00:00+00:00',
        company: { fullName: 'Acme Limited', shortName: null },
        manager: { id: admin.id },
        loggedAt: null,
        jurisdiction: null,
      },
    });
    const { clientId, country } = made.body;
    const queries = [
      `clientId=${clientId}`,
      'email=LIST.me@example.com',
      'emails=x@y,list.me@example.com',
      'name=m ted',
      `managerIds=${admin.id},999`,
      `countryCodes=${country.numericCode}`,
      'riskLevelIds=3',
      'companyFullName=acme',
    ];
    for (const query of queries) {
      const found = await admin.call(
        `GET /api/v2/clients?filter[${query.split('=')[0]}]=${encodeURIComponent(query.split('=')[1]!)}`,
      );
      expect([query, found.body.data?.map((one: { clientId: number }) => one.clientId)]).toEqual([query, [clientId]]);
    }
    expect((await admin.call('GET /api/v2/clients?filter[statusIds]=4')).body.total).toBe(0);
    expect(
      (await admin.call(`PATCH /api/v2/clients/${clientId}`, { riskLevelId: null, city: 'Here' })).body,
    ).toMatchObject({ riskLevel: null, city: 'Here', firstName: 'Lis' });
    expect(
      await admin.call('POST /api/v2/clients', { email: 'LIST.ME@example.com', firstName: 'A', lastName: 'B' }),
    ).toMatchObject({ status: 409, body: { error: { details: [{ field: 'email', reason: 'already_exists' }] } } });
    expect(
      await admin.call('POST /api/v2/clients', {
        email: 'z@example.com',
        firstName: 'A',
        lastName: 'B',
        countryId: 99999,
      }),
    ).toMatchObject({ status: 400, body: { error: { details: [{ field: 'countryId' }] } } });
    expect(
      await api.sql('select action, before from audit where object = $1 order by id', [`client:${clientId}`]),
    ).toMatchObject([
      { action: 'clients.create', before: null },
      { action: 'clients.update', before: { city: null } },
    ]);
  });
});
