/** Where a captcha is connected, who is a client is told to people only. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { MoneyApi } from '../api/money-hub.ts';
import { Device, mainForm, startWizardApi } from './devices.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi(['recaptcha']);
});
afterAll(() => api?.stop());

it('a registration does not say that an e-mail is taken before the captcha is answered', async () => {
  const { clientId } = await api.hub.clientWith('0.00', 'EUR');
  const { email } = await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [clientId]);
  const device = new Device(api);
  const { uuid, data } = await device.step('POST /my/signup/wizard', {});
  expect(data.recaptcha.enabled).toBe(true);
  const refused = await device.call('POST /my/signup', { uuid, ...mainForm(device, email) });
  expect([refused.status, refused.body.error.details.map((one: any) => one.field)]).toEqual([
    400,
    ['recaptchaResponse'],
  ]);
});
