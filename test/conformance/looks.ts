import type { Verb } from '../../adapters/kit/conformance.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { Category } from '../../adapters/kit/manifest.ts';
import type { Bench } from './bench.ts';
import { must, type Case } from './case.ts';

/** A verb that only looks. */
export interface Look<C extends Category> {
  verb: Verb;
  applies(bench: Bench<C>): void;
  /** Makes something to look for, and answers how to look for it. */
  prepare(bench: Bench<C>, ctx: AdapterContext): Promise<(ctx: AdapterContext) => Promise<unknown>>;
}

const TROUBLE = {
  timeout_before: 'timeout before',
  reset: 'reset',
  http_500: 'http 500',
  http_404: 'a 404 page of something in between',
  garbage: 'garbage',
  empty: 'JSON that is empty',
  slow_drip: 'slow drip',
} as const;
type Trouble = keyof typeof TROUBLE;

/** A failed look proves nothing: it must never read as "not there", nor as a refusal of what was looked for. */
export const lookCases = <C extends Category>({ verb, applies, prepare }: Look<C>): Case<C>[] => {
  const begin = async (bench: Bench<C>) => {
    applies(bench);
    bench.wire(verb);
    const ctx = await bench.signedIn();
    return { ctx, look: await prepare(bench, ctx) };
  };
  return [
    ...(Object.keys(TROUBLE) as Trouble[]).map((kind): Case<C> => ({
      name: `${verb}: a look met by ${TROUBLE[kind]} throws Unavailable (or Config), never an answer`,
      async run(bench) {
        const { ctx, look } = await begin(bench);
        const fault = bench.fault(verb, kind, { times: 50, ...(kind === 'slow_drip' && { ms: 250 }) });
        const comes = kind !== 'timeout_before' && kind !== 'slow_drip';
        await bench.fails(verb, look(comes ? ctx : bench.quick(ctx)), 'Unavailable', 'Config');
        bench.mustHit(fault, verb);
      },
    })),
    {
      name: `${verb}: a look met by 429 is RateLimited with the delay it was told`,
      async run(bench) {
        const { ctx, look } = await begin(bench);
        const fault = bench.fault(verb, 'http_429', { times: 50, retryAfter: 9 });
        const failure = await bench.fails(verb, look(ctx), 'RateLimited');
        bench.mustHit(fault, verb);
        must(
          failure.facts.retryAfter === 9,
          `Retry-After: 9 must become facts.retryAfter 9, and became ${failure.facts.retryAfter}`,
        );
      },
    },
    {
      name: `${verb}: a look where nobody listens is Unavailable`,
      async run(bench) {
        applies(bench);
        const look = await prepare(bench, await bench.signedIn());
        await bench.fails(verb, look(bench.ctx({ config: await bench.nobodyThere() })), 'Unavailable');
      },
    },
  ];
};
