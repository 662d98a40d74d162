import { setTimeout as sleep } from 'node:timers/promises';
import { checkLedger } from '../../../db/repositories/ledger.ts';
import { hire } from '../cast.ts';
import type { Breach } from '../invariants.ts';
import type { World } from '../run.ts';
import type { Story } from '../scenario.ts';
import type { Stack } from '../stack.ts';
import type { Walker } from './walker.ts';
import { must, ofClient, opensRun, type Walk, withCode, type WalkStep } from './walks.ts';

const VENUE = 'b2binpay';
const PLATFORM = 'mt4';
const FIRST = '25.00';
const SECOND = '30.00';
const WITHIN_MS = 60_000;
/** Seen in clear anywhere, it leaked. As long as every platform takes. */
const TRADING_PASSWORD = 'Trad-Canary1';

/** A client with a wallet that covers his payout, signed in; and a trading account where the walk is about one. */
const hired = async (walker: Walker, world: World, kind: 'payout' | 'to-platform'): Promise<void> => {
  const { stack, api, office, methods } = world;
  const venue = kind === 'payout' ? VENUE : PLATFORM;
  const story = { kind, venue, amount: SECOND, rivals: 0 } as Story;
  const client = await hire(stack, api, office, story);
  stack.secrets['a password of a trading account'] = TRADING_PASSWORD;
  walker.accessToken = client.token;
  walker.account = kind === 'payout' ? client.wallet : client.other!;
  await stack.pool.query(`update client set email = $2 where client_id = $1`, [client.clientId, walker.email]);
  const { currency, payee } = stack.venues.get(venue)!;
  walker.order = {
    accountId: walker.account,
    methodId: methods[`${venue}-payout`],
    currencyCode: currency.numericCode,
    data: payee,
  };
  await stack.pool.query(
    `insert into broker_setting (name, value) values ('withdrawals.confirmation', 'true') on conflict (name) do nothing`,
  );
};

const signedIn = ({ accessToken }: Walker) => ({ authorization: `Bearer ${accessToken}` });

const begin: WalkStep = {
  route: 'GET /my/withdrawals/wizard',
  headers: signedIn,
  leadsTo: 'withdrawal_form',
  ...opensRun,
};
const form = (amount: string): WalkStep => ({
  route: 'POST /my/withdrawals',
  headers: signedIn,
  body: ({ uuid, order }) => ({ uuid, ...order, amount }),
  leadsTo: 'confirm_email',
});
const confirm: WalkStep = {
  route: 'POST /my/withdrawals/wizard',
  headers: signedIn,
  asksCode: true,
  body: withCode,
  leadsTo: 'end',
  // How far it is by then may differ.
  alike: ({ data }) => data?.transaction?.transactionId,
};

/** One order of this amount, which waits for its approval with the amount held. */
const paidOnce = async (stack: Stack, walker: Walker, amount: string): Promise<Breach[]> => {
  let seen = '';
  for (const until = Date.now() + WITHIN_MS; Date.now() < until; await sleep(50)) {
    const { rows } = await stack.pool.query<{ seen: string }>(
      `select concat_ws(' ', count(*), max(t.stage), max(t.amount)::numeric(10, 2), max(l.held)::numeric(10, 2), bool_and(t.idempotency_key = 'wizard:' || $2)) as seen
         from money_transaction t join client c on c.client_id = t.client_id join account a on a.account_id = t.debit_account_id
         join ledger_account l on l.code = a.ledger_code where c.email = $1`,
      [walker.email, walker.uuid],
    );
    seen = rows[0]!.seen;
    if (seen === `1 awaiting_approval ${amount} ${amount} t`) break;
  }
  const breaches: Breach[] = [];
  if (seen !== `1 awaiting_approval ${amount} ${amount} t`)
    breaches.push({ invariant: 'a payout is ordered once, as it was confirmed, and held', detail: seen });
  for (const { invariant, subject, detail } of await checkLedger(stack.pool))
    breaches.push({ invariant: `ledger: ${invariant}`, detail: `${subject}, ${detail}` });
  return breaches;
};

const payout: Walk = {
  name: 'payout',
  prepare: (walker, world) => hired(walker, world, 'payout'),
  steps: [begin, form(FIRST), confirm],
  check: (stack, walker) => paidOnce(stack, walker, FIRST),
};

/** He thinks better of it before the code: what he sent last is paid. */
const otherPayout: Walk = {
  name: 'payout, asked for otherwise',
  prepare: (walker, world) => hired(walker, world, 'payout'),
  steps: [
    begin,
    form(FIRST),
    {
      ...form(SECOND),
      body: async (walker) => {
        await walker.code();
        await walker.waitsForAnotherCode();
        return { uuid: walker.uuid, ...walker.order, amount: SECOND };
      },
    },
    confirm,
  ],
  check: (stack, walker) => paidOnce(stack, walker, SECOND),
};

const listing: Walk = {
  name: 'listing an address',
  prepare: (walker, world) => hired(walker, world, 'payout'),
  steps: [
    { route: 'GET /my/withdrawals/policies/wizard', headers: signedIn, leadsTo: 'whitelist_form', ...opensRun },
    {
      route: 'POST /my/withdrawals/policies',
      headers: signedIn,
      body: ({ uuid, order }) => {
        const { currencyCode, data } = order as { currencyCode: number; data: { address: string } };
        return { uuid, currencyCode, walletAddress: data.address };
      },
      leadsTo: 'confirm_email',
    },
    {
      route: 'POST /my/withdrawals/policies/confirm',
      headers: signedIn,
      asksCode: true,
      body: withCode,
      leadsTo: 'end',
    },
  ],
  check: (stack, walker) =>
    must(stack, walker, {
      'an address is listed once': [ofClient('payout_address a'), 1],
      'a listed address is in the audit once': [
        `select count(*)::int as n from audit where action = 'whitelist.create' and object = (select 'client:' || client_id from client where email = $1)`,
        1,
      ],
    }),
};

const accountPassword: Walk = {
  name: 'password of a trading account',
  prepare: (walker, world) => hired(walker, world, 'to-platform'),
  steps: [
    { route: 'GET /my/accounts/@account/password/wizard', headers: signedIn, leadsTo: 'confirm_email', ...opensRun },
    {
      route: 'POST /my/accounts/@account/password/confirm',
      headers: signedIn,
      asksCode: true,
      body: withCode,
      leadsTo: 'password_form',
    },
    {
      route: 'PUT /my/accounts/@account/password',
      headers: signedIn,
      body: ({ uuid }) => ({
        ...{ uuid, type: 'main', password: TRADING_PASSWORD, password_confirmation: TRADING_PASSWORD },
      }),
      leadsTo: 'end',
    },
  ],
  check: async (stack, walker) => {
    const once: [string, number] = [ofClient(`(select * from account_change where state = 'done') h`), 1];
    const changed = { 'the password of an account is changed once': once };
    for (const until = Date.now() + WITHIN_MS; Date.now() < until; await sleep(50))
      if ((await must(stack, walker, changed)).length === 0) break;
    return must(stack, walker, changed);
  },
};

export const PAYOUT_WALKS: readonly Walk[] = [payout, otherPayout, listing, accountPassword];
