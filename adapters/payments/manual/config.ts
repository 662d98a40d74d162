import { z } from 'zod';

/** One bank account of the broker. Nothing here is secret: the client sees it. */
export const configSchema = z.object({
  /** Requisites and instruction, as the client shall read them: bank, account, what to write into the memo. */
  bankAccount: z.string().trim().min(1).max(4000),
});

export type ManualConfig = z.output<typeof configSchema>;
