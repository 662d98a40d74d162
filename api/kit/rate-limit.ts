import type { Request } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
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

/** Counts what comes from each. Answers how many this is over the limit (0: within), and in how many seconds counting begins anew. */
export const counting = ({ count, seconds }: Limit) => {
  const calls = new Map<string, number>();
  let ends = 0;
  return (whose: string): { over: number; endsIn: number } => {
    const now = Date.now();
    if (now >= ends) {
      calls.clear();
      ends = now + seconds * 1000;
    }
    const made = (calls.get(whose) ?? 0) + 1;
    calls.set(whose, made);
    return { over: Math.max(made - count, 0), endsIn: Math.ceil((ends - now) / 1000) };
  };
};

/** One key for all addresses that one subscriber has. */
export const addressOf = (req: Request): string => ipKeyGenerator(req.ip ?? '');

/** Counts one call of this actor, or of this address; throws 429 with Retry-After when it is one too many. */
export const limiter = (limit: Limit) => {
  const count = counting(limit);
  return (req: Request, actor: Actor | null): void => {
    const { over, endsIn } = count(actor ? actorName(actor) : addressOf(req));
    if (over > 0) throw tooMany(endsIn);
  };
};
