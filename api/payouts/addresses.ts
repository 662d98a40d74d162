import { raw } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { PayoutAddress, type PayoutAddressRow } from '../../db/entities/money.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { addressManagement, allowAddresses, listableCurrencies } from '../../db/repositories/payout-addresses.ts';
import { anyOf } from '../../db/unseen.ts';
import { HubFailure } from '../../domain/failures.ts';
import { byId, byIds, byWord, custom } from '../kit/filters.ts';
import { type Procedure, procedure, updateProcedures } from '../kit/procedure.ts';
import { listOf, pageOf, pageQuery } from '../kit/list.ts';
import { resource } from '../kit/resource.ts';
import { flagText, isoFrom, isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { currencyJson, type CurrencyView, MyCurrency } from '../presenters/currency.ts';

/** objects-front-office 3.11, objects-back-office 4.6 */
export const Policy = z
  .object({
    policyId: z.int(),
    clientId: z.int(),
    walletAddress: z.string(),
    currencyCode: z.int(),
    currency: MyCurrency,
    caption: z.string().nullable(),
    destinationTag: z.string().nullable(),
    isEnabled: z.boolean().meta({ description: 'false: it may be used later, the broker lets new ones wait.' }),
    usableFrom: time(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'WhitelistedAddress' });
type PolicyView = z.input<typeof Policy>;

const present = async (rows: PayoutAddressRow[], { pool }: { pool: Queryable }): Promise<PolicyView[]> => {
  const { rows: currencies } = await pool.query<{ code: number; currency: CurrencyView }>(
    `select numeric_code as code, ${currencyJson('c')} as currency from currency c where numeric_code = ${anyOf(1)}`,
    [rows.map(({ currency }) => currency)],
  );
  const byCode = new Map(currencies.map(({ code, currency }) => [code, currency]));
  return rows.map((row) => ({
    policyId: row.id,
    clientId: row.clientId,
    walletAddress: row.walletAddress,
    currencyCode: row.currency,
    currency: byCode.get(row.currency)!,
    caption: row.caption ?? null,
    destinationTag: row.destinationTag ?? null,
    isEnabled: row.usableFrom <= new Date(),
    usableFrom: isoFrom(row.usableFrom),
    createTime: isoTime(row.createTime),
    updateTime: isoTimeOrNull(row.updateTime),
  }));
};

export const Management = z.object({ isEnabled: z.boolean(), enabledUntil: time().optional() });

/** Whether a client's payouts go to listed addresses only. */
export const managementView = async ({ pool }: MoneyHub, clientId: number): Promise<z.input<typeof Management>> => {
  const { isOn, until } = await addressManagement(pool, clientId);
  return isOn && until ? { isEnabled: true, enabledUntil: isoTime(until) } : { isEnabled: isOn };
};

/** An address as its owner sees it. */
export const policyView = async ({ pool }: MoneyHub, policyId: number): Promise<PolicyView | undefined> => {
  const { rows } = await pool.query<PayoutAddressRow>(
    `select id, client_id as "clientId", currency, wallet_address as "walletAddress", destination_tag as "destinationTag", caption, usable_from as "usableFrom",
            create_time as "createTime", update_time as "updateTime" from payout_address where id = $1`,
    [policyId],
  );
  return (await present(rows, { pool }))[0];
};

const list = {
  idParam: 'policyId',
  noun: 'address',
  entity: PayoutAddress,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  sorts: ['createTime', 'walletAddress'],
  read: Policy,
  present,
};
const filters = {
  walletAddress: byWord('walletAddress'),
  currencyCode: byId('currency'),
  isEnabled: custom(flagText(), (wanted) => ({
    [raw((alias) => `(${alias}.usable_from <= now()) = ${wanted}`) as unknown as string]: [],
  })),
};

/** The addresses that clients let their payouts go to: to look at, and to switch on. */
export const addressProcedures = (hub: MoneyHub): Procedure[] => [
  ...resource({
    ...list,
    path: '/withdrawals/policies',
    tag: 'Clients',
    permission: 'whitelist',
    filters: { ...filters, clientId: byIds('clientId') },
    mask: (view) => ({
      ...view,
      walletAddress: '*',
      caption: view.caption && '*',
      destinationTag: view.destinationTag && '*',
    }),
    hides: ['walletAddress', 'caption', 'destinationTag'],
  })(hub.deps),

  ...resource({ ...list, path: '/my/withdrawals/policies', tag: 'My money', access: 'client', filters })(hub.deps),

  procedure('GET /my/withdrawals/policies/currencies', {
    summary: 'Currencies whose addresses can be listed',
    tags: ['My money'],
    access: 'client',
    query: z.object(pageQuery),
    answer: listOf(MyCurrency),
    handle: async ({ query }) => pageOf(await listableCurrencies(hub.pool), query),
  }),

  procedure('GET /my/withdrawals/policies/enable', {
    summary: 'Whether payouts go to listed addresses only',
    description: '`enabledUntil`: it was switched off, and is on until then.',
    tags: ['My money'],
    access: 'client',
    answer: Management,
    handle: ({ actor }) => managementView(hub, actor.id),
  }),

  ...updateProcedures('/my/withdrawals/policies/enable', {
    summary: 'Let payouts go to listed addresses only',
    tags: ['My money'],
    access: 'client',
    answer: z.object({ isEnabled: z.literal(true) }),
    errors: [409],
    handle: async ({ actor, requestId }) => {
      const change = { clientId: actor.id, listedOnly: true, cause: { requestId } };
      if (!(await inTransaction(hub.pool, (db) => allowAddresses(db, change))))
        throw new HubFailure('Rejected', 'already_done', 'Address management is on already.');
      return { isEnabled: true as const };
    },
  }),
];
