import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import type { DifferenceNow } from '../../activities/reconciliation/prepare-difference.ts';
import type { OpenRequest } from '../../domain/decisions.ts';
import type { DifferenceState } from '../../domain/reconciliation.ts';
import { delay, TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { Decisions } from '../kit/decisions.ts';
import { Progress } from '../kit/progress.ts';
import { hubFailureOf } from '../kit/stopped.ts';
import { uncancelled } from '../kit/uncancelled.ts';
import { differenceNews } from './messages.ts';

export interface DifferenceInput {
  differenceId: number;
  timings?: Partial<Timings>;
}

/**
 * A difference between a provider's books and ours, until a person says that it was put right outside, or both books agree by themselves. It is looked at
 * again from time to time. Nothing is ever posted because of it.
 */
export async function difference(input: DifferenceInput): Promise<DifferenceState> {
  return uncancelled('approve its request, once it was put right outside.', () => new Watch(input));
}

class Watch {
  private readonly input: DifferenceInput;
  private readonly timings: Timings;
  private readonly progress = new Progress();
  private readonly decisions = new Decisions((said) => this.progress.note(said));
  private news = false;
  private why = '';

  constructor(input: DifferenceInput) {
    this.input = input;
    this.timings = { ...TIMINGS, ...input.timings };
    setPatience(this.timings);
    setHandler(differenceNews, ({ said }) => {
      this.progress.note(`News: ${said}.`);
      this.news = true;
    });
  }

  note(said: string): void {
    this.progress.note(said);
  }

  async live(): Promise<DifferenceState> {
    for (let looks = 0; ;) {
      const facts = await this.read();
      if (facts.state !== 'open') return this.end(facts);
      const request = await internal('Asking the operators').openDifferenceRequest(this.input);
      if (request === null) continue; // it has ended in between
      this.decisions.ask(request, null);
      const can =
        'approve the request with a comment once it was put right outside (Update `decide`: mark_done), or go on watching (continue).';
      this.progress.waitingFor(`request ${request.applicationId}: ${facts.why}`, can, { human: true });
      const told = await condition(
        () => this.news || this.decisions.waiting,
        delay(this.timings.differenceLooks, looks),
      );
      if (!told) {
        looks += 1;
        await this.look(facts);
      } else if (this.decisions.waiting) await this.decided(facts, request);
      await this.mayGoOnAnew();
    }
  }

  private async read(): Promise<DifferenceNow> {
    this.news = false;
    const { differenceId } = this.input;
    const facts = await internal('Reading the difference').prepareDifference({ differenceId });
    if (this.why === '') {
      const { connection, provider, clientId, kind } = facts;
      this.progress.about({ kind: 'difference', client: clientId, provider, what: `${connection}: ${kind}` });
    }
    if (this.why !== facts.why) this.progress.stands(facts.state, facts.why);
    this.why = facts.why;
    return facts;
  }

  private async decided(facts: DifferenceNow, request: OpenRequest): Promise<void> {
    const verdict = await this.decisions.next();
    if (!verdict) return;
    if (verdict.word !== 'continue') return;
    // Whoever knows more meanwhile need not wait for the provider.
    this.decisions.ask(request, null);
    await this.look(facts);
  }

  /** Asks the provider for its side once more, and compares. What cannot be asked now is asked next time. */
  private async look(facts: DifferenceNow): Promise<void> {
    const { differenceId } = this.input;
    try {
      await this.readAgain(facts);
      await internal('Comparing again').compareDifference({ differenceId });
      if (facts.kind === 'other_balance' || facts.kind === 'account_missing')
        await internal('Comparing the balance again').compareBalances({
          reconciliationId: facts.reconciliationId,
          after: 0,
          only: facts.accountId,
          settledBefore: Date.now() - this.timings.booksSettle,
        });
      this.progress.note('Looked at again.');
    } catch (error) {
      const failure = hubFailureOf(error);
      this.progress.note(`${facts.provider} could not be asked: ${failure?.message ?? 'the answer was lost'}.`);
    }
  }

  private async readAgain({ books, connectionId, accountId, at, provider }: DifferenceNow): Promise<void> {
    const { booksSettle, settleAfter } = this.timings;
    const again = atProvider(connectionId, `Reading the books of ${provider} again`, settleAfter);
    const from = Math.floor((at - booksSettle) / 1_000) * 1_000;
    if (books === 'movements')
      await again.readMovements({ connectionId, from, to: Math.ceil((at + booksSettle) / 1_000) * 1_000 });
    else if (books === 'accounts' && accountId !== null)
      await again.readAccounts({ connectionId, after: 0, only: accountId, from, carryTo: 0 });
  }

  private async mayGoOnAnew(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested || this.decisions.waiting || !allHandlersFinished()) return;
    await continueAsNew<typeof difference>(this.input);
  }

  private async end({ state, note }: DifferenceNow): Promise<DifferenceState> {
    this.decisions.close();
    await condition(allHandlersFinished);
    this.progress.stands(state, note ?? (state === 'settled' ? 'Settled by a person.' : 'The books agree by now.'));
    this.progress.ended('Nothing is left to watch.');
    return state;
  }
}
