import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

const sid = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}[0-9a-f]{32}$`), `must be ${prefix} and 32 hexadecimal digits`);

/** One Twilio account (or subaccount) and one sender. */
export const configSchema = z
  .object({
    accountSid: sid('AC'),
    /** Signs Twilio's callbacks, so it is needed with an API key too. */
    authToken: secret(),
    /** Signs in instead of the Auth Token: can be taken back without breaking anything else. */
    apiKeySid: sid('SK').optional(),
    apiKeySecret: secret().optional(),
    /** E.164, a short code, or an alphanumeric sender. */
    from: z
      .string()
      .regex(/^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/, 'must be +15550006, 12345 or a name')
      .optional(),
    messagingServiceSid: sid('MG').optional(),
    baseUrl: address().default('https://api.twilio.com'),
  })
  .refine(({ from, messagingServiceSid }) => (from === undefined) !== (messagingServiceSid === undefined), {
    path: ['from'],
    message: 'either from or messagingServiceSid',
  })
  .refine(({ apiKeySid, apiKeySecret }) => (apiKeySid === undefined) === (apiKeySecret === undefined), {
    path: ['apiKeySecret'],
    message: 'apiKeySid and apiKeySecret come together',
  });

export type TwilioConfig = z.output<typeof configSchema>;
