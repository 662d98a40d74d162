import { HubFailure } from '../../../domain/failures.ts';
import { garbage } from '../../kit/answers.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { Channel, MessagingAdapter } from '../../kit/messaging.ts';
import { call, change, get } from '../any/client.ts';
import type { AcmeConfig } from '../any/config.ts';
import { webhook } from '../any/webhook.ts';
import { reportOf, theirMessage } from './map.ts';

const CHANNELS: readonly Channel[] = ['sms'];

const PATHS = {
  messages: () =>
    fillIn("adapter.ts, PATHS.messages: where a message is sent (POST) and found (GET), e.g. '/messages'"),
  account: () => fillIn("adapter.ts, PATHS.account: a cheap read that needs the credentials, e.g. '/account'"),
};

export const adapter: MessagingAdapter<AcmeConfig> = {
  channels: CHANNELS,

  async send(ctx, message) {
    if (!CHANNELS.includes(message.channel))
      throw new HubFailure('Unsupported', 'unsupported', `Acme has no ${message.channel}`);
    const body = { ...theirMessage(message), callbackUrl: ctx.callbackUrl };
    return change(ctx, { method: 'POST', path: PATHS.messages(), body }, reportOf);
  },

  async find(ctx, { reference, providerId }) {
    const path = PATHS.messages();
    if (providerId !== undefined) {
      const found = await call(ctx, { method: 'GET', path: `${path}/{id}`, ids: { id: providerId }, effect: 'read' });
      return found && reportOf(found);
    }
    const items = (await get(ctx, path, { reference }))['items'];
    // What is no list was not read: it must not look like "none".
    if (!Array.isArray(items)) throw garbage({ provider: 'Acme', what: `GET ${path}`, effect: 'read' });
    // Not every list is filtered as it was asked.
    const ours = items.map(objectOf).filter((one) => word(one['reference']) === reference);
    return ours[0] === undefined ? null : reportOf(ours[0]);
  },

  webhook,

  async testConnection(ctx) {
    await get(ctx, PATHS.account());
  },
};
