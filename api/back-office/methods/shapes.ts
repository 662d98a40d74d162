import { z } from 'zod';
import { exactNumber, Limit } from '../../presenters/method.ts';
import { CurrencyRef } from '../../presenters/currency.ts';
import { time, Translation } from '../../kit/shapes.ts';

export type Direction = 'deposit' | 'withdrawal';

export const permissionOf = (direction: Direction) => `${direction}Methods`;

const times = { createTime: time(), updateTime: time().nullable() };

/** objects-back-office 5.1 */
export const PaymentGroupView = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    description: z.string().nullable(),
    icon: z.string().nullable(),
    priority: z.int(),
    resources: z.array(Translation),
    ...times,
  })
  .meta({ id: 'PaymentGroup' });

/** objects-back-office 5.3 */
export const MethodCurrencyView = z
  .object({
    id: z.int(),
    type: z.enum(['TR', 'PS']).meta({ description: "TR: of the client's account. PS: on the payment system's side." }),
    currency: CurrencyRef,
    min: Limit,
    max: Limit.meta({ description: 'value "0" = no limit' }),
    icon: z.string().nullable(),
    caption: z.string().nullable(),
    keyCaption: z.string().nullable(),
    enabled: z.boolean(),
    isSupported: z.boolean().meta({ description: 'False: the provider does not know this currency.' }),
    ...times,
  })
  .meta({ id: 'MethodCurrency' });

export const MethodCommissionView = z
  .object({
    id: z.int(),
    type: z.enum(['TR', 'PSP']).meta({ description: 'TR: taken inside the amount. PSP: for reports only.' }),
    numericCode: z.int(),
    percent: exactNumber(),
    fix: exactNumber(),
    min: exactNumber(),
    max: exactNumber().meta({ description: '0 = no cap', override: { type: 'number' } }),
    ...times,
  })
  .meta({ id: 'MethodCommission' });

export const Flow = z.enum(['manual', 'invoice', 'address', 'send']);

/** objects-back-office 5.2; `connectionId` is never null here, `flow`, `instruction` and `missing` are ours. */
export const PaymentMethodView = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    description: z.string().nullable(),
    icon: z.string().nullable(),
    provider: z.string(),
    connectionId: z.int(),
    flow: Flow.meta({
      description: 'How the provider is asked: by people, a page for one amount, an address, a payout.',
    }),
    libraryTimeToFund: z.string().nullable(),
    pretend: z.boolean(),
    hideAmount: z.boolean(),
    hideProceed: z.boolean(),
    instruction: z.string().nullable().meta({ description: 'HTML for the client who pays by hand.' }),
    resultUrl: z.string().nullable().meta({ description: 'What the provider has to be told, when it calls back.' }),
    tradersRoomCurrencies: z.array(MethodCurrencyView),
    paymentSystemCurrencies: z.array(MethodCurrencyView),
    vendorCommissions: z.array(MethodCommissionView),
    providerCommissions: z.array(MethodCommissionView),
    groups: z.array(z.object({ id: z.int(), name: z.string(), caption: z.string() })),
    fields: z.array(z.record(z.string(), z.unknown())),
    enabled: z.boolean(),
    priority: z.int().meta({ description: 'Lower comes first.' }),
    missing: z.array(z.string()).meta({ description: 'What has to be set before it works; empty: nothing.' }),
    resources: z.array(Translation),
    ...times,
  })
  .meta({ id: 'PaymentMethod' });
export type PaymentMethodJson = z.input<typeof PaymentMethodView>;
