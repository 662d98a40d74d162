import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

/** What an operator enters once for each account at Acme. The descriptions are shown in the settings form. */
export const configSchema = z.object({
  baseUrl: address().default('https://api.acme.example').describe('Where the API is reached'),
  apiKey: secret().describe('Secret key of the API'),
  callbackSecret: secret().describe('Callbacks are signed with it'),
});

export type AcmeConfig = z.output<typeof configSchema>;
