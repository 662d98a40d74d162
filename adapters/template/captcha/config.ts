import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

/** What an operator enters once for each site. The descriptions are shown in the settings form. */
export const configSchema = z.object({
  baseUrl: address().default('https://api.acme.example').describe('Where the API is reached'),
  siteKey: z.string().min(1).describe('Public key, for the browser'),
  apiKey: secret().describe('Secret key of the API'),
});

export type AcmeConfig = z.output<typeof configSchema>;
