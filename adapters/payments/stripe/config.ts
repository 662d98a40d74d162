import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

/** Where a payout may go. Each way is switched on by itself: the destination is what a client typed. */
export const PAYOUT_WAYS = ['connected_account', 'own_bank', 'card_refund'] as const;

const signingSecret = () =>
  secret()
    .regex(/^whsec_\w+$/, 'must be a signing secret: whsec_…')
    .meta({ secret: true });

/** One Stripe account. */
export const configSchema = z.object({
  /** Of the server's side, whole or restricted; its prefix tells test from live. */
  secretKey: secret()
    .regex(/^[sr]k_(test|live)_\w+$/, 'must be a secret key: sk_… or rk_…')
    .meta({ secret: true }),
  /** Of the webhook endpoint that leads to this connection. */
  webhookSecret: signingSecret(),
  /** The one before, while Stripe signs with both (up to 24 hours after it was rolled). */
  oldWebhookSecret: signingSecret().optional(),
  /** Where the payer goes from the hosted page when the order names no place. Stripe insists on one. */
  returnUrl: z.url({ protocol: /^https?$/ }),
  payoutTo: z.array(z.enum(PAYOUT_WAYS)).default(['connected_account']),
  baseUrl: address().default('https://api.stripe.com'),
});

export type StripeConfig = z.output<typeof configSchema>;
