import { setTimeout as sleep } from 'node:timers/promises';
import type { Verb } from '../../adapters/kit/conformance.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { Category } from '../../adapters/kit/manifest.ts';
import type { FailureType } from '../../domain/failures.ts';
import { brief, type Bench } from './bench.ts';
import { DoesNotApply, must, type Case } from './case.ts';
import { whateverIsMissing } from './partial-answers.ts';

/** A verb that changes something at the provider, as the cases about lost answers see it. */
export interface Write<C extends Category, Order> {
  verb: Verb;
  /** Throws `DoesNotApply` where the provider has not this power. */
  applies(bench: Bench<C>): void;
  /** Makes an order, and whatever must be there before it. */
  order(bench: Bench<C>, ctx: AdapterContext): Promise<Order>;
  send(bench: Bench<C>, ctx: AdapterContext, order: Order): Promise<unknown>;
  /** By our reference alone, as after a lost answer. Absent, or throwing `DoesNotApply`: there is nothing to look with. */
  find?(bench: Bench<C>, ctx: AdapterContext, order: Order): Promise<unknown>;
  /** How often it took effect in the provider's books; absent: nothing is booked by it. */
  effects?(bench: Bench<C>, order: Order): number;
  /** Finding or making, so that repeating it does no harm: a lost answer may also be `Unavailable`. */
  harmless?: (bench: Bench<C>) => boolean;
}

const AFTER = {
  timeout_after_commit: 'the answer never comes',
  reset_after_commit: 'the connection breaks',
  http_500_after_commit: 'a 500 comes back',
  garbage_after_commit: 'garbage comes back',
  http_202_after_commit: 'a 202 without a body comes back',
  http_404_after_commit: 'a 404 page of something in between comes back',
} as const;

const BEFORE = {
  timeout_before: 'no answer comes',
  reset: 'the connection breaks',
  http_500: 'a 500 comes back',
  garbage: 'garbage comes back',
} as const;

/** Only an answer that never comes needs a short deadline. */
const patient = <C extends Category>(bench: Bench<C>, ctx: AdapterContext, kind: string): AdapterContext =>
  kind.startsWith('timeout') ? bench.quick(ctx) : ctx;

/** What every verb that writes has to promise when answers get lost. */
export const doubtCases = <C extends Category, Order>(write: Write<C, Order>): Case<C>[] => {
  const { verb } = write;
  const lost = (bench: Bench<C>): FailureType[] =>
    write.harmless?.(bench) ? ['OutcomeUnknown', 'Unavailable'] : ['OutcomeUnknown'];
  const once = (bench: Bench<C>, order: Order, when: string) => {
    const count = write.effects?.(bench, order);
    if (count !== undefined) must(count === 1, `the provider's books hold ${count} of it ${when}, and must hold 1`);
  };
  const begin = async (bench: Bench<C>) => {
    write.applies(bench);
    bench.wire(verb);
    const ctx = await bench.signedIn();
    return { ctx, order: await write.order(bench, ctx) };
  };

  return [
    ...Object.entries(AFTER).map(([kind, what]): Case<C> => ({
      name: `${verb}: when it took effect and ${what}, the outcome is unknown, and looking (where it can) finds it once`,
      async run(bench) {
        const { ctx, order } = await begin(bench);
        const fault = bench.fault(verb, kind as keyof typeof AFTER);
        await bench.fails(verb, write.send(bench, patient(bench, ctx, kind), order), ...lost(bench));
        bench.mustHit(fault, verb);
        await found(bench, write, ctx, order);
        once(bench, order, 'after the lost answer');
      },
    })),
    ...Object.entries(BEFORE).map(([kind, what]): Case<C> => ({
      name: `${verb}: when it took no effect and ${what}, the outcome is unknown and looking invents nothing`,
      async run(bench) {
        const { ctx, order } = await begin(bench);
        const fault = bench.fault(verb, kind as keyof typeof BEFORE);
        await bench.fails(verb, write.send(bench, patient(bench, ctx, kind), order), ...lost(bench));
        bench.mustHit(fault, verb);
        const count = write.effects?.(bench, order) ?? 0;
        must(
          count === 0,
          `the provider's books hold ${count} of what never reached it: is conformance.calls.${verb} the write itself?`,
        );
        const look = await lookFor(bench, write, ctx, order).catch((error: unknown) => {
          must(
            error instanceof Error && error.name !== 'Rejected',
            `looking for it was taken for a refusal: ${String(error)}`,
          );
          return null;
        });
        must((look ?? null) === null, `looking for what never reached the provider answered ${brief(look)}`);
      },
    })),
    {
      name: `${verb}: when it took effect, whatever is missing from the answer, it is a success or the outcome is unknown`,
      run: (bench) => whateverIsMissing(bench, write),
    },
    {
      name: `${verb}: 429 with Retry-After is RateLimited with that delay, without it RateLimited, and nothing took effect`,
      async run(bench) {
        const { ctx, order } = await begin(bench);
        const told = bench.fault(verb, 'http_429', { retryAfter: 7 });
        const failure = await bench.fails(verb, write.send(bench, ctx, order), 'RateLimited');
        bench.mustHit(told, verb);
        must(
          failure.facts.retryAfter === 7,
          `Retry-After: 7 must become facts.retryAfter 7, and became ${failure.facts.retryAfter}`,
        );
        const again = await write.order(bench, ctx);
        bench.fault(verb, 'http_429');
        await bench.fails(verb, write.send(bench, ctx, again), 'RateLimited');
        must((write.effects?.(bench, order) ?? 0) === 0, `the provider's books hold what it turned away`);
      },
    },
    {
      name: `${verb}: when nobody listens it is Unavailable, surely not sent`,
      async run(bench) {
        write.applies(bench);
        const order = await write.order(bench, await bench.signedIn());
        await bench.fails(
          verb,
          write.send(bench, bench.ctx({ config: await bench.nobodyThere() }), order),
          'Unavailable',
        );
      },
    },
    {
      name: `${verb}: an answer that drips beyond the deadline is unknown`,
      async run(bench) {
        const { ctx, order } = await begin(bench);
        const before = bench.seen(verb).length;
        const fault = bench.fault(verb, 'slow_drip', { ms: 250 });
        await bench.fails(verb, write.send(bench, bench.quick(ctx), order), ...lost(bench));
        bench.mustHit(fault, verb);
        const sent = bench.seen(verb).length - before;
        must(sent === 1, `${verb} was sent ${sent} times`);
      },
    },
    {
      name: `${verb}: cancelling ends the call at once, and the outcome is unknown`,
      async run(bench) {
        const { ctx, order } = await begin(bench);
        const stop = new AbortController();
        const fault = bench.fault(verb, 'timeout_after_commit');
        const before = bench.seen(verb).length;
        const work = bench.fails(
          verb,
          write.send(bench, bench.ctx({ session: ctx.session, signal: stop.signal }), order),
          ...lost(bench),
        );
        const ended = await Promise.race([
          bench.until(`the request of ${verb}`, () => bench.seen(verb).length > before).then(() => false),
          work.then(() => true),
        ]);
        must(!ended, `${verb} ended before it was cancelled`);
        stop.abort();
        const slow = await Promise.race([work.then(() => false), sleep(2000, true, { ref: false })]);
        must(
          !slow,
          `${verb} still ran 2 s after ctx.signal was aborted: pass ctx.http every request, it carries the cancellation`,
        );
        bench.mustHit(fault, verb);
      },
    },
    {
      name: `${verb}: is sent once, whatever comes back (a renewed sign-in after 401 aside)`,
      async run(bench) {
        write.applies(bench);
        bench.wire(verb);
        for (const kind of [null, 'reset', 'http_500', 'garbage', 'http_429'] as const) {
          const ctx = await bench.signedIn();
          const order = await write.order(bench, ctx);
          const before = bench.seen(verb).length;
          // Enough for every repeat: an adapter that tries again meets it again.
          if (kind) bench.fault(verb, kind, { times: 20 });
          await write.send(bench, ctx, order).catch((error: unknown) => {
            if (kind === null) throw error;
          });
          bench.control.faults.clear();
          const sent = bench.seen(verb).slice(before);
          const counted = sent.filter(({ status }, n) => !(status === 401 && n === 0));
          must(
            counted.length === 1,
            `${verb} was sent ${counted.length} times when met by ${kind ?? 'no trouble'}: adapters repeat nothing, the workflow asks first`,
          );
        }
      },
    },
  ];
};

/** After a lost answer: by looking, else by repeating where the provider keeps our key, else not at all: an operator decides. */
const found = async <C extends Category, Order>(
  bench: Bench<C>,
  write: Write<C, Order>,
  ctx: AdapterContext,
  order: Order,
): Promise<void> => {
  if (!write.find && bench.provider.idempotency === 'native') return void (await write.send(bench, ctx, order));
  const look = await lookFor(bench, write, ctx, order);
  must(look !== null, `${write.verb} took effect, and looking for it by our reference answered null`);
};

/** Undefined: there is nothing to look with. */
const lookFor = async <C extends Category, Order>(
  bench: Bench<C>,
  { find }: Write<C, Order>,
  ctx: AdapterContext,
  order: Order,
): Promise<unknown> => {
  try {
    return await find?.(bench, ctx, order);
  } catch (error) {
    if (error instanceof DoesNotApply) return undefined;
    throw error;
  }
};
