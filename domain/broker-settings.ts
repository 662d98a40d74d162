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

/** What a broker decides for all his clients and changes while the hub runs; each with what holds until he does. Never a secret: those belong to connections. */
export const BROKER_SETTINGS = {
  'clients.uniquePhone': setting('Clients', 'A phone number belongs to one client only', z.boolean(), false),
  'mobile.qrCodeLifetime': setting('Mobile', 'Minutes for which a QR code signs in', z.int().min(1).max(60), 2),
  'mobile.applications': setting(
    'Mobile',
    'Apps a client is shown',
    z.array(z.strictObject({ type: z.enum(['iOS', 'Android']), url: z.url({ protocol: /^https$/ }).max(500) })).max(10),
    [],
  ),
};

export type BrokerSettingName = keyof typeof BROKER_SETTINGS;
export type BrokerSettingValue<N extends BrokerSettingName> = (typeof BROKER_SETTINGS)[N]['default'];
