import { z } from 'zod';

/** What proves that money moved outside the hub. */
export const Evidence = z.object({ bankReference: z.string(), valueDate: z.iso.date() }).meta({ id: 'BankEvidence' });

/** A statement line may name people. */
export const maskEvidence = <E extends z.infer<typeof Evidence>>(evidence: E): E => ({
  ...evidence,
  bankReference: '*',
});
