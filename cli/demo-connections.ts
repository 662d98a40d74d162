import { providers } from '../adapters/registry.ts';
import type { DemoConnection } from '../db/seed/demo.ts';

/** The demo brokerage's External connections; each reaches its provider's sandbox at `sandboxOrigin`. */
export async function demoConnections(sandboxOrigin: string): Promise<DemoConnection[]> {
  const sandboxConfig = async (provider: string): Promise<Record<string, unknown>> => {
    const module = await providers.find(({ id }) => id === provider)?.sandbox?.();
    return module?.defaultConfig(sandboxOrigin) ?? {};
  };
  const b2binpay = await sandboxConfig('b2binpay');
  const connections: DemoConnection[] = [
    {
      provider: 'manual',
      name: 'bank',
      caption: 'Example Bank',
      config: { bankAccount: 'Example Bank, IBAN DE02 1203 0000 0000 2020 51. Put the reference into the memo.' },
    },
    {
      provider: 'b2binpay',
      name: 'b2binpay',
      caption: 'B2BINPAY invoices',
      config: { ...b2binpay, walletType: 'merchant' },
    },
    // An enterprise wallet gives each client a permanent address instead of an invoice.
    {
      provider: 'b2binpay',
      name: 'b2binpay-address',
      caption: 'B2BINPAY addresses',
      config: { ...b2binpay, walletType: 'enterprise' },
    },
    { provider: 'mt5', name: 'mt5', caption: 'MT5 Live', config: await sandboxConfig('mt5') },
  ];
  return connections.filter(({ provider }) => providers.some(({ id }) => id === provider));
}
