import { patched } from '@temporalio/workflow';
import type { DepositAction } from '../../adapters/kit/payments.ts';
import { delay } from '../../domain/timings.ts';
import { atProvider } from './activities.ts';
import { askUntilAnswered } from './ask-until-answered.ts';
import { makeOnce } from './make-once.ts';
import type { MoneyRun } from './money-run.ts';
import { Stopped } from './stopped.ts';

/** A cashier asks the client on a page of its own where his money shall go. Opens that page and waits until he has said it: then it can be paid. */
export const untilClientSaidWhere = async (run: MoneyRun): Promise<void> => {
  const { transactionId, method } = run.order;
  const provider = (say: string) => atProvider(method!.connectionId, say);
  const isKnown = () => provider('Asking whether the client has said where to').findPreparedPayout({ transactionId });
  run.progress.note(`Opening the page at ${method!.provider} where the client says where the money goes.`);
  const { action } = await makeOnce<{ action: DepositAction }>({
    create: () => provider('Opening the page of the payout').preparePayout({ transactionId }),
    // Its address is told once: a page lost with the answer is of use only to a client who is through already.
    find: async () => ((await isKnown()) === null ? null : { action: { kind: 'none' } }),
    timings: run.timings,
    note: (said) => run.progress.note(said),
    pause: run.pause,
  });
  await run.step('Noting where the client goes on', (hub) => hub.notePayoutPrepared({ transactionId, action }));
  run.progress.at('awaiting_client', `The client says at ${method!.provider} where the money goes.`);
  run.answer();
  const until = Date.now() + mayTake(run);
  let unanswered = 0;
  for (let n = 0; ; n++) {
    const said = await isKnown().catch(() => null);
    if (said === 'ready') {
      run.progress.notWaiting();
      return run.progress.note('The client has said where the money goes.');
    }
    const left = until - Date.now();
    const late = said !== null && left <= 0;
    if (said === 'over' || late)
      throw new Stopped('expired', 'expired', 'The client did not say in time where to pay.');
    if (said === 'waiting' && action.kind === 'none')
      throw new Stopped('failed', 'provider_outcome_unknown', 'The page was lost on its way. Please order again.');
    unanswered = said === null ? unanswered + 1 : 0;
    const forWhat = said === null ? 'the provider, which cannot be asked' : 'the client to say where the money goes';
    const can = 'cancel it, or wait: the provider is asked by itself.';
    const pause = delay(run.timings.polls, n);
    await run.newsOr({ forWhat, can, human: unanswered > 4 }, left > 0 ? Math.min(pause, left) : pause);
  }
};

/** Until he has said it he may still cancel: where the rate is fixed he does not have days to see which way the market goes. */
const mayTake = ({ order, timings }: MoneyRun): number =>
  order.exchange && patched('a-fixed-rate-does-not-wait-for-long')
    ? Math.min(timings.payWithin, timings.fixedRateStands)
    : timings.payWithin;

/**
 * Tells `story`, whose payout is prepared at the provider. When it stops, that is taken back there before the hold is given back here. If it
 * is too late for that, because somebody pays it already, the story goes on from `sending`, as if nothing had stopped it.
 */
export const takenBackIfStopped = async <T>(
  run: MoneyRun,
  story: () => Promise<T>,
  sending: () => Promise<T>,
): Promise<T> => {
  try {
    return await story();
  } catch (error) {
    // An operator who says that nothing was paid has looked there himself.
    if (!(error instanceof Stopped) || error.reason === 'marked_failed') throw error;
    if (await isTakenBack(run)) throw error;
    run.tooLateToCancel();
    run.progress.note(`Too late to stop (${error.message}): the provider pays it.`);
    return sending();
  }
};

const isTakenBack = async (run: MoneyRun): Promise<boolean> => {
  const { transactionId, method } = run.order;
  const report = await askUntilAnswered(run.progress, run.timings, 'whether the payout is taken back', () =>
    atProvider(method!.connectionId, 'Taking the payout back').cancelPayout({ transactionId }),
  );
  return report === null || ['failed', 'cancelled', 'returned'].includes(report.state);
};
