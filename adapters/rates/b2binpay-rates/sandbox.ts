import { Router, type Request, type Response } from 'express';
import { randomBytes } from 'node:crypto';
import { compare, isAmount } from '../../../domain/money.ts';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';

const CLIENT = { id: 'sandbox-rates-client', secret: 'sandbox-rates-secret' };
const MEDIA_TYPE = 'application/vnd.api+json';
const TOKEN_SECONDS = 3599;
const QUOTE_MS = 60_000;
const MINUTE_MS = 60_000;
const UNAUTHENTICATED_PER_MINUTE = 15;
const LARGEST_PAGE = 100;

interface Price {
  bid: string;
  ask: string;
}

const PRICES: Readonly<Record<string, Price>> = {
  'BTC/USD': { bid: '91234.50000000', ask: '91256.10000000' },
  'BTC/EUR': { bid: '79050.10000000', ask: '79071.90000000' },
  'ETH/USD': { bid: '3012.44000000', ask: '3013.02000000' },
  'ETH/EUR': { bid: '2610.01000000', ask: '2610.77000000' },
  'USDT/USD': { bid: '0.99960000', ask: '1.00010000' },
  'USDT/EUR': { bid: '0.86600000', ask: '0.86660000' },
  'TRX/USD': { bid: '0.27512345', ask: '0.27519876' },
  'EUR/USD': { bid: '1.15390000', ask: '1.15440000' },
  'USD/EUR': { bid: '0.86620000', ask: '0.86660000' },
};

/** B2BINPAY's token and rates, v3. `advance/BTC/USD {to: '91000 91010'}` sets bid and ask. */
export const createSandbox = (): SandboxModule => {
  let prices: Record<string, Price> = { ...PRICES };
  let tokens = new Map<string, number>();
  let knocks: number[] = [];

  const throttled = (now: number): boolean => {
    knocks = [...knocks.filter((at) => at > now - MINUTE_MS), now];
    return knocks.length > UNAUTHENTICATED_PER_MINUTE;
  };

  const obtain = (desk: SandboxDesk) => (req: Request, res: Response) => {
    if (throttled(desk.now())) return refuse(res, 429, 'throttled', 'Request was throttled.');
    const { type, attributes } = draftOf(req.body as Buffer);
    if (type !== 'auth-token') return refuse(res, 409, 'conflict', "The resource object's type is not auth-token.");
    if (attributes['client_id'] !== CLIENT.id || attributes['client_secret'] !== CLIENT.secret)
      return refuse(res, 400, '2006', 'No active account found with the given credentials');
    const access = `sandbox.${randomBytes(24).toString('base64url')}`;
    tokens.set(access, desk.now() + TOKEN_SECONDS * 1000);
    const told = { access, expires_in: TOKEN_SECONDS, token_type: 'Bearer' };
    send(res, 200, { data: { type: 'auth-token', id: '0', attributes: told } });
  };

  const list = (desk: SandboxDesk) => (req: Request, res: Response) => {
    const access = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if ((tokens.get(access) ?? 0) <= desk.now())
      return throttled(desk.now())
        ? refuse(res, 429, 'throttled', 'Request was throttled.')
        : refuse(res, 401, 'token_not_valid', 'Given token not valid for any token type');
    const query = new URL(req.originalUrl, 'http://sandbox').searchParams;
    const known = ['filter[left]', 'filter[right]', 'page[number]', 'page[size]'];
    const unknown = [...query.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined) return refuse(res, 400, 'invalid', `invalid ${unknown}`);
    const wanted = (side: string) => query.get(`filter[${side}]`)?.split(',');
    const found = Object.entries(prices).filter(([pair]) => {
      const [left = '', right = ''] = pair.split('/');
      return (wanted('left')?.includes(left) ?? true) && (wanted('right')?.includes(right) ?? true);
    });
    const size = Math.min(LARGEST_PAGE, Number(query.get('page[size]') ?? 10));
    const page = Number(query.get('page[number]') ?? 1);
    const pages = Math.max(1, Math.ceil(found.length / size));
    if (!(page >= 1 && page <= pages)) return refuse(res, 404, 'not_found', 'Invalid page.');
    // A quote is some seconds old when it is given.
    const born = desk.now() - 5000;
    send(res, 200, {
      data: found.slice((page - 1) * size, page * size).map(([pair, { bid, ask }]) => {
        const [left, right] = pair.split('/');
        const life = { created_at: stamp(born), expired_at: stamp(born + QUOTE_MS) };
        return { type: 'rate', id: '0', attributes: { left, right, bid, ask, exp: 8, ...life } };
      }),
      meta: { pagination: { page, pages, count: found.length } },
    });
  };

  return {
    id: 'b2binpay-rates',
    defaultConfig: (origin) => ({
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      baseUrl: `${origin}/b2binpay-rates`,
    }),
    mount: (desk) => {
      // POST paths end with a slash and exist in no other form.
      const router = Router({ strict: true });
      router.use((req, res, next) => {
        const type = (req.headers['content-type'] ?? '').split(';')[0];
        if (req.method === 'POST' && type !== MEDIA_TYPE)
          return refuse(res, 415, 'unsupported_media_type', 'Unsupported media type in request.');
        next();
      });
      router.post('/token/', obtain(desk));
      router.get('/rates{/}', list(desk));
      router.use((_req, res) => refuse(res, 404, 'not_found', 'Not found.'));
      return router;
    },
    reset: () => {
      prices = { ...PRICES };
      tokens = new Map();
      knocks = [];
    },
    advance: (id, to) => {
      const [bid = '', ask = bid] = to.split(' ');
      if (prices[id] === undefined || !isAmount(bid) || !isAmount(ask) || compare(bid, ask) > 0)
        throw new Error('a pair such as BTC/USD, and its bid and ask');
      prices[id] = { bid, ask };
      return prices[id];
    },
    books: () => [],
    things: () =>
      Object.entries(prices).map(([pair, { bid, ask }]) => ({
        id: pair,
        kind: 'rate',
        title: pair,
        state: `${bid} / ${ask}`,
        buttons: [],
      })),
    conformance: {
      calls: { quotes: { method: 'GET', path: '/rates/' }, testConnection: { method: 'GET', path: '/rates/' } },
      wrongCredentials: { clientSecret: 'not the secret' },
      rates: { pair: { from: 'BTC', to: 'USD' } },
    },
  };
};

const stamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

const send = (res: Response, status: number, body: unknown): void =>
  void res
    .status(status)
    .set('content-type', MEDIA_TYPE)
    .send(Buffer.from(JSON.stringify(body)));

const refuse = (res: Response, status: number, code: string, detail: string): void =>
  send(res, status, { errors: [{ status: String(status), code, title: code, detail }] });

const draftOf = (body: Buffer): { type: unknown; attributes: Record<string, unknown> } => {
  try {
    const { data } = JSON.parse(body.toString('utf8')) as {
      data?: { type?: unknown; attributes?: Record<string, unknown> };
    };
    return { type: data?.type, attributes: data?.attributes ?? {} };
  } catch {
    return { type: undefined, attributes: {} };
  }
};
