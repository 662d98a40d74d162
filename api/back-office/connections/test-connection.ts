import { z } from 'zod';
import { CallBook } from '../../../activities/kit/call-book.ts';
import { closeBreaker } from '../../../db/repositories/connection-health.ts';
import { openConnectionRow } from '../../../db/repositories/connections.ts';
import { isHubFailure } from '../../../domain/failures.ts';
import { TIMINGS, timingsNamed } from '../../../domain/timings.ts';
import { lendTools } from '../../../worker/tools.ts';
import type { ApiDeps } from '../../deps.ts';

export const TestResult = z
  .object({
    success: z.boolean(),
    explanation: z.string().meta({ description: 'What was found, in plain words.' }),
    reason: z.string().nullable().meta({ description: 'Stable name of what is wrong.' }),
    milliseconds: z.int(),
  })
  .meta({ id: 'ConnectionTestResult' });

const DEADLINE_MS = 20_000;

const CAN: Partial<Record<string, string>> = {
  Config: 'Check the settings at the provider and here.',
  Unavailable: 'The provider cannot be reached from here, or does not answer: check the address and the network.',
  OutcomeUnknown: 'The provider did not answer in time.',
  RateLimited: 'It answers, but was asked too often: test again later.',
};

/**
 * Asks the provider, from this process, with the stored settings. By the connection's own queue it would have to wait while that is paused, which is
 * when people test. An answer ends the pause.
 */
export const testConnection = async (
  { settings, pool, temporal, measureCall }: ApiDeps,
  connectionId: number,
): Promise<z.input<typeof TestResult>> => {
  const timings = timingsNamed(settings.hubTimings);
  const pauses = timings?.breakerPauses ?? TIMINGS.breakerPauses;
  const book = new CallBook({ pool, pauses, measure: measureCall });
  const tools = lendTools(settings, pool, temporal.client, timings, book);
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  try {
    const { provider } = await openConnectionRow(pool, tools.ring, connectionId);
    const { category, caption } = tools.provider(provider);
    const { adapter, ctx } = await tools.open(category, connectionId, AbortSignal.timeout(DEADLINE_MS));
    await adapter.testConnection(ctx);
    await closeBreaker(pool, connectionId);
    return { success: true, explanation: `${caption} accepts these settings.`, reason: null, milliseconds: since() };
  } catch (error) {
    if (!isHubFailure(error)) {
      return {
        success: false,
        explanation: 'The adapter failed: this is a mistake in the program, see the log.',
        reason: 'internal',
        milliseconds: since(),
      };
    }
    const explanation = [sentence(error.message), CAN[error.type]].filter(Boolean).join(' ');
    return { success: false, explanation, reason: error.reason, milliseconds: since() };
  } finally {
    await book.flush().catch(() => undefined);
  }
};

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
