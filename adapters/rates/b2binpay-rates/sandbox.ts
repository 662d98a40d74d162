import { Router, type Request, type Response } from 'express';
import { randomBytes } from 'node:crypto';
import { compare, isAmount } from '../../../domain/money.ts';
import { CallLimit } from '../../kit/call-limit.ts';
import { answer, answerList, answerRefusals, mediaTypes, readDraft } from '../../kit/sandbox-json-api.ts';
import { assure, Refusal } from '../../kit/sandbox-wire.ts';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';

const CLIENT = { id: 'sandbox-rates-client', secret: 'sandbox-rates-secret' };
const TOKEN_SECONDS = 3599;
const QUOTE_MS = 60_000;
const MINUTE_MS = 60_000;
const UNAUTHENTICATED_PER_MINUTE = 15;

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
  const strangers = new CallLimit(MINUTE_MS);

  const throttle = (now: number): void =>
    assure(strangers.take(now, UNAUTHENTICATED_PER_MINUTE) === 0, 429, 'throttled', 'Request was throttled.');

  const obtain = (desk: SandboxDesk) => (req: Request, res: Response) => {
    throttle(desk.now());
    const { attributes } = readDraft(req, 'auth-token');
    const known = attributes['client_id'] === CLIENT.id && attributes['client_secret'] === CLIENT.secret;
    assure(known, 400, '2006', 'No active account found with the given credentials');
    const access = `sandbox.${randomBytes(24).toString('base64url')}`;
    tokens.set(access, desk.now() + TOKEN_SECONDS * 1000);
    const told = { access, expires_in: TOKEN_SECONDS, token_type: 'Bearer' };
    answer(res, 200, { data: { type: 'auth-token', id: '0', attributes: told } });
  };

  const list = (desk: SandboxDesk) => (req: Request, res: Response) => {
    const access = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if ((tokens.get(access) ?? 0) <= desk.now()) {
      throttle(desk.now());
      throw new Refusal(401, 'token_not_valid', 'Given token not valid for any token type');
    }
    const pairs = Object.entries(prices).map(([pair, price]) => {
      const [left = '', right = ''] = pair.split('/');
      return { left, right, ...price };
    });
    // A quote is some seconds old when it is given.
    const born = desk.now() - 5000;
    const life = { created_at: stamp(born), expired_at: stamp(born + QUOTE_MS) };
    const by = { left: (pair: (typeof pairs)[0]) => pair.left, right: (pair: (typeof pairs)[0]) => pair.right };
    const rate = (pair: (typeof pairs)[0]) => ({ type: 'rate', id: '0', attributes: { ...pair, exp: 8, ...life } });
    answerList(req, res, pairs, by, rate);
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
      router.use(mediaTypes(() => true));
      router.post('/token/', obtain(desk));
      router.get('/rates{/}', list(desk));
      router.use(() => {
        throw new Refusal(404, 'not_found', 'Not found.');
      });
      return router.use(answerRefusals);
    },
    reset: () => {
      prices = { ...PRICES };
      tokens = new Map();
      strangers.reset();
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
