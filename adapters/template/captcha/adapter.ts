import type { CaptchaAdapter } from '../../kit/captcha.ts';
import { garbage } from '../../kit/answers.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { call, get } from '../any/client.ts';
import type { AcmeConfig } from './config.ts';
import { verdictOf } from './map.ts';

const PATHS = {
  verify: () => fillIn("adapter.ts, PATHS.verify: where a token is checked (POST), e.g. '/verify'"),
  account: () => fillIn("adapter.ts, PATHS.account: a cheap read that needs the credentials, e.g. '/account'"),
};

export const adapter: CaptchaAdapter<AcmeConfig> = {
  async check(ctx, { token, ip }) {
    const path = PATHS.verify();
    // A check changes nothing that could be lost: a failed one is asked again with a new token.
    const said = await call(ctx, { method: 'POST', path, body: { token, ip }, effect: 'read' });
    if (!said) throw garbage({ provider: 'Acme', what: `POST ${path}`, effect: 'read' });
    return verdictOf(said);
  },

  widget: ({ siteKey, baseUrl }) => ({ siteKey, script: `${baseUrl}/widget.js` }),

  async testConnection(ctx) {
    await get(ctx, PATHS.account());
  },
};
