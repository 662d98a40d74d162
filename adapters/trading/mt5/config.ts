import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

export const Mt5Config = z.object({
  url: address().describe('Public point of an access server, e.g. https://mt5.example.com:443'),
  managerLogin: z
    .string()
    .regex(/^\d{1,20}$/)
    .describe('Manager account with the Manager connection type and the accountant right'),
  managerPassword: secret().describe('API password of that account'),
  agent: z
    .string()
    .regex(/^\S{1,32}$/)
    .default('Brokerhub')
    .describe('Name shown in the server journal, without spaces'),
  version: z.int().min(484).default(484).describe('Client version told at sign-in'),
});
export type Mt5Config = z.output<typeof Mt5Config>;
