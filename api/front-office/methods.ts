import { raw } from '@mikro-orm/postgresql';
import {
  Currency,
  type CurrencyRow,
  PaymentGroup,
  type PaymentGroupRow,
  PaymentMethod,
  type PaymentMethodRow,
} from '../../db/entities/configuration.ts';
import { custom } from '../kit/filters.ts';
import { type PresentContext, resource } from '../kit/resource.ts';
import { idText } from '../kit/shapes.ts';
import { MyCurrency } from '../presenters/currency.ts';
import { MyDepositMethod, MyPaymentGroup, MyWithdrawalMethod, methodViews } from '../presenters/method.ts';

type Direction = 'deposit' | 'withdrawal';

/** A condition on the method's row in plain SQL; `sql` gets the row's alias. */
const on = (sql: (alias: string) => string) => ({ [raw(sql) as unknown as string]: [] });

const inCurrency = (type: 'TR' | 'PS') =>
  custom(idText(), (code) =>
    on(
      (alias) =>
        `exists (select 1 from payment_method_currency c where c.method_id = ${alias}.id and c.type = '${type}' and c.enabled and c.currency = ${code})`,
    ),
  );

/** Methods a client can use now: enabled, of an enabled connection. */
const methods = (direction: Direction) => ({
  path: `/my/${direction}s/methods` as const,
  idParam: 'methodId',
  noun: `${direction} method`,
  tag: 'My money',
  entity: PaymentMethod,
  id: 'id' as const,
  access: 'client' as const,
  where: () => ({
    direction,
    enabled: true,
    ...on(
      (alias) =>
        `exists (select 1 from payment_method m join connection c on c.id = m.connection_id where m.id = ${alias}.id and c.enabled)`,
    ),
  }),
  filters: {
    groupId: custom(idText(), (id) =>
      on(
        (alias) =>
          `exists (select 1 from payment_method_group g where g.method_id = ${alias}.id and g.group_id = ${id})`,
      ),
    ),
    tradersRoomCurrencyNumericCode: inCurrency('TR'),
    paymentSystemCurrencyNumericCode: inCurrency('PS'),
  },
  sorts: ['createTime', 'priority'] as const,
  present: async (rows: PaymentMethodRow[], { pool }: PresentContext) => {
    const views = await methodViews(
      pool,
      rows.map((row) => row.id),
    );
    return rows.flatMap((row) => views.get(row.id) ?? []);
  },
});

const groups = (direction: Direction) =>
  resource({
    path: `/my/${direction}s/groups`,
    idParam: 'groupId',
    noun: `${direction} group`,
    tag: 'My money',
    entity: PaymentGroup,
    id: 'id',
    access: 'client',
    operations: ['list'],
    where: () => ({ direction }),
    sorts: ['createTime', 'priority'],
    read: MyPaymentGroup,
    present: (rows: PaymentGroupRow[]) =>
      rows.map((row) => ({ ...row, description: row.description ?? null, icon: row.icon ?? null })),
  });

/** Currencies of the accounts that enabled methods can fund or pay from. */
const currencies = (direction: Direction) =>
  resource({
    path: `/my/${direction}s/currencies`,
    idParam: 'currencyId',
    noun: `${direction} currency`,
    tag: 'My money',
    entity: Currency,
    id: 'numericCode',
    access: 'client',
    operations: ['list'],
    where: () => ({
      enabled: true,
      ...on(
        (
          alias,
        ) => `exists (select 1 from payment_method_currency mc join payment_method m on m.id = mc.method_id join connection c on c.id = m.connection_id
          where mc.currency = ${alias}.numeric_code and mc.type = 'TR' and mc.enabled and m.enabled and c.enabled and m.direction = '${direction}')`,
      ),
    }),
    sorts: ['createTime', 'priority'],
    read: MyCurrency,
    present: (rows: CurrencyRow[]) => rows,
  });

/** /my/deposits/… and /my/withdrawals/… methods, groups and currencies. */
export const myMethods = [
  resource({ ...methods('deposit'), read: MyDepositMethod }),
  resource({ ...methods('withdrawal'), read: MyWithdrawalMethod }),
  groups('deposit'),
  groups('withdrawal'),
  currencies('deposit'),
  currencies('withdrawal'),
];
