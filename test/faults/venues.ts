import { providers } from '../../adapters/installed.ts';
import type { PaymentProvider, Provider } from '../../adapters/kit/manifest.ts';
import type { StoryKind } from './scenario.ts';

/**
 * Where money is moved in a campaign: a connection of a provider, with methods or a product of its own. Every provider of the registry that moves money
 * takes part by itself; one whose settings change its protocol has a line in `MORE`.
 */
export interface Venue {
  /** Of its connection: 'b2binpay-v2'. */
  name: string;
  /** Its sandbox has the same name; one that people do by hand has none. */
  provider: string;
  /** Besides the sandbox's `defaultConfig`. */
  settings: Record<string, unknown>;
  does: readonly StoryKind[];
}

/** What a provider speaks besides its usual protocol. */
const MORE = new Map<string, readonly Pick<Venue, 'name' | 'settings'>[]>([
  [
    'b2binpay',
    [
      { name: 'b2binpay-v2', settings: { version: 'v2', login: 'sandbox-login', password: 'sandbox-password' } },
      { name: 'coinsbuy', settings: { profile: 'coinsbuy' } },
    ],
  ],
]);

const paymentKinds = ({ adapter, confirmedBy, sandbox }: PaymentProvider): StoryKind[] => {
  if (confirmedBy === 'person') return ['hand-payout', 'hand-deposit'];
  if (!sandbox) return [];
  const powers = { payout: adapter.createPayout, deposit: adapter.createDeposit, refund: adapter.createRefund };
  return (['payout', 'deposit', 'refund'] as const).filter((kind) => powers[kind] !== undefined);
};

const kindsOf = (provider: Provider): StoryKind[] => {
  if (provider.category === 'payments') return paymentKinds(provider);
  if (provider.category === 'trading' && provider.sandbox)
    return ['to-platform', 'from-platform', 'open-account', 'change-account'];
  return [];
};

export const VENUES: readonly Venue[] = providers.flatMap((provider) => {
  const does = kindsOf(provider);
  if (does.length === 0) return [];
  const all = [{ name: provider.id, settings: {} }, ...(MORE.get(provider.id) ?? [])];
  return all.map((one) => ({ ...one, provider: provider.id, does }));
});

/** Those that do this kind of thing; empty where the hub is among itself. */
export const venuesFor = (kind: StoryKind): readonly Venue[] => VENUES.filter(({ does }) => does.includes(kind));

/** The providers whose sandboxes keep books of our money. */
export const BOOKKEEPERS: readonly string[] = [
  ...new Set(VENUES.flatMap(({ provider, does }) => (does.includes('hand-payout') ? [] : [provider]))),
];

export const providerAt = (name: string): Provider => {
  const venue = VENUES.find((one) => one.name === name)!;
  return providers.find(({ id }) => id === venue.provider)!;
};
