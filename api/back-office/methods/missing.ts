import type { Provider } from '../../../adapters/kit/manifest.ts';
import type { PaymentMethodJson } from './shapes.ts';

type Method = Omit<PaymentMethodJson, 'missing'>;

export interface Bound {
  /** Undefined: no such adapter is installed. */
  provider: Provider | undefined;
  connection: { name: string; enabled: boolean; problem: string | null };
  direction: 'deposit' | 'withdrawal';
}

/** Which capabilities let a provider be asked in this way. */
const CAN: Record<Method['flow'], readonly string[]> = {
  manual: ['deposit.instruction', 'deposit.custom_fields'],
  invoice: ['deposit.hosted_invoice', 'deposit.redirect', 'deposit.form_post'],
  address: ['deposit.address'],
  send: ['payout'],
};

export const canBeAsked = (provider: Provider, flow: Method['flow']): boolean =>
  CAN[flow].some((word) => provider.capabilities.includes(word));

/** How a provider is asked when nobody says. */
export const usualFlow = (provider: Provider, direction: 'deposit' | 'withdrawal'): Method['flow'] | undefined =>
  (direction === 'withdrawal' ? (['send'] as const) : (['invoice', 'address', 'manual'] as const)).find((flow) =>
    canBeAsked(provider, flow),
  );

/** What has to be set before a method works, in plain words: the status icon's list. */
export const missingOf = (method: Method, { provider, connection, direction }: Bound): string[] => {
  const missing: string[] = [];
  const need = (here: unknown, words: string) => {
    if (!here) missing.push(words);
  };
  need(provider, `No adapter is called '${method.provider}'.`);
  need(connection.enabled, `The connection ${connection.name} is switched off.`);
  if (connection.problem) missing.push(`The connection ${connection.name}: ${connection.problem}`);
  if (provider) need(canBeAsked(provider, method.flow), `${provider.caption} cannot be asked by '${method.flow}'.`);
  need(
    method.tradersRoomCurrencies.some((one) => one.enabled),
    'No currency of accounts (TR) is enabled.',
  );
  const theirs = method.paymentSystemCurrencies.filter((one) => one.enabled);
  need(theirs.length > 0, 'No currency on the side of the payment system (PS) is enabled.');
  for (const { currency } of theirs.filter((one) => !one.isSupported))
    missing.push(`The provider does not know ${currency.alphabeticCode}.`);
  if (direction === 'deposit' && method.flow === 'manual')
    need(method.instruction || method.fields.length > 0, 'No instruction tells the client where to pay.');
  // Banks and chains pay to an account or an address; cashiers ask for it on their own page.
  const askedHere =
    provider?.confirmedBy === 'person' || provider?.capabilities.some((word) => word === 'deposit.address');
  if (direction === 'withdrawal' && askedHere)
    need(method.fields.length > 0, 'No attribute asks the client where to pay to.');
  need(method.groups.length > 0, 'It is in no group.');
  return missing;
};
