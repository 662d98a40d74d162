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
  'clients.requestForClientType': setting(
    'Clients',
    'A request is required to change the client type',
    z.boolean(),
    true,
  ),
  'clients.requestForProfile': setting(
    'Clients',
    'A request is required to change names or birthday',
    z.boolean(),
    true,
  ),
  'clients.requestForEmail': setting('Clients', 'A request is required to change the e-mail', z.boolean(), false),
  'clients.requestForPhone': setting('Clients', 'A request is required to change the phone', z.boolean(), false),
  'clients.requestForAddress': setting('Clients', 'A request is required to change an address', z.boolean(), true),
  'clients.changeApprovals': setting('Clients', 'How many people must allow a change', z.int().min(1).max(2), 1),
  'clients.confirmAddress': setting('Clients', 'A new address is confirmed with a code', z.boolean(), false),
  'clients.deleteData': setting('Clients', 'Clients may delete their profile', z.boolean(), true),
  'clients.requestForDeletion': setting('Clients', 'A request is required to delete a profile', z.boolean(), true),
  'profile.showId': setting('Information showing', 'Profile ids are shown', z.boolean(), true),
  'profile.changePhoto': setting('Information showing', 'Clients may change their picture', z.boolean(), true),
  'profile.changeNickname': setting('Information showing', 'Clients may change their nickname', z.boolean(), true),
};

export type BrokerSettingName = keyof typeof BROKER_SETTINGS;
export type BrokerSettingValue<N extends BrokerSettingName> = (typeof BROKER_SETTINGS)[N]['default'];
