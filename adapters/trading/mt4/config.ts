import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

export const Mt4Config = z.object({
  url: address().default('https://cloud.mywebapi.com').describe('WebAPI; staging is https://pre.mywebapi.com'),
  authority: address()
    .default('https://auth.cplugin.net')
    .describe('Where tokens come from; staging is https://pre.auth.cplugin.net'),
  clientId: z.string().min(1).describe('API key: client id'),
  clientSecret: secret().describe('API key: client secret'),
  scope: z.string().optional().describe('Only when the API key was issued with one'),
  tradePlatform: z.guid().describe('GUID of the trade platform (GET /api/TradePlatforms)'),
  balanceTransaction: z
    .string()
    .regex(/^\w{1,40}$/)
    .default('BrBalance')
    .describe('Their name for a balance operation'),
});
export type Mt4Config = z.output<typeof Mt4Config>;
