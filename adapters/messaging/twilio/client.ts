import type { RequestClient, Twilio } from 'twilio';
import { HubFailure, type FailureType } from '../../../domain/failures.ts';
import { failureOf, garbage, withoutSent, type Asked, type Said } from '../../kit/answers.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { isObject, readJson, word } from '../../kit/json.ts';
import type { TwilioConfig } from './config.ts';

type Context = AdapterContext<TwilioConfig>;

/** The official client on our wire: deadline, cancellation, size cap, address guard and log are those of `ctx.http`. */
export const clientOf = async (ctx: Context): Promise<Twilio> => {
  // 34 MB and almost half a second, so only for those who send.
  const { default: twilio } = await import('twilio');
  const { accountSid, authToken, apiKeySid, apiKeySecret, baseUrl } = ctx.config;
  const client = twilio(apiKeySid ?? accountSid, apiKeySecret ?? authToken, {
    accountSid,
    httpClient: ourWire(ctx),
    // Without this TWILIO_EDGE and TWILIO_REGION of the process would rewrite the host.
    env: {},
  });
  client.api.baseUrl = baseUrl;
  return client;
};

/** All that the client asks of its `httpClient` is `request`; its own one would bring a second axios and agent. */
const ourWire = (ctx: Context): RequestClient => {
  const wire: Pick<RequestClient, 'request'> = {
    async request({ method, uri, username, password, headers, params, data }) {
      const url = new URL(uri);
      for (const [name, value] of fields(params)) url.searchParams.append(name, value);
      const effect = method === 'get' ? 'read' : 'write';
      const asked: Asked = { provider: 'Twilio', what: `${method.toUpperCase()} ${withoutIds(url.pathname)}`, effect };
      const answer = await ctx.http({
        method: method.toUpperCase() as 'GET',
        url: url.href,
        headers: { ...(headers as Record<string, string>), authorization: basic(username, password) },
        ...(data !== undefined && { body: new URLSearchParams(fields(data)).toString() }),
        effect,
      });
      if (answer.status < 200 || answer.status > 299) throw refusal(ctx, answer, asked, { ...params, ...data });
      if (!isObject(readJson(answer.body))) throw garbage(asked);
      return { statusCode: answer.status, body: answer.body as never, headers: answer.headers };
    },
  };
  return wire as RequestClient;
};

const basic = (user = '', password = ''): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** As the client means it: a list repeats its name, what is absent is left out. */
const fields = (of: unknown): [string, string][] =>
  Object.entries(of ?? {}).flatMap(([name, value]) =>
    [value]
      .flat()
      .flatMap((one): [string, string][] => (one === undefined || one === null ? [] : [[name, String(one)]])),
  );

const withoutIds = (path: string): string =>
  path.replace(/^.*\/Accounts\/[^/]+/, '').replace(/\/[A-Z]{2}[0-9a-f]{32}/g, '/{sid}');

/** Codes whose HTTP status says too little. Everything else: 400 is a no to this message. */
const CODES: Record<string, FailureType> = {
  '20003': 'Config', // credentials
  '21212': 'Config', // our sender is invalid
  '21603': 'Config', // is missing
  '21606': 'Config', // is not ours
  '21609': 'Config', // our callback address
  '21611': 'Unavailable', // the sender's queue is full
  '21408': 'Rejected', // that region is not enabled; 400 or 403
};

/** `sent` is taken out of their words, which quote phone numbers. */
const refusal = (ctx: Context, answer: HttpAnswer, asked: Asked, sent: unknown): HubFailure => {
  const said = saidIn(answer.body, sent);
  const code = said?.code ?? '';
  const type = code === '20404' ? (asked.effect === 'read' ? 'NotFound' : 'Config') : CODES[code];
  if (type === undefined || answer.status >= 429) return failureOf(ctx, answer, asked, said);
  const reason =
    ({ Config: 'provider_misconfigured', Unavailable: 'provider_unavailable', NotFound: 'not_found' } as const)[
      type as string
    ] ?? 'provider_refused';
  const message = `Twilio refused ${asked.what}: ${answer.status} ${code} ${ctx.scrub(said?.text ?? '')}`;
  return new HubFailure(type, reason, message, { providerCode: code });
};

/** The classic form `{code, message}`, or RFC 9457's `{code, title, detail}` of newer products. */
const saidIn = (body: string, sent: unknown): Said | null => {
  const error = readJson(body);
  if (!isObject(error) || !/^\d+$/.test(word(error['code']))) return null;
  const text = word(error['message']) || word(error['detail']) || word(error['title']);
  return { code: word(error['code']), text: withoutSent(text, sent) };
};
