import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, type Asked, type Said } from '../../kit/answers.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { isObject, listOf, objectOf, readJson, word, type Json } from '../../kit/json.ts';
import { sharedToken, type Token } from '../../kit/shared-token.ts';

export interface B2binpayRatesConfig {
  clientId: string;
  clientSecret: string;
  baseUrl: string;
  names: Readonly<Record<string, string>>;
}
type Context = AdapterContext<B2binpayRatesConfig>;
type Document = { [key: string]: Json };

const MEDIA_TYPE = 'application/vnd.api+json';
const PAGE_SIZE = 100;
/** Credentials, or our address is not on their list. */
const ABOUT_US = new Set(['2006', '2007', '2016']);

/** Every page of a filtered list. */
export const getAll = async (ctx: Context, path: string, filters: Record<string, string>): Promise<Json[]> => {
  const found: Json[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const query = Object.entries({ ...filters, 'page[number]': page, 'page[size]': PAGE_SIZE })
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&');
    const document = await get(ctx, `${path}?${query}`, { provider: 'B2BINPAY', what: `GET ${path}`, effect: 'read' });
    if (!Array.isArray(document['data'])) throw garbage({ provider: 'B2BINPAY', what: `GET ${path}`, effect: 'read' });
    found.push(...document['data']);
    const told = word(objectOf(objectOf(document['meta'])['pagination'])['pages']);
    pages = /^\d{1,4}$/.test(told) ? Number(told) : 1;
  }
  return found;
};

/** A 401 costs one new sign-in: their token may die before its time. */
const get = async (ctx: Context, path: string, asked: Asked): Promise<Document> => {
  const once = async (access: string) =>
    ctx.http({
      method: 'GET',
      url: ctx.config.baseUrl + path,
      headers: { authorization: `Bearer ${access}`, accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE },
      effect: 'read',
    });
  const access = await bearer(ctx);
  const answer = await once(access);
  return read(ctx, answer.status === 401 ? await once(await bearer(ctx, access)) : answer, asked);
};

/** 15 unauthenticated calls a minute are admitted. `dead`: was refused although its time was not over. */
const bearer = (ctx: Context, dead?: string): Promise<string> => sharedToken(ctx, () => signIn(ctx), dead);

const signIn = async (ctx: Context): Promise<Token> => {
  const asked: Asked = { provider: 'B2BINPAY', what: 'POST /token/', effect: 'read' };
  const { clientId, clientSecret } = ctx.config;
  const attributes = { client_id: clientId, client_secret: clientSecret };
  const answer = await ctx.http({
    method: 'POST',
    url: `${ctx.config.baseUrl}/token/`,
    headers: { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE },
    body: JSON.stringify({ data: { type: 'auth-token', attributes } }),
    effect: 'read',
  });
  const told = objectOf(objectOf(read(ctx, answer, asked)['data'])['attributes']);
  const [access, seconds] = [word(told['access']), word(told['expires_in'])];
  if (access === '' || !/^\d{1,9}$/.test(seconds)) throw garbage(asked);
  return { access, expiresAt: ctx.now() + Number(seconds) * 1000 };
};

const read = (ctx: Context, answer: HttpAnswer, asked: Asked): Document => {
  const body = readJson(answer.body);
  if (answer.status === 200 || answer.status === 201) {
    if (isObject(body)) return body;
    throw garbage(asked);
  }
  const [first] = listOf(objectOf(body)['errors']);
  const said: Said | null = isObject(first) ? { code: word(first['code']), text: word(first['detail']) } : null;
  const failure = lookFailure(failureOf(ctx, answer, asked, said));
  throw said !== null && ABOUT_US.has(said.code ?? '')
    ? new HubFailure('Config', 'provider_misconfigured', failure.message, failure.facts)
    : failure;
};
