/** B2BINPAY's currencies as published: id (= iso), their alpha, decimals, chain coin of a token, confirmations until final. */
export interface VendorCurrency {
  id: string;
  alpha: string;
  exp: number;
  /** Id of the coin that pays the network fee, when this is a token. */
  parent?: string;
  /** Not published as a table: typical values, used by the sandbox only. */
  blocks: number;
}

export const VENDOR_CURRENCIES: readonly VendorCurrency[] = [
  { id: '1000', alpha: 'BTC', exp: 8, blocks: 3 },
  { id: '1002', alpha: 'ETH', exp: 18, blocks: 12 },
  { id: '1003', alpha: 'LTC', exp: 8, blocks: 6 },
  { id: '1005', alpha: 'DASH', exp: 8, blocks: 6 },
  { id: '1006', alpha: 'BCH', exp: 8, blocks: 6 },
  { id: '1007', alpha: 'XMR', exp: 12, blocks: 10 },
  { id: '1010', alpha: 'XRP', exp: 6, blocks: 1 },
  { id: '1019', alpha: 'DOGE', exp: 8, blocks: 10 },
  { id: '1020', alpha: 'ZEC', exp: 8, blocks: 10 },
  { id: '1021', alpha: 'XLM', exp: 7, blocks: 1 },
  { id: '1026', alpha: 'TRX', exp: 6, blocks: 20 },
  { id: '1125', alpha: 'BNB-BSC', exp: 18, blocks: 15 },
  { id: '2005', alpha: 'USDT-OMNI', exp: 8, parent: '1000', blocks: 3 },
  { id: '2014', alpha: 'USDC-ETH', exp: 6, parent: '1002', blocks: 12 },
  { id: '2015', alpha: 'USDT-ETH', exp: 6, parent: '1002', blocks: 12 },
  { id: '2065', alpha: 'USDT-BSC', exp: 18, parent: '1125', blocks: 15 },
  { id: '2142', alpha: 'USDC-TRX', exp: 6, parent: '1026', blocks: 20 },
  { id: '2145', alpha: 'USDT-TRX', exp: 6, parent: '1026', blocks: 20 },
  // Fiat wallets are said to use ISO 4217 numbers (unverified).
  { id: '840', alpha: 'USD', exp: 2, blocks: 0 },
  { id: '978', alpha: 'EUR', exp: 2, blocks: 0 },
];

export interface CurrencyTarget {
  /** Their id. */
  id: string;
  /** The hub's numeric code; B2Core numbers currencies as B2BINPAY does. */
  numericCode: number;
}

const target = (id: string): CurrencyTarget => ({ id, numericCode: Number(id) });

/** Every vendor alpha, and the short names people use: where a coin lives on several chains, the cheapest to send (TRON). */
export const DEFAULT_CURRENCIES: Readonly<Record<string, CurrencyTarget>> = {
  ...Object.fromEntries(VENDOR_CURRENCIES.map(({ id, alpha }) => [alpha, target(id)])),
  USDT: target('2145'),
  USDC: target('2142'),
  BNB: target('1125'),
};

/** False for tokens, and for what this table does not know. */
export const paysItsOwnNetwork = (id: string): boolean =>
  VENDOR_CURRENCIES.some((c) => c.id === id && c.parent === undefined);
