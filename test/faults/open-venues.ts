import type pg from 'pg';
import type { PaymentExample, TradingExample } from '../../adapters/kit/conformance.ts';
import type { CurrencyOfOrder } from '../../adapters/kit/payments.ts';
import type { SandboxModule } from '../../adapters/kit/sandbox.ts';
import type { DemoConnection } from '../../db/seed/demo.ts';
import { providerAt, type Venue, VENUES } from './venues.ts';

/** A venue with what the hub needs to work with it. */
export interface OpenVenue extends Venue {
  currency: CurrencyOfOrder;
  /** What the client fills in for a payout: whom it is paid to. Seen anywhere in clear, personal data leaked. */
  payee: Record<string, string>;
}

const sandboxOf = async ({ name }: Venue): Promise<SandboxModule | undefined> => providerAt(name).sandbox?.();

/** Connections for all venues. */
export const venueConnections = (origin: string): Promise<DemoConnection[]> =>
  Promise.all(
    VENUES.map(async (venue) => {
      const usual = (await sandboxOf(venue))?.defaultConfig(origin) ?? providerAt(venue.name).wireless!.config;
      const { name, provider, settings } = venue;
      return { provider, name, caption: name, config: { ...usual, ...settings } };
    }),
  );

const examplesOf = async (venue: Venue): Promise<{ payments?: PaymentExample; trading?: TradingExample }> =>
  (await sandboxOf(venue))?.conformance ?? providerAt(venue.name).wireless!;

const payeeOf = (venue: Venue, { destination }: PaymentExample): Record<string, string> => {
  const provider = providerAt(venue.name);
  // A client of a cashier says it there.
  const asked = provider.category === 'payments' && provider.adapter.preparePayout === undefined;
  return destination && asked ? (destination.fields ?? { address: destination.address }) : {};
};

/** Writes methods and products for every venue, in the currency its sandbox gives as an example. */
export const openVenues = async (pool: pg.Pool): Promise<ReadonlyMap<string, OpenVenue>> => {
  const opened = new Map<string, OpenVenue>();
  for (const venue of VENUES) {
    const { payments, trading } = await examplesOf(venue);
    const currency = (payments ?? trading)!.currency;
    const open = { ...venue, currency, payee: payments ? payeeOf(venue, payments) : {} };
    if (payments) await openMethods(pool, open, payments);
    if (trading) await openProduct(pool, venue, trading);
    opened.set(venue.name, open);
  }
  return opened;
};

const openMethods = async (pool: pg.Pool, venue: OpenVenue, { flow }: PaymentExample): Promise<void> => {
  const byHand = venue.does.includes('hand-deposit');
  for (const [direction, how] of [
    ['deposit', byHand ? 'manual' : flow],
    ['payout', 'send'],
  ] as const) {
    if (!venue.does.some((kind) => kind.endsWith(direction))) continue;
    const fields = direction === 'payout' ? Object.keys(venue.payee).map(fieldNamed) : [];
    await pool.query(
      `with method as (
         insert into payment_method (direction, name, caption, provider, connection_id, flow, fields, instruction)
         select $1, $2, $2, provider, id, $3, $4, $5 from connection where name = $6 returning id),
       currencies as (
         insert into payment_method_currency (method_id, type, currency, min, caption)
         select method.id, type, $7, 1, type from method, unnest(array['TR', 'PS']) as type)
       insert into approval_policy (name, kind, method_id, approvals, priority) select $2, 'deposit', id, 0, 45 from method where $8`,
      [
        direction === 'payout' ? 'withdrawal' : 'deposit',
        `${venue.name}-${direction}`,
        how,
        JSON.stringify(fields),
        byHand && direction === 'deposit' ? '<p>Pay at the counter.</p>' : null,
        venue.name,
        venue.currency.numericCode,
        direction === 'deposit' && !byHand,
      ],
    );
  }
};

const fieldNamed = (name: string) => ({ id: name, name, type: 'input', label: name, rules: ['required', 'string'] });

/** What a client changes his account to; every platform takes it. */
export const CHANGED_LEVERAGE = 50;

const openProduct = async (pool: pg.Pool, { name }: Venue, { group, currency, leverage }: TradingExample) => {
  await pool.query(
    `with platform as (
       insert into platform (name, caption, type, connection_id) select $1, $1, 'wrapper', id from connection where name = $2 returning id),
     product as (
       insert into product (name, caption, type, platform_id) select $2, $2, 'trade', id from platform returning id)
     insert into product_currency (product_id, currency, caption, leverages, platform_groups, permissions)
     select id, $3, $2, $4, $5, array['enabled', 'trade', 'transferDeposit', 'transferWithdrawal', 'visible'] from product`,
    [`campaign-${name}`, name, currency.numericCode, [leverage, CHANGED_LEVERAGE], [group]],
  );
};
