import { garbage } from '../../kit/answers.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { KycAdapter } from '../../kit/kyc.ts';
import { call, change, get } from '../any/client.ts';
import type { AcmeConfig } from '../any/config.ts';
import { webhook } from '../any/webhook.ts';
import { reportOf, startOf, theirApplicant } from './map.ts';

const PATHS = {
  applicants: () =>
    fillIn("adapter.ts, PATHS.applicants: where an applicant is made (POST) and found (GET), e.g. '/applicants'"),
  account: () => fillIn("adapter.ts, PATHS.account: a cheap read that needs the credentials, e.g. '/account'"),
};

export const adapter: KycAdapter<AcmeConfig> = {
  async begin(ctx, applicant) {
    const body = { ...theirApplicant(applicant), callbackUrl: ctx.callbackUrl };
    return change(ctx, { method: 'POST', path: PATHS.applicants(), body }, startOf);
  },

  async find(ctx, { reference, providerId }) {
    const path = PATHS.applicants();
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
