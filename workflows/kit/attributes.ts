import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';

export const attributes = {
  kind: defineSearchAttributeKey('HubKind', SEARCH_ATTRIBUTES.HubKind),
  status: defineSearchAttributeKey('HubStatus', SEARCH_ATTRIBUTES.HubStatus),
  provider: defineSearchAttributeKey('HubProvider', SEARCH_ATTRIBUTES.HubProvider),
  client: defineSearchAttributeKey('HubClient', SEARCH_ATTRIBUTES.HubClient),
  currency: defineSearchAttributeKey('HubCurrency', SEARCH_ATTRIBUTES.HubCurrency),
  amount: defineSearchAttributeKey('HubAmount', SEARCH_ATTRIBUTES.HubAmount),
  needsHuman: defineSearchAttributeKey('HubNeedsHuman', SEARCH_ATTRIBUTES.HubNeedsHuman),
  deadline: defineSearchAttributeKey('HubDeadline', SEARCH_ATTRIBUTES.HubDeadline),
};

export interface Facts {
  kind: string;
  client: number;
  provider: string | null;
  currency: string;
  amount: string;
}

/** What a run about money begins with: given at its start it costs nothing, told later it is an event and work for the server. */
export const attributesOf = ({ kind, client, provider, currency, amount }: Facts): SearchAttributePair[] => [
  { key: attributes.kind, value: kind },
  { key: attributes.status, value: 'created' },
  { key: attributes.client, value: `client-${client}` },
  ...(provider ? [{ key: attributes.provider, value: provider }] : []),
  { key: attributes.currency, value: currency },
  { key: attributes.amount, value: asDouble(amount) },
];

/** A search attribute has no decimal type; this double is for filtering and nothing is ever calculated with it. */
export const asDouble = (amount: string): number => +amount;
