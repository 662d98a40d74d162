import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

/** SendGrid shows its key as base64 of a DER SPKI P-256 key, without PEM armour. */
export const publicKeyFrom = (base64: string) =>
  createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });

const isPublicKey = (base64: string): boolean => {
  try {
    return publicKeyFrom(base64).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
};

/** One SendGrid account (or subuser) and one sender. */
export const configSchema = z.object({
  apiKey: secret(),
  from: z.email(),
  fromName: z.string().trim().min(1).max(120).optional(),
  replyTo: z.email().optional(),
  /** The Verification Key of the signed event webhook; without it no event is believed. */
  webhookPublicKey: z
    .string()
    .trim()
    .refine(isPublicKey, 'must be the Verification Key that SendGrid shows')
    .optional(),
  /** Accounts in the EU: https://api.eu.sendgrid.com */
  baseUrl: address().default('https://api.sendgrid.com'),
});

export type SendgridConfig = z.output<typeof configSchema>;
