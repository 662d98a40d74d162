import type { z } from 'zod';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import { lendContext, type Loan } from '../../adapters/kit/lend.ts';
import { HubFailure } from '../../domain/failures.ts';

/** What an adapter is lent in a test: real sockets, private addresses allowed unless said otherwise, the provider's own patience. */
export const lend = <P extends { config: z.ZodType; limits: { timeoutMs: number } }>(
  provider: P,
  config: Record<string, unknown>,
  loan: Partial<Loan> = {},
): AdapterContext<z.output<P['config']>> =>
  lendContext(provider, {
    connectionId: 7,
    config,
    callbackUrl: 'http://127.0.0.1:9/webhooks/7',
    session: new Map(),
    allowPrivate: true,
    ...loan,
  });

/** The HubFailure `work` ends with; anything else is an error of the test. */
export const failureOf = async (work: Promise<unknown>): Promise<HubFailure> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HubFailure) return error;
  throw new Error(`no HubFailure but ${String(error)}`);
};
