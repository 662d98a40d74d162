import { garbage } from '../../kit/answers.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { ScreeningAdapter } from '../../kit/screening.ts';
import { call, change, get } from '../any/client.ts';
import type { AcmeConfig } from '../any/config.ts';
import { webhook } from '../any/webhook.ts';
import { reportOf, theirCheck } from './map.ts';

const PATHS = {
  checks: () =>
    fillIn("adapter.ts, PATHS.checks: where a movement is sent to be judged (POST) and found (GET), e.g. '/checks'"),
  account: () => fillIn("adapter.ts, PATHS.account: a cheap read that needs the credentials, e.g. '/account'"),
};

export const adapter: ScreeningAdapter<AcmeConfig> = {
  async screen(ctx, order) {
    const body = { ...theirCheck(order), callbackUrl: ctx.callbackUrl };
    return change(ctx, { method: 'POST', path: PATHS.checks(), body }, reportOf);
  },

  async find(ctx, { reference, providerId }) {
    const path = PATHS.checks();
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
