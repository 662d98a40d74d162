import { randomBytes } from 'node:crypto';
import type { Settings } from '../../config/settings.ts';
import { seedAdmin } from '../../db/seed/admin.ts';
import { ask } from './ask.ts';
import type { HubApi } from './hub-api.ts';

/** Two operators of the demo's own, because four eyes need two persons. Switched off again by `leave`. */
export const demoOperators = async (
  settings: Settings,
  api: HubApi,
): Promise<{ olga: HubApi; boris: HubApi; leave: () => Promise<void> }> => {
  const emails: string[] = [];
  const signIn = async (name: string): Promise<HubApi> => {
    const email = `demo-${name}-${randomBytes(4).toString('hex')}@brokerhub.local`;
    const password = randomBytes(16).toString('base64url');
    await seedAdmin(settings.databaseUrl, { email, password });
    emails.push(email);
    const { accessToken } = await api.post<{ accessToken: { token: string } }>('/signin', { email, password });
    return api.as(accessToken.token);
  };
  const [olga, boris] = [await signIn('olga'), await signIn('boris')];
  const leave = async (): Promise<void> => {
    await ask(settings, `update hub_user set active = false where email = any($1)`, [emails]);
  };
  return { olga, boris, leave };
};
