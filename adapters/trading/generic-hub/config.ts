import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

const path = (name: string, what: string) =>
  z
    .string()
    .regex(/^[\w-]+$/)
    .default(name)
    .describe(`Name of ${what} in the path`);

export const GenericHubConfig = z.object({
  url: address().describe('Where the hub, or the service in front of it, speaks the contract of this adapter'),
  authHeader: z
    .string()
    .regex(/^[A-Za-z][\w-]*$/)
    .default('Authorization')
    .describe('Header that signs us in'),
  authValue: secret().describe("The header's whole value, e.g. 'Bearer …'"),
  accountsPath: path('margin-accounts', 'margin accounts'),
  adjustmentsPath: path('adjustments', "an account's adjustments"),
  positionsPath: path('positions', "an account's net positions"),
  tradesPath: path('trades', "an account's closed trades"),
});
export type GenericHubConfig = z.output<typeof GenericHubConfig>;
