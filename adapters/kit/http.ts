import axios from 'axios';
import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { BlockList, isIP, type LookupFunction, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { HubFailure } from '../../domain/failures.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './context.ts';
import { deadline } from './deadline.ts';

/** What may be written to a log about one call: no headers, no bodies, no values of the query. */
export interface TranscriptLine {
  method: string;
  url: string;
  /** Absent when no answer came. */
  status?: number;
  durationMs: number;
}

export interface HttpClientOptions {
  /** Longest time for one whole exchange, from the call to the last byte of the answer. */
  timeoutMs: number;
  /** Bounds also what a request asks for itself. */
  longestMs?: number;
  /** The activity's cancellation. */
  signal?: AbortSignal;
  /** False keeps requests out of private, loopback and link-local networks, whatever a name resolves to. */
  allowPrivate: boolean;
  onTranscript?: (line: TranscriptLine) => void;
}

const ANSWER_CAP = 1024 * 1024;
/** Code of the error with which `publicOnly` ends a lookup. */
export const PRIVATE_ADDRESS = 'EPRIVATEADDRESS';

/** See `HttpClient` in context.ts for what it throws; besides, `Config` for an address that may not be called at all. */
export const createHttpClient =
  (options: HttpClientOptions): HttpClient =>
  async (request) => {
    const url = checkedUrl(request.url, options.allowPrivate);
    const began = Date.now();
    const tell = (status?: number) =>
      options.onTranscript?.({
        method: request.method,
        url: withoutQueryValues(url),
        ...(status !== undefined && { status }),
        durationMs: Date.now() - began,
      });
    try {
      const answer = await exchange(request, options);
      tell(answer.status);
      return answer;
    } catch (error) {
      tell();
      throw error;
    }
  };

const exchange = async (request: HttpRequest, options: HttpClientOptions): Promise<HttpAnswer> => {
  const wire = { handedOver: false };
  const end = deadline(Math.min(request.timeoutMs ?? options.timeoutMs, options.longestMs ?? Infinity), options.signal);
  const pool = options.allowPrivate ? POOLS.open : POOLS.guarded;
  try {
    const answer = await axios.request<Buffer>({
      method: request.method,
      url: request.url,
      headers: { 'User-Agent': 'brokerhub', 'Content-Type': false, ...request.headers },
      data: request.body,
      // Signatures cover bytes: nothing is parsed or re-serialised on the way out or in.
      transformRequest: [(body: unknown) => body],
      transformResponse: [(body: unknown) => body],
      responseType: 'arraybuffer',
      maxContentLength: ANSWER_CAP,
      maxRedirects: 0,
      validateStatus: () => true,
      proxy: false,
      httpAgent: request.agent ?? pool.http,
      httpsAgent: request.agent ?? pool.https,
      transport: watched(wire, options.allowPrivate),
      signal: end.signal,
    });
    return { status: answer.status, headers: plain(answer.headers), body: Buffer.from(answer.data).toString('utf8') };
  } catch (error) {
    throw failure(error, isOutOfTime(end.signal) ? 'timed out' : whyOf(error), wire.handedOver, request.effect);
  } finally {
    end.clear();
  }
};

const isOutOfTime = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && (reason as Error | undefined)?.name === 'TimeoutError';

/** Sockets that finished connecting (and the TLS handshake): whatever is written to them may arrive. */
const greeted = new WeakSet<Socket>();

/** The place where "surely not sent" ends: the moment a request meets a connected socket. A reused one counts as met. */
const watched = (wire: { handedOver: boolean }, allowPrivate: boolean) => ({
  request(options: https.RequestOptions, onAnswer: (answer: http.IncomingMessage) => void): http.ClientRequest {
    const guarded = allowPrivate ? options : { ...options, lookup: publicOnly };
    const request = (options.protocol === 'https:' ? https : http).request(guarded, onAnswer);
    request.once('socket', (socket) => {
      if (greeted.has(socket)) {
        wire.handedOver = true;
        return;
      }
      socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
        greeted.add(socket);
        wire.handedOver = true;
      });
    });
    return request;
  },
});

const failure = (error: unknown, why: string, handedOver: boolean, effect: HttpRequest['effect']): HubFailure => {
  const code = axios.isAxiosError(error) ? (error.code ?? '') : '';
  if (code === PRIVATE_ADDRESS) return privateAddress();
  if (!handedOver) return new HubFailure('Unavailable', 'provider_unavailable', `no connection: ${why}`);
  const message = `the answer was lost: ${why}`;
  if (effect === 'write') return new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', message);
  const garbage = code.startsWith('HPE_') || code.startsWith('Z_') || isOversize(error);
  return new HubFailure('Unavailable', garbage ? 'provider_garbage' : 'provider_unavailable', message);
};

const OVERSIZE = 'more than 1 MiB';

/** Whether a call failed because its answer was longer than we read. */
export const isOversized = (error: unknown): boolean => error instanceof HubFailure && error.message.endsWith(OVERSIZE);

/** Codes only: messages of lower layers may quote addresses and headers. */
const whyOf = (error: unknown): string => {
  if (isOversize(error)) return OVERSIZE;
  const code = axios.isAxiosError(error) ? error.code : undefined;
  return code === 'ERR_CANCELED' ? 'cancelled' : (code ?? 'connection failed');
};

const isOversize = (error: unknown): boolean =>
  axios.isAxiosError(error) && error.message.startsWith('maxContentLength');

const plain = (headers: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)]),
  );

/** Names of parameters stay, values go: some vendors put secrets there. */
const withoutQueryValues = (url: URL): string => {
  const names = [...url.searchParams.keys()];
  return url.origin + url.pathname + (names.length > 0 ? `?${names.join('&')}` : '');
};

// Where requests may go ------------------------------------------------------------------------------------------------

/** Loopback, private, shared, link-local, benchmark, multicast and reserved ranges; IPv4 rules cover ::ffff:… as well. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6');

export const isPrivate = (address: string): boolean => PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

export const privateAddress = () =>
  new HubFailure('Config', 'provider_misconfigured', 'the address lies in a private network, which is not allowed');

/** Judges the very addresses the socket is going to use, so a name that changes its mind between check and use gains nothing. */
export const publicOnly: LookupFunction = (host, options, done) => {
  dns.lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, []);
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivate(address))) {
      return done(Object.assign(new Error('private address'), { code: PRIVATE_ADDRESS }), []);
    }
    return options.all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family);
  });
};

const checkedUrl = (text: string, allowPrivate: boolean): URL => {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new HubFailure('Config', 'provider_misconfigured', 'the address is not an http or https URL');
  }
  // A literal address is never looked up. URL has already normalised spellings such as 0x7f.1.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) && isPrivate(host)) throw privateAddress();
  return url;
};

/** Shared by all calls of the process, apart for guarded ones: a pooled socket is not looked up again. */
const POOLS = {
  open: { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) },
  guarded: { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) },
};
