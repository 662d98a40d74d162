import { CancellationScope, continueAsNew, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import type { Part } from '../../activities/reconciliation/compare-books.ts';
import type { WindowFacts } from '../../activities/reconciliation/prepare-reconciliation.ts';
import type { ReconciliationState } from '../../domain/reconciliation.ts';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { askUntilAnswered } from '../kit/ask-until-answered.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { Progress } from '../kit/progress.ts';

export interface ReconciliationInput {
  reconciliationId: number;
  timings?: Partial<Timings>;
  /** Carried on by a run that has become long. */
  facts?: WindowFacts;
  /** How far the provider's books are read: milliseconds, or the last account. */
  readTo?: number;
  read?: Read;
}

interface Read {
  movements: number;
  accounts: number;
}

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A stretch with fewer movements than this is doubled, up to a day; one with more than the other is halved. */
const FEW = 200;
const MANY = 1_000;

/**
 * Compares a provider's own books of one window with ours: reads theirs page by page, then puts each movement beside ours. What differs gets a run and a
 * request of its own (docs/decisions/0032-differences-are-asked-about.md); nothing is ever posted here.
 */
export async function reconciliation(input: ReconciliationInput): Promise<ReconciliationState> {
  const run = new Reconciliation(input);
  try {
    return await run.compare();
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => run.cancelled());
    throw error;
  }
}

class Reconciliation {
  private readonly input: ReconciliationInput;
  private readonly timings: Timings;
  private readonly progress = new Progress();
  private readonly read: Read;

  constructor(input: ReconciliationInput) {
    this.input = input;
    this.timings = { ...TIMINGS, ...input.timings };
    this.read = input.read ?? { movements: 0, accounts: 0 };
    setPatience(this.timings);
  }

  async compare(): Promise<ReconciliationState> {
    const { reconciliationId } = this.input;
    const facts = this.input.facts ?? (await this.prepare());
    this.introduce(facts);
    if (facts.books === null) {
      await internal('Noting: cannot be compared').noteReconciliation({ reconciliationId, state: 'cannot_compare' });
      this.progress.stands(
        'cannot_compare',
        `${facts.provider} shows no books: nothing can be said about this window.`,
      );
      this.progress.ended('Compare its statement by hand.');
      return 'cannot_compare';
    }
    await this.settled(facts);
    if (facts.books === 'movements') await this.readMovements(facts);
    else await this.readAccounts(facts);
    await this.putSideBySide(facts);
    return 'done';
  }

  /** Somebody does not want it any more. Its row must not say that it goes on. */
  async cancelled(): Promise<void> {
    const { reconciliationId } = this.input;
    await internal('Noting: cancelled').noteReconciliation({ reconciliationId, state: 'cancelled' });
    this.progress.stands('cancelled', 'Somebody cancelled it.');
    this.progress.ended('The window can be compared again: POST /reconciliations.');
  }

  private prepare(): Promise<WindowFacts> {
    const { reconciliationId } = this.input;
    const margin = this.timings.booksSettle;
    return internal('Reading what is to be compared').prepareReconciliation({ reconciliationId, margin });
  }

  private introduce({ provider, connection, from, to }: WindowFacts): void {
    const what = `${connection}, ${minute(from)} to ${minute(to)} UTC`;
    this.progress.about({ kind: 'reconciliation', client: null, provider, what });
    this.progress.stands('reading', `Reading the books of ${provider}.`);
  }

  /** What moved at the edge of the window may still be on its way into the other book. */
  private async settled({ to }: WindowFacts): Promise<void> {
    const until = new Date(to + this.timings.booksSettle);
    if (until.getTime() <= Date.now()) return;
    const can = 'wait; it goes on by itself.';
    this.progress.waitingFor('the last movements of the window to settle', can, { human: false, until });
    await sleep(until.getTime() - Date.now(), { summary: 'Settling' });
    this.progress.notWaiting();
  }

  private async readMovements(facts: WindowFacts): Promise<void> {
    const { connectionId, from, to, provider } = facts;
    const { booksSettle } = this.timings;
    const end = seconds(to + booksSettle);
    let stretch = HOUR;
    let next = this.input.readTo ?? seconds(from - booksSettle);
    while (next < end) {
      const until = Math.min(next + stretch, end);
      const summary = `Reading the books of ${provider} from ${minute(next)}`;
      const { movements } = await this.ask(() =>
        this.atProvider(connectionId, summary).readMovements({ connectionId, from: next, to: until }),
      );
      if (movements < FEW) stretch = Math.min(stretch * 2, DAY);
      if (movements > MANY) stretch = Math.max(seconds(stretch / 2), SECOND);
      next = until;
      await this.mayGoOnAnew(facts, next);
    }
  }

  private async readAccounts(facts: WindowFacts): Promise<void> {
    const { connectionId, from, to, provider } = facts;
    const scope = { connectionId, only: null, from: from - this.timings.booksSettle, carryTo: to };
    for (let after: number | null = this.input.readTo ?? 0; after !== null;) {
      const last: number = after;
      const summary = `Reading accounts on ${provider}${last > 0 ? ` after ${last}` : ''}`;
      ({ after } = await this.ask(() =>
        this.atProvider(connectionId, summary).readAccounts({ ...scope, after: last }),
      ));
      if (after !== null) await this.mayGoOnAnew(facts, after);
    }
  }

  /** What no worker takes up, because the provider is left alone, is asked again, so that it shows. */
  private atProvider(connectionId: number, summary: string) {
    return atProvider(connectionId, summary, this.timings.settleAfter);
  }

  private async ask<T extends { movements: number; accounts?: number }>(question: () => Promise<T>): Promise<T> {
    const { reconciliationId } = this.input;
    let shown: string | null = null;
    const show = async (waitsFor: string | null) => {
      if (waitsFor === shown) return;
      shown = waitsFor;
      await internal('Noting what is awaited').noteReconciliation({ reconciliationId, waitsFor });
    };
    const answer = await askUntilAnswered(this.progress, this.timings, 'what its books hold', question, (why) =>
      show(`the provider: ${why}`),
    );
    await show(null);
    this.read.movements += answer.movements;
    this.read.accounts += answer.accounts ?? 0;
    return answer;
  }

  private async mayGoOnAnew(facts: WindowFacts, readTo: number): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await continueAsNew<typeof reconciliation>({ ...this.input, facts, readTo, read: this.read });
  }

  private async putSideBySide({ books }: WindowFacts): Promise<void> {
    const { reconciliationId } = this.input;
    const now = Date.now();
    const horizon = {
      reconciliationId,
      settledBefore: now - this.timings.booksSettle,
      lateBefore: now - this.timings.runSettle,
    };
    this.progress.stands('comparing', 'Both books are read: putting them side by side.');
    await internal('Noting: comparing').noteReconciliation({ reconciliationId, state: 'comparing' });
    const parts: Part[] = ['theirs', 'ours', 'reversals', 'known'];
    for (const part of parts) {
      for (let after: string | null = '0'; after !== null;) {
        const page: string = after;
        ({ after } = await internal(`Comparing: ${SAID[part]}`).compareBooks({ ...horizon, part, after: page }));
      }
    }
    const leftOut = books === 'accounts' ? await this.compareBalances(horizon.settledBefore) : {};
    const closing = { reconciliationId, state: 'done', leftOut, ...this.read } as const;
    const { found, resolved } = await internal('Closing').noteReconciliation(closing);
    this.progress.stands('done', `${found} new differences; ${resolved} ended by themselves.`);
    for (const [why, count] of Object.entries(leftOut)) this.progress.note(`Balance not compared: ${count} ${why}.`);
    this.progress.ended('Both books are compared.');
  }

  private async compareBalances(settledBefore: number): Promise<Record<string, number>> {
    const { reconciliationId } = this.input;
    const leftOut: Record<string, number> = {};
    for (let after: number | null = 0; after !== null;) {
      const page = { reconciliationId, after, only: null, settledBefore };
      const answer = await internal('Comparing balances').compareBalances(page);
      for (const [why, count] of Object.entries(answer.leftOut)) leftOut[why] = (leftOut[why] ?? 0) + count;
      ({ after } = answer);
    }
    return leftOut;
  }
}

const SAID: Record<Part, string> = {
  known: 'differences that are open',
  theirs: 'what the provider moved',
  ours: 'what ended in our books',
  reversals: 'what was taken back',
};

const seconds = (ms: number): number => Math.floor(ms / SECOND) * SECOND;
const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
