/** Generated from the folders of adapters/ by `npm run gen:registry`; do not edit. */
import type { Provider } from './kit/manifest.ts';
import b2binpay from './payments/b2binpay/manifest.ts';
import b2binpayRates from './rates/b2binpay-rates/manifest.ts';
import customRates from './rates/custom-rates/manifest.ts';
import ecb from './rates/ecb/manifest.ts';
import manual from './payments/manual/manifest.ts';
import mt5 from './trading/mt5/manifest.ts';
import recaptcha from './captcha/recaptcha/manifest.ts';
import sendgrid from './messaging/sendgrid/manifest.ts';
import slack from './messaging/slack/manifest.ts';
import smtp from './messaging/smtp/manifest.ts';
import twilio from './messaging/twilio/manifest.ts';

export const builtIn: readonly Provider[] = [
  b2binpay,
  b2binpayRates,
  customRates,
  ecb,
  manual,
  mt5,
  recaptcha,
  sendgrid,
  slack,
  smtp,
  twilio,
];
