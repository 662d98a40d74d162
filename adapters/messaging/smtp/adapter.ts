import { isIP } from 'node:net';
import { callbackify } from 'node:util';
import { withoutSent } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import type { MessagingAdapter, OutgoingMessage } from '../../kit/messaging.ts';
import { portOf, type SmtpConfig } from './config.ts';
import { failureOf } from './failures.ts';

type Context = AdapterContext<SmtpConfig>;

export const adapter: MessagingAdapter<SmtpConfig> = {
  channels: ['email'],

  async send(ctx, message) {
    const { transport, wire } = await open(ctx);
    try {
      const { response } = await transport.sendMail(mailOf(ctx.config, message));
      // 250 is a promise to deliver or to send a report to the sender's mailbox: more is never heard of a mail.
      const providerStatus = ctx.scrub(withoutSent(response, message.to));
      return { providerId: messageId(ctx.config, message), state: 'accepted', providerStatus };
    } catch (error) {
      throw failureOf(ctx, error, wire.handedOver, message);
    }
  },

  /** Connects, encrypts and signs in; sends nothing, and does not learn whether the sender is allowed. */
  async testConnection(ctx) {
    try {
      await (await open(ctx)).transport.verify();
    } catch (error) {
      throw failureOf(ctx, error, false);
    }
  },
};

/** A connection for one mail: a pool would send a mail again when its socket breaks. */
const open = async (ctx: Context) => {
  // Not for every process that knows of it: only for those who send.
  const { createTransport } = await import('nodemailer');
  const { host, security, user, password, ca } = ctx.config;
  const wire = { handedOver: false };
  const transport = createTransport({
    host,
    port: portOf(ctx.config),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }), ...(isIP(host) === 0 && { servername: host }) },
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password }, forceAuth: true }),
    disableFileAccess: true,
    disableUrlAccess: true,
    // Our socket: its deadline and cancellation cut the talk wherever it is, and no address is reached that may not be.
    getSocket: callbackify(async (_options: unknown) => ({
      connection: await ctx.connect({ host, port: portOf(ctx.config) }),
    })),
    // The only place where nodemailer tells that the final dot is out.
    logger: { info: (entry: { tnx?: string }) => (wire.handedOver ||= entry.tnx === 'message') },
  });
  return { transport, wire };
};

const mailOf = (config: SmtpConfig, message: OutgoingMessage) => ({
  from: { name: config.fromName ?? '', address: config.from },
  // An object is one address, whatever commas and brackets stand in it.
  to: { name: '', address: message.to },
  ...(config.replyTo !== undefined && { replyTo: config.replyTo }),
  messageId: messageId(config, message),
  subject: message.subject ?? '',
  text: message.text,
  ...(message.html !== undefined && { html: message.html }),
  // Nobody shall answer with a holiday note (RFC 3834).
  headers: { 'Auto-Submitted': 'auto-generated' },
});

/** The same for the same message for ever: many receivers drop a second mail with the id of a first. */
const messageId = ({ from }: SmtpConfig, { reference }: OutgoingMessage): string =>
  `<${reference}@${from.slice(from.lastIndexOf('@') + 1)}>`;
