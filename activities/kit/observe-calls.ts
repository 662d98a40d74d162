import type { Category, ProviderOf } from '../../adapters/kit/manifest.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import { type FailureType, isHubFailure } from '../../domain/failures.ts';
import type { Reason } from '../../domain/reasons.ts';

/** What came of one call of an adapter. */
export interface ObservedCall {
  connectionId: number;
  /** The connection's name: letters, digits, dashes. */
  connection: string;
  provider: string;
  /** 'createPayout' */
  operation: string;
  durationMs: number;
  /** Null: it worked, or the provider said a business no. */
  failure: { type: FailureType; reason: Reason; message: string; retryAfter?: number } | null;
  /** Made with the settings of before: says nothing about those of now. */
  outdated: boolean;
  /** The calls before it had no answer. */
  afterFailure: boolean;
}

export type NoteCall = (call: ObservedCall) => Promise<void>;

/** One set of settings, ready for calls. */
export interface Lent {
  ctx: AdapterContext;
  outdated: boolean;
  connection: string;
  failing: boolean;
}

/** A business no is an answer like any other. */
const ANSWERS: readonly FailureType[] = ['Rejected', 'NotFound', 'InvalidInput', 'Unsupported'];

type Operation = (ctx: AdapterContext, ...rest: unknown[]) => unknown;

export interface Watch {
  lent: Lent;
  /** Asked when `lent`, which something was begun with, does not answer. Its yes counts; its no proves nothing. */
  elsewhere?: () => Promise<Lent>;
  /** Called when what was to begin surely did not. */
  onNothing?: () => Promise<void>;
  note: NoteCall;
  signal?: AbortSignal;
}

/** The adapter, with every call of it noted. */
export const watched = <C extends Category>(provider: ProviderOf<C>, watch: Watch): ProviderOf<C>['adapter'] => {
  const adapter = provider.adapter as object;
  return new Proxy(adapter, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      // `webhook` and what needs no context (a captcha's `widget`) are no calls of the provider.
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      const operation = member.bind(target) as Operation;
      return (ctx: unknown, ...rest: unknown[]) =>
        ctx === watch.lent.ctx ? call(provider.id, name, operation, rest, watch) : operation(ctx as never, ...rest);
    },
  }) as ProviderOf<C>['adapter'];
};

const call = async (
  provider: string,
  name: string,
  operation: Operation,
  rest: unknown[],
  watch: Watch,
): Promise<unknown> => {
  const attempt = (lent: Lent) => noted(provider, name, () => operation(lent.ctx, ...rest), lent, watch);
  try {
    return await attempt(watch.lent);
  } catch (error) {
    if (isHubFailure(error) && error.type !== 'OutcomeUnknown') await watch.onNothing?.().catch(() => undefined);
    if (!watch.elsewhere || (isHubFailure(error) && error.type === 'RateLimited')) throw error;
    const found = await attempt(await watch.elsewhere());
    if (found === null || found === undefined) throw error;
    return found;
  }
};

const noted = async (
  provider: string,
  operation: string,
  run: () => unknown,
  { ctx, connection, outdated, failing }: Lent,
  { note, signal }: Watch,
): Promise<unknown> => {
  const began = performance.now();
  const tell = (failure: ObservedCall['failure']) =>
    note({
      connectionId: ctx.connectionId,
      connection,
      provider,
      operation,
      durationMs: performance.now() - began,
      failure,
      outdated,
      afterFailure: failing,
    });
  try {
    const answer = await run();
    await tell(null);
    return answer;
  } catch (error) {
    if (isHubFailure(error) && !wasCalledOff(signal)) {
      const { type, reason, message, facts } = error;
      const { retryAfter } = facts;
      await tell(
        ANSWERS.includes(type)
          ? null
          : { type, reason, message: ctx.scrub(message), ...(retryAfter === undefined ? {} : { retryAfter }) },
      );
    }
    throw error;
  }
};

/** A call that we ended ourselves says nothing about the provider; one that ran out of time does. */
const wasCalledOff = (signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && (signal.reason as Error | undefined)?.name !== 'TimeoutError';
