import { z } from 'zod';
import { definePaymentProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';

/** One bank account of the broker. Nothing here is secret: the client sees it. */
export const configSchema = z.object({
  /** Requisites and instruction, as the client shall read them: bank, account, what to write into the memo. */
  bankAccount: z.string().trim().min(1).max(4000),
});

export type ManualConfig = z.output<typeof configSchema>;

export default definePaymentProvider({
  id: 'manual',
  caption: 'Manual (bank transfer)',
  capabilities: ['deposit.instruction', 'payout', 'status.byReference'],
  idempotency: 'native',
  limits: { perSecond: 100, timeoutMs: 1000 },
  config: configSchema,
  adapter,
});
