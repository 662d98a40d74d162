import type { Request, RequestHandler, Response } from 'express';
import { MemoryStore, ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { type Actor, actorName } from './access.ts';
import { Problem } from './errors.ts';

/** At most `count` calls of one route in `seconds`, per signed-in actor, or per address when nobody is signed in. */
export interface Limit {
  count: number;
  seconds: number;
}

/** '20/m': calls per second, minute or hour. */
export const perActor = (text: `${number}/${'s' | 'm' | 'h'}`): Limit => {
  const [count, unit] = text.split('/') as [string, 's' | 'm' | 'h'];
  return { count: Number(count), seconds: { s: 1, m: 60, h: 3600 }[unit] };
};

/** Keeps one runaway caller from starving the others; ordinary use never meets it. */
export const DEFAULT_LIMIT = perActor('2000/s');

const tooMany = (seconds: number) =>
  new Problem(429, [{ reason: 'too_many_requests', issue: `Too many requests. Try again in ${seconds} seconds.` }], {
    'Retry-After': String(seconds),
  });

/** Counts one call; rejects with 429 and Retry-After when it is one too many. */
export const limiter = (limit: Limit) => {
  const handler: RequestHandler = rateLimit({
    windowMs: limit.seconds * 1000,
    limit: limit.count,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (_req, res) => (res as Response).locals['limitKey'] as string,
    handler: (_req, _res, next) => next(tooMany(limit.seconds)),
  });
  return (req: Request, res: Response, actor: Actor | null): Promise<void> => {
    res.locals['limitKey'] = actor ? actorName(actor) : ipKeyGenerator(req.ip ?? '');
    return new Promise((done, refuse) => {
      void handler(req, res, (error?: unknown) => (error === undefined ? done() : refuse(error as Error)));
    });
  };
};

/** Counts failed tries under a key; a success forgives its own try. Used where guessing is the danger. */
export const createTries = (most: number, seconds: number) => {
  const store = new MemoryStore();
  store.init({ windowMs: seconds * 1000 } as Parameters<MemoryStore['init']>[0]);
  return {
    /** Counts a try before it is made, so that parallel guesses do not slip through. Throws 429 `too_many_attempts`. */
    begin: async (key: string): Promise<void> => {
      const { totalHits, resetTime } = await store.increment(key);
      if (totalHits <= most) return;
      const wait = Math.max(1, Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1000));
      throw new Problem(
        429,
        [{ reason: 'too_many_attempts', issue: `Too many attempts. Try again in ${wait} seconds.` }],
        {
          'Retry-After': String(wait),
        },
      );
    },
    forgive: (key: string): Promise<void> => Promise.resolve(store.decrement(key)),
  };
};
