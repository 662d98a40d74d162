import { z } from 'zod';
import { isAmount } from '../../../domain/money.ts';

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

const secret = () => z.string().min(1).max(512).optional().meta({ secret: true });
const currencyId = z.string().regex(/^\d{1,6}$/, 'must be a B2BINPAY currency id, e.g. 2145');

/** `'2145'`, or with the hub's numeric code when that differs from B2BINPAY's id. */
const currencyTarget = z.union([
  currencyId.transform((id) => ({ id, numericCode: Number(id) })),
  z.object({ id: currencyId, numericCode: z.int().positive() }),
]);

/** What an operator fills in for one connection: one wallet of one B2BINPAY (or white label) account. */
export const configSchema = z
  .object({
    profile: z.enum(['b2binpay', 'coinsbuy']).default('b2binpay'),
    version: z.enum(['v3', 'v2']).default('v3'),
    environment: z.enum(['live', 'sandbox']).default('live'),
    /** Replaces the host of profile, version and environment. */
    baseUrl: z.url({ protocol: /^https?$/ }).optional(),

    clientId: z.string().min(1).max(512).optional(),
    clientSecret: secret(),
    callbackSecret: secret(),
    login: z.string().min(1).max(512).optional(),
    password: secret(),
    /** Which key signs callbacks. Default: `secret` in v3, `sha256(login+password)` in v2. Only this one is tried. */
    callbackKeyMode: z.enum(['secret', 'sha256(login+password)']).optional(),

    walletId: z.string().regex(/^\d{1,18}$/, 'must be a wallet id of digits'),
    walletType: z.enum(['merchant', 'enterprise']),
    walletCurrency: currencyId,

    /** Asks for one extra, earlier callback at this many confirmations. */
    confirmationsNeeded: z.int().min(0).max(10_000).optional(),
    timeLimitSeconds: z.int().min(60).max(604_800).default(900),
    /** Their reference says milliseconds, live integrations send seconds. */
    timeLimitUnit: z.enum(['s', 'ms']).default('s'),
    /** How much an invoice may be over- or underpaid and still count as paid, in the wallet's currency. */
    inaccuracy: z
      .string()
      .refine((v) => isAmount(v) && !v.startsWith('-'), 'must be a decimal amount')
      .default('0'),
    paymentPageButtonText: z.string().min(1).max(32).default('Back'),
    /** The number of "Canceled" is not published: 3 by analogy. */
    payoutCanceledStatus: z.string().regex(/^\d+$/).default('3'),
    /** Our alphabetic codes to their currency ids, on top of the built-in table. */
    currencies: z
      .record(z.string().max(32), currencyTarget)
      .default({})
      .transform((own) => ({ ...DEFAULT_CURRENCIES, ...own })),
  })
  .superRefine((config, issues) => {
    const need = (field: 'clientId' | 'clientSecret' | 'callbackSecret' | 'login' | 'password', why: string) => {
      if (!config[field]) issues.addIssue({ code: 'custom', path: [field], message: `is needed ${why}` });
    };
    if (config.version === 'v3') {
      need('clientId', 'in version v3');
      need('clientSecret', 'in version v3');
    } else {
      need('login', 'in version v2');
      need('password', 'in version v2');
    }
    if (keyMode(config) === 'secret') {
      need('callbackSecret', 'to verify callbacks');
    } else {
      need('login', 'to verify callbacks');
      need('password', 'to verify callbacks');
    }
  });

export type B2binpayConfig = z.output<typeof configSchema>;

export const keyMode = (config: Pick<B2binpayConfig, 'callbackKeyMode' | 'version'>) =>
  config.callbackKeyMode ?? (config.version === 'v3' ? 'secret' : 'sha256(login+password)');

/** v3 hosts of B2BINPAY's live side and the v2 hosts of Coinsbuy are by analogy: `baseUrl` wins where they are wrong. */
const HOSTS = {
  b2binpay: {
    v3: { live: 'https://v3.api.b2binpay.com', sandbox: 'https://v3.api-sandbox.b2binpay.com' },
    v2: { live: 'https://api.b2binpay.com', sandbox: 'https://api-sandbox.b2binpay.com' },
  },
  coinsbuy: {
    v3: { live: 'https://v3.api.coinsbuy.com', sandbox: 'https://v3.api-sandbox.coinsbuy.com' },
    v2: { live: 'https://api.coinsbuy.com', sandbox: 'https://api-sandbox.coinsbuy.com' },
  },
} as const;

/** Without a slash at the end. */
export const baseUrlOf = (config: B2binpayConfig): string =>
  (config.baseUrl ?? HOSTS[config.profile][config.version][config.environment]).replace(/\/+$/, '');
