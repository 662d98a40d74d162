/** Generated from the folders of adapters/ by `npm run gen:registry`; do not edit. */
import type { Provider } from './kit/manifest.ts';
import b2binpay from './payments/b2binpay/manifest.ts';
import b2binpayRates from './rates/b2binpay-rates/manifest.ts';
import constructor from './payments/constructor/manifest.ts';
import customRates from './rates/custom-rates/manifest.ts';
import documents from './kyc/documents/manifest.ts';
import ecb from './rates/ecb/manifest.ts';
import genericHub from './trading/generic-hub/manifest.ts';
import manual from './payments/manual/manifest.ts';
import matchTrader from './trading/match-trader/manifest.ts';
import mt4 from './trading/mt4/manifest.ts';
import mt5 from './trading/mt5/manifest.ts';
import paper from './trading/paper/manifest.ts';
import praxis from './payments/praxis/manifest.ts';
import recaptcha from './captcha/recaptcha/manifest.ts';
import sendgrid from './messaging/sendgrid/manifest.ts';
import shuftipro from './kyc/shuftipro/manifest.ts';
import slack from './messaging/slack/manifest.ts';
import smtp from './messaging/smtp/manifest.ts';
import stripe from './payments/stripe/manifest.ts';
import sumsub from './kyc/sumsub/manifest.ts';
import sumsubKyt from './screening/sumsub-kyt/manifest.ts';
import twilio from './messaging/twilio/manifest.ts';

export const builtIn: readonly Provider[] = [
  b2binpay,
  b2binpayRates,
  constructor,
  customRates,
  documents,
  ecb,
  genericHub,
  manual,
  matchTrader,
  mt4,
  mt5,
  paper,
  praxis,
  recaptcha,
  sendgrid,
  shuftipro,
  slack,
  smtp,
  stripe,
  sumsub,
  sumsubKyt,
  twilio,
];
