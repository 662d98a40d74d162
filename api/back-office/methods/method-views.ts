import type { EntityManager } from '@mikro-orm/postgresql';
import { callbackUrlOf } from '../../../activities/kit/open-connection.ts';
import { webhookOf } from '../../../adapters/kit/manifest.ts';
import {
  MethodCommission,
  type MethodCommissionRow,
  MethodCurrency,
  type MethodCurrencyRow,
  type PaymentMethodRow,
} from '../../../db/entities/configuration.ts';
import { isoTime, isoTimeOrNull } from '../../kit/shapes.ts';
import { type ViewDeps, providerNamed, settingsOf } from '../connections/view.ts';
import { missingOf } from './missing.ts';
import { commissionViews, currencyViews } from './parts.ts';
import type { PaymentMethodJson } from './shapes.ts';

interface Bound {
  id: number;
  name: string;
  provider: string;
  enabled: boolean;
  config: Buffer;
}

interface Grouping {
  method_id: number;
  id: number;
  name: string;
  caption: string;
}

/** Methods with all that belongs to them; a few queries for a page. */
export const paymentMethodViews = async (
  rows: readonly PaymentMethodRow[],
  em: EntityManager,
  deps: ViewDeps,
): Promise<PaymentMethodJson[]> => {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const of = { methodId: { $in: ids } };
  const currencies: MethodCurrencyRow[] = await em.find(MethodCurrency, of, { orderBy: { id: 'asc' } });
  const commissions: MethodCommissionRow[] = await em.find(MethodCommission, of, { orderBy: { id: 'asc' } });
  const groups = await em.execute<Grouping[]>(
    `select mg.method_id, g.id, g.name, g.caption from payment_method_group mg join payment_group g on g.id = mg.group_id
      where mg.method_id in (${ids.map(() => '?').join(',')}) order by g.priority, g.id`,
    ids,
  );
  const connectionIds = [...new Set(rows.map((row) => row.connectionId))];
  const connections = new Map(
    (
      await em.execute<Bound[]>(
        `select id, name, provider, enabled, config from connection where id in (${connectionIds.map(() => '?').join(',')})`,
        connectionIds,
      )
    ).map((one) => [one.id, one]),
  );
  const currencyJson = new Map((await currencyViews(currencies, em)).map((view) => [view.id, view]));
  const commissionJson = new Map(commissionViews(commissions).map((view) => [view.id, view]));

  return rows.map((row) => {
    const bound = connections.get(row.connectionId)!;
    const provider = providerNamed(bound.provider);
    const { problem } = settingsOf(deps.ring, provider, bound, bound.config);
    const ofType = <T extends { id: number; methodId: number; type: string }, V>(
      all: readonly T[],
      type: T['type'],
      views: ReadonlyMap<number, V>,
    ): V[] => all.filter((one) => one.methodId === row.id && one.type === type).map((one) => views.get(one.id)!);
    const view = {
      id: row.id,
      name: row.name,
      caption: row.caption,
      description: row.description ?? null,
      icon: row.icon ?? null,
      provider: row.provider,
      connectionId: row.connectionId,
      flow: row.flow,
      libraryTimeToFund: row.libraryTimeToFund ?? null,
      pretend: true,
      hideAmount: row.hideAmount,
      hideProceed: row.hideProceed,
      instruction: row.instruction ?? null,
      resultUrl: provider && webhookOf(provider) ? callbackUrlOf(deps.publicUrl, row.connectionId) : null,
      tradersRoomCurrencies: ofType(currencies, 'TR', currencyJson),
      paymentSystemCurrencies: ofType(currencies, 'PS', currencyJson),
      vendorCommissions: ofType(commissions, 'TR', commissionJson),
      providerCommissions: ofType(commissions, 'PSP', commissionJson),
      groups: groups.filter((one) => one.method_id === row.id).map(({ id, name, caption }) => ({ id, name, caption })),
      fields: row.fields,
      enabled: row.enabled,
      priority: row.priority,
      resources: row.resources,
      createTime: isoTime(row.createTime ?? new Date()),
      updateTime: isoTimeOrNull(row.updateTime),
    };
    const connection = { name: bound.name, enabled: bound.enabled, problem };
    return { ...view, missing: missingOf(view, { provider, connection, direction: row.direction }) };
  });
};
