/** What an operator can filter runs by in Temporal UI. Stored in clear: never a name, an e-mail or an address. */
export const SEARCH_ATTRIBUTES = {
  /** deposit, payout, transfer, open-account, … */
  HubKind: 'KEYWORD',
  /** The stage of the run, domain/stages.ts. */
  HubStatus: 'KEYWORD',
  /** Manifest id of the provider. */
  HubProvider: 'KEYWORD',
  /** Opaque: 'client-7'. */
  HubClient: 'KEYWORD',
  HubCurrency: 'KEYWORD',
  /** For searching only: a double, never used to calculate. */
  HubAmount: 'DOUBLE',
  /** True while a person must look. */
  HubNeedsHuman: 'BOOL',
  /** When the run will act by itself. */
  HubDeadline: 'DATETIME',
} as const;
