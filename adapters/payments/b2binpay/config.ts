import { z } from 'zod';
import { isAmount } from '../../../domain/money.ts';
import { DEFAULT_CURRENCIES } from './currencies.ts';

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
