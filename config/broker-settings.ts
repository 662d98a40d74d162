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

const confirmation = (caption: string, least: number, most: number, value: number) =>
  setting('User Confirmation', caption, z.int().min(least).max(most), value);

/** What a broker decides for all his clients and changes while the hub runs; each with what holds until he does. Never a secret: those belong to connections. */
export const BROKER_SETTINGS = {
  'mobile.applications': setting(
    'Mobile',
    'Apps a client is shown',
    z.array(z.strictObject({ type: z.enum(['iOS', 'Android']), url: z.url({ protocol: /^https$/ }).max(500) })).max(10),
    [],
  ),
  'clients.authenticatorName': setting(
    'Clients',
    'What authenticator apps call this broker',
    z
      .string()
      .trim()
      .min(1)
      .max(60)
      .regex(/^[^:]*$/, 'must not have a colon'),
    'Brokerhub',
  ),
  'clients.uniquePhone': setting('Clients', 'A phone number belongs to one client only', z.boolean(), false),
  'userConfirmation.tries': confirmation('Failed sign-ins from one address before a block', 1, 100, 5),
  'userConfirmation.triesFromAnywhere': confirmation(
    'Failed sign-ins from all addresses before a block',
    5,
    10_000,
    50,
  ),
  'userConfirmation.triesOfAddress': confirmation('Failed sign-ins of one address with any account', 5, 100_000, 300),
  'userConfirmation.codeTries': confirmation('Wrong codes of one person in a day before a block', 3, 100, 20),
  'userConfirmation.codesAnHour': confirmation('Codes sent to one recipient in an hour', 1, 100, 5),
  'userConfirmation.codesOfAddress': confirmation(
    'Codes an hour to those of one address who have not signed in there before',
    5,
    10_000,
    30,
  ),
  'userConfirmation.failedInterval': confirmation('Minutes after which failed sign-ins are forgotten', 1, 1_440, 10),
  'userConfirmation.blockTime': confirmation(
    'Minutes of the first block; each further one is twice as long',
    1,
    1_440,
    10,
  ),
  'userConfirmation.longestBlockTime': confirmation('Minutes of the longest block', 1, 10_080, 1_440),
  'mobile.qrSignIn': setting('Mobile', 'Clients sign in by the QR code that their phone reads', z.boolean(), true),
  'mobile.qrCodeLifetime': setting('Mobile', 'Minutes for which a QR code signs in', z.int().min(1).max(60), 2),
  'backOffice.twoFactorRequired': setting('Back Office', 'Every user needs a second factor', z.boolean(), false),
  'backOffice.confirmRisky': setting(
    'Back Office',
    'What moves money by hand, secrets, rights and what guards them wants a fresh code of the second factor',
    z.boolean(),
    false,
  ),
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
  'withdrawals.confirmation': setting(
    'Withdrawals',
    'A client confirms each payout with a code; payouts without the wizard are refused',
    z.boolean(),
    false,
  ),
  'withdrawals.newAddressHours': setting(
    'Withdrawals',
    'Hours until a newly listed address may be used, and until address management that was switched off is off',
    z.int().min(0).max(720),
    0,
  ),
  'withdrawals.afterChangeHours': setting(
    'Withdrawals',
    'Hours for which a client orders no payout after his password, e-mail, phone or a second factor has changed; 0: at once',
    z.int().min(0).max(720),
    24,
  ),
};

export type BrokerSettingName = keyof typeof BROKER_SETTINGS;
export type BrokerSettingValue<N extends BrokerSettingName> = (typeof BROKER_SETTINGS)[N]['default'];
