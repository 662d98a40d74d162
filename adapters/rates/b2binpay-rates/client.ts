import { garbage } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { jsonApi } from '../../kit/json-api.ts';
import { word } from '../../kit/json.ts';
import type { Token } from '../../kit/shared-token.ts';

export interface B2binpayRatesConfig {
  clientId: string;
  clientSecret: string;
  baseUrl: string;
  names: Readonly<Record<string, string>>;
}

/** They admit 15 unauthenticated calls a minute. */
const signIn = async (ctx: AdapterContext<B2binpayRatesConfig>): Promise<Token> => {
  const { clientId, clientSecret } = ctx.config;
  const told = await api.tokenFrom(ctx, '/token/', { client_id: clientId, client_secret: clientSecret });
  const seconds = word(told?.attributes.expires_in);
  if (!/^\d{1,9}$/.test(seconds)) throw garbage({ provider: 'B2BINPAY', what: 'POST /token/', effect: 'read' });
  return { access: word(told?.attributes.access), expiresAt: ctx.now() + Number(seconds) * 1000 };
};

const api = jsonApi<B2binpayRatesConfig>({
  provider: 'B2BINPAY',
  url: ({ baseUrl }) => baseUrl,
  signIn,
  // Credentials, or our address is not on their list.
  aboutUs: new Set(['2006', '2007', '2016']),
});

export const { getAll } = api;
