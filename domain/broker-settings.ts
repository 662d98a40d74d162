import { z } from 'zod';

interface BrokerSetting<T> {
  /** Where an operator finds it. */
  section: string;
  caption: string;
  schema: z.ZodType<T>;
  default: T;
}

const setting = <T>(section: string, caption: string, schema: z.ZodType<T>, value: NoInfer<T>): BrokerSetting<T> => ({
  section,
  caption,
  schema,
  default: value,
});

/** What a broker decides for all his clients and changes while the hub runs; each with what holds until he does. */
export const BROKER_SETTINGS = {
  'clients.uniquePhone': setting('Clients', 'A phone number belongs to one client only', z.boolean(), false),
  'withdrawals.confirmation': setting(
    'Withdrawals',
    'A client confirms each payout with a code; payouts without the wizard are refused',
    z.boolean(),
    false,
  ),
  'withdrawals.newAddressHours': setting(
    'Withdrawals',
    'Hours until a newly listed address may be used',
    z.int().min(0).max(720),
    0,
  ),
};

export type BrokerSettingName = keyof typeof BROKER_SETTINGS;
export type BrokerSettingValue<N extends BrokerSettingName> = (typeof BROKER_SETTINGS)[N]['default'];
