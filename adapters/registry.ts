/** Generated from the folders of adapters/ by `npm run gen:registry`; do not edit. */
import type { Provider } from './kit/manifest.ts';
import b2binpay from './payments/b2binpay/manifest.ts';
import documents from './kyc/documents/manifest.ts';
import manual from './payments/manual/manifest.ts';
import matchTrader from './trading/match-trader/manifest.ts';
import mt4 from './trading/mt4/manifest.ts';
import mt5 from './trading/mt5/manifest.ts';
import shuftipro from './kyc/shuftipro/manifest.ts';
import stripe from './payments/stripe/manifest.ts';
import sumsub from './kyc/sumsub/manifest.ts';
import sumsubKyt from './screening/sumsub-kyt/manifest.ts';

export const builtIn: readonly Provider[] = [
  b2binpay,
  documents,
  manual,
  matchTrader,
  mt4,
  mt5,
  shuftipro,
  stripe,
  sumsub,
  sumsubKyt,
];
