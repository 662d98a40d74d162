/** Every provider of this product, in the order people see them. */
import type { Provider } from './kit/manifest.ts';
import b2binpay from './payments/b2binpay/manifest.ts';
import manual from './payments/manual/manifest.ts';
import mt5 from './trading/mt5/manifest.ts';

export const providers: readonly Provider[] = [b2binpay, manual, mt5];
