import type { MessageInstance } from 'twilio/lib/rest/api/v2010/account/message.js';
import { isHubFailure } from '../../../domain/failures.ts';
import { garbage, lookFailure } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import type { MessageReport, MessagingAdapter } from '../../kit/messaging.ts';
import { clientOf } from './client.ts';
import type { TwilioConfig } from './config.ts';
import { reportOf } from './map.ts';
import { webhook } from './webhook.ts';

const CLOCKS_APART_MS = 120_000;
const DAY_MS = 86_400_000;
const PAGE = 200;

export const adapter: MessagingAdapter<TwilioConfig> = {
  channels: ['sms'],
  webhook,

  async send(ctx, message) {
    const { from, messagingServiceSid } = ctx.config;
    const client = await clientOf(ctx);
    const sent = await client.messages.create({
      to: message.to,
      body: message.text,
      ...(from !== undefined && { from }),
      ...(messagingServiceSid !== undefined && { messagingServiceSid }),
      statusCallback: ctx.callbackUrl,
    });
    if (!sent.sid) throw garbage({ provider: 'Twilio', what: 'POST /Messages.json', effect: 'write' });
    return report(ctx, sent);
  },

  /** Twilio has no place for our reference: the message is known by whom it went to, what it says and when. */
  find: (ctx, { providerId, to, text, since }) =>
    looking(async () => {
      const client = await clientOf(ctx);
      if (providerId !== undefined) {
        const found = await client.messages(providerId).fetch();
        if (found.sid !== providerId) throw garbage(LOOK);
        return report(ctx, found);
      }
      // Their filter knows days only; a trial account puts a sentence before the text.
      const about = await client.messages.list({ to, dateSentAfter: new Date(since - DAY_MS), pageSize: PAGE });
      const found = about.filter(
        ({ body, dateCreated }) => body.endsWith(text) && dateCreated.getTime() >= since - CLOCKS_APART_MS,
      );
      return found.length === 0 ? null : report(ctx, found.at(-1)!);
    }),

  testConnection: (ctx) =>
    looking(async () => {
      await (await clientOf(ctx)).messages.list({ limit: 1, pageSize: 1 });
      return null;
    }).then(() => undefined),
};

const report = ({ scrub }: AdapterContext, { sid, status, errorCode, errorMessage }: MessageInstance): MessageReport =>
  reportOf(sid, status, errorCode ? String(errorCode) : '', scrub(errorMessage ?? ''));

const LOOK = { provider: 'Twilio', what: 'GET /Messages.json', effect: 'read' } as const;

/** A refused look says nothing about the message; that there is no such message does. */
const looking = <T>(work: () => Promise<T | null>): Promise<T | null> =>
  work().catch((error: unknown) => {
    // Their client cannot read the page.
    if (!isHubFailure(error)) throw garbage(LOOK);
    if (error.type === 'NotFound') return null;
    throw lookFailure(error);
  });
