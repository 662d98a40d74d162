import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

export const MatchTraderConfig = z.object({
  url: address().describe('Base URL of the Broker API v2, issued with the token'),
  token: secret().describe('API token of the broker'),
  tokenPrefix: z
    .string()
    .default('Bearer')
    .describe('Stands before the token; empty for tokens that are sent as they are'),
  accountType: z.enum(['REAL', 'DEMO']).default('REAL'),
  userDomain: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/)
    .describe("Domain of the technical e-mail addresses of users, one of the broker's own"),
});
export type MatchTraderConfig = z.output<typeof MatchTraderConfig>;
