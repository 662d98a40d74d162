import { z } from 'zod';
import type { KycAdapter } from '../../kit/kyc.ts';

/** Nothing to set: what is asked for belongs to the verification level, where files are kept to the hub. */
export const DocumentsConfig = z.strictObject({});
export type DocumentsConfig = z.output<typeof DocumentsConfig>;

/**
 * A check by the broker's own people: the client uploads documents in our form, a person decides in a request of the hub. There is no wire, so
 * nothing can be lost, and nobody outside knows more than that it is not decided.
 */
export const documents: KycAdapter<DocumentsConfig> = {
  wizard: 'DocumentsWizard',

  begin: async (_ctx, { reference }) => ({ providerId: reference, action: { kind: 'documents' } }),

  /** Never a verdict: that comes from the request. */
  find: async (_ctx, { reference, providerId }) => ({
    providerId: providerId ?? reference,
    state: 'checking',
    providerStatus: 'waits for a decision here',
    reasons: [],
    documents: [],
    attempt: 0,
  }),

  testConnection: async () => undefined,
};
