import { callBack } from '../../../kit/sandbox-wire.ts';
import type { SandboxMessage } from '../../../kit/sandbox.ts';
import { API_VERSION } from '../client.ts';
import { signature } from '../webhook.ts';
import type { Account } from './account.ts';
import { magicOf, type Thing, written } from './thing.ts';

/** "Exponentially for up to three days"; the steps are not published. */
const RETRIES = [1, 5, 30, 120, 360, 720, 1440, 1440].map((minutes) => minutes * 60_000);

/** To every endpoint, and to where the object itself says: there is no dashboard to set one up. Each attempt is signed anew, as theirs are. */
export const tell = (account: Account, type: string, object: Thing, about: Thing = object): void => {
  const request = { id: null, idempotency_key: null };
  const data = { object: structuredClone(object) };
  const body = written(account.add('event', { api_version: API_VERSION, type, pending_webhooks: 1, request, data }));
  const sent = account.now();
  const write = (time: number, honest: boolean): SandboxMessage => ({
    get headers() {
      const t = String(Math.floor((time + account.now() - sent) / 1000));
      const secrets = honest ? account.signedWith : ['whsec_forged'];
      const signed = secrets.map((secret) => `,v1=${signature(secret, t, body)}`);
      return { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': `t=${t}${signed.join('')}` };
    },
    body,
  });
  const wanted = ({ enabled_events: events }: Thing) => ['*', type].some((one) => (events as string[]).includes(one));
  const endpoints = account
    .all('webhook_endpoint')
    .filter(wanted)
    .map((one) => String(one['url']));
  for (const url of new Set([...endpoints, about.metadata['hub_callback'] ?? '']))
    if (magicOf(about) !== '11') callBack(account.desk, url, write, { retryDelaysMs: RETRIES, answerWithinMs: 20_000 });
};
