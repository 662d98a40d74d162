import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

/** One application (website) of one merchant account. */
export const configSchema = z.object({
  environment: z.enum(['live', 'sandbox']).default('sandbox'),
  /** Replaces the environment's host: clones speak the same protocol. */
  baseUrl: address().optional(),
  merchantId: z.string().min(1).max(50),
  applicationKey: z.string().min(1).max(32),
  merchantSecret: secret(),
  /** Pays withdrawals for which the client's request names no gateway. */
  payoutGateway: z.string().min(1).max(32).optional(),
  /** Our numeric codes of currencies, on top of ISO 4217 and instead of it: `{"USDT": 2145}`. */
  currencies: z.record(z.string().regex(/^[A-Z0-9]{3,10}$/), z.int().positive()).default({}),
});

export type PraxisConfig = z.output<typeof configSchema>;
