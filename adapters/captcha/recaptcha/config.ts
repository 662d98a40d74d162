import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

/** Google's published pair for tests: it lets everybody through. */
const PUBLISHED_TEST_SECRET = '6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe';

/** One key pair of one site. */
export const configSchema = z.object({
  siteKey: z.string().min(1).max(200),
  secretKey: secret().refine(
    (key) => key !== PUBLISHED_TEST_SECRET,
    "is Google's test key, which lets everybody through",
  ),
  /** `v3` scores without asking; `v2` shows a box or pictures and knows no score and no action. */
  version: z.enum(['v3', 'v2']).default('v3'),
  /** v3: from 0.0 (a machine) to 1.0 (a person); below this it is a no. */
  threshold: z
    .string()
    .regex(/^(0(\.\d{1,2})?|1(\.0{1,2})?)$/, 'must be between 0 and 1, e.g. 0.5')
    .default('0.5'),
  /** Where the answer must have been given: the hosts of the client pages. */
  hostnames: z.array(z.hostname()).min(1),
  /** https://www.recaptcha.net where Google is not reached. */
  baseUrl: address().default('https://www.google.com'),
});

export type RecaptchaConfig = z.output<typeof configSchema>;
