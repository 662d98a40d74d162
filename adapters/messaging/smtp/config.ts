import { z } from 'zod';
import { secret } from '../../kit/config.ts';

/** One mail server and one sender. */
export const configSchema = z
  .object({
    host: z.hostname().or(z.ipv4()).or(z.ipv6()),
    /** Default: 465 for `tls`, 587 for `starttls`, 25 for `none`. */
    port: z.int().min(1).max(65_535).optional(),
    /** `tls` from the first byte; `starttls` or nothing is sent; `none` for servers on the same machine or network only. */
    security: z.enum(['tls', 'starttls', 'none']).default('starttls'),
    user: z.string().min(1).max(320).optional(),
    password: secret().optional(),
    /** Sender of every mail, and whose domain stands in the Message-ID. */
    from: z.email(),
    fromName: z.string().trim().min(1).max(120).optional(),
    replyTo: z.email().optional(),
    /** PEM of the authority that signed the server's certificate, when it is the broker's own. Certificates are always checked. */
    ca: z.string().startsWith('-----BEGIN CERTIFICATE-----').max(20_000).optional(),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'user and password come together',
  });

export type SmtpConfig = z.output<typeof configSchema>;

export const portOf = ({ port, security }: Pick<SmtpConfig, 'port' | 'security'>): number =>
  port ?? { tls: 465, starttls: 587, none: 25 }[security];
