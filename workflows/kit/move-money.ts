import type { Answer, IdempotencyClass } from '../../domain/outcomes.ts';
import { delay } from '../../domain/timings.ts';
import type { MoneyRun } from './money-run.ts';
import { Stopped } from './stopped.ts';

export interface Move<Report> {
  /** 'Sending through b2binpay' */
  say: string;
  /** The write. Comes back with one of five words; when it does not come back at all, that is `unknown`. */
  send: () => Promise<Answer<Report>>;
  /** The probe: null when the provider clearly never saw it. Throws when it could not be asked. */
  ask: () => Promise<Answer<Report> | null>;
  idempotency: IdempotencyClass;
  /** May be cancelled while it is surely not sent and waits for another attempt. */
  canBeStopped?: boolean;
  /** Notes on our books how far the provider is. */
  onPending?: (report: Report) => Promise<void>;
}

/** `report` is null when an operator, not the provider, said that it is done. */
export interface Settled<Report> {
  report: Report | null;
}

/** How often a write that the provider never saw is sent again before a person is asked. */
const REPEATS = 3;

/**
 * Moves money through a provider and comes back only with certainty: settled, or throws Stopped.
 * A lost answer is asked for with growing delays; the write is repeated only when the provider says it never saw it and its
 * idempotency class allows a repeat; else an operator decides.
 */
export const moveMoney = async <Report>(run: MoneyRun, move: Move<Report>): Promise<Settled<Report>> => {
  run.pointOfNoReturn();
  const sending = new Sending(run, move);
  // Only who just looks hears that it never arrived.
  return (await inCertainty(run, sending, await sending.attempt()))!;
};

/**
 * What another run of this order moved; null when it surely moved nothing. Nothing is sent. Throws Stopped when the provider had refused it, or an operator says
 * that it failed.
 */
export const movedBefore = <Report>(run: MoneyRun, move: Move<Report>): Promise<Settled<Report> | null> => {
  run.pointOfNoReturn();
  const looking = new Sending(run, move, { onlyLooks: true });
  return inCertainty(run, looking, { outcome: 'unknown', message: 'another run of this order may have sent it' });
};

/** From what is known of it to certainty. Null: it never arrived. */
const inCertainty = async <Report>(
  run: MoneyRun,
  sending: Sending<Report>,
  known: Answer<Report>,
): Promise<Settled<Report> | null> => {
  let answer = known;
  for (;;) {
    // A balance operation at a trading platform has none.
    if ('report' in answer) run.progress.calledThere((answer.report ?? {}) as { providerId?: string });
    switch (answer.outcome) {
      case 'done':
        return { report: answer.report };
      case 'refused':
        throw new Stopped('failed', answer.reason, answer.message);
      case 'not_sent':
        answer = await sending.later(answer);
        break;
      case 'pending':
        answer = await sending.newsOrPoll(answer.report);
        break;
      case 'unknown': {
        run.inDoubt = true;
        const found = await sending.probe(answer.message);
        run.inDoubt = false;
        if (found === 'marked_done') return { report: null };
        if (found === 'never_arrived') return null;
        answer = found;
        break;
      }
    }
  }
};

type No = Extract<Answer<never>, { outcome: 'refused' | 'not_sent' }>;

class Sending<Report> {
  private readonly run: MoneyRun;
  private readonly move: Move<Report>;
  private readonly onlyLooks: boolean;
  private startedAt = Date.now();
  /** When an answer was lost that nobody has found again. While it is set, no later "no" is the whole truth. */
  private lostAt: number | null = null;
  /** What a repeat was told while the first attempt was in doubt. */
  private lastNo: No | null = null;
  private retries = 0;
  private polls = 0;
  private repeats = 0;

  /** `onlyLooks`: somebody else sent it, at this moment at the latest. */
  constructor(run: MoneyRun, move: Move<Report>, { onlyLooks = false } = {}) {
    this.run = run;
    this.move = move;
    this.onlyLooks = onlyLooks;
    if (onlyLooks) this.lostAt = Date.now();
  }

  /** Whatever keeps the answer from us — a time-out, a dead worker — leaves the outcome unknown. */
  async attempt(): Promise<Answer<Report>> {
    this.run.progress.at('submitting', `${this.move.say}.`);
    const answer = await this.move
      .send()
      .catch((): Answer<Report> => ({ outcome: 'unknown', message: 'the answer was lost' }));
    if (answer.outcome === 'unknown') {
      this.lostAt = Date.now();
      this.lastNo = null;
      return answer;
    }
    if (this.lostAt !== null && (answer.outcome === 'refused' || answer.outcome === 'not_sent')) {
      this.lastNo = answer;
      return {
        outcome: 'unknown',
        message: `the repeat was answered with no (${answer.message}), the first attempt with nothing`,
      };
    }
    this.lostAt = null;
    return answer;
  }

  /** Surely not sent: try again, until it makes no sense any more. Nothing left the house, so the client may have his money back. */
  async later(answer: {
    reason: string;
    message: string;
    retryAfter?: number;
    queuedMs?: number;
  }): Promise<Answer<Report>> {
    const { timings, progress } = this.run;
    // While the connection is paused orders wait in its queue: that is not trying, so it is no reason to give up.
    this.startedAt += answer.queuedMs ?? 0;
    if (Date.now() - this.startedAt > timings.sendFor) {
      throw new Stopped('failed', answer.reason, `Gave up: ${answer.message}`);
    }
    progress.note(`Not sent: ${answer.message}.`);
    this.run.answer();
    const wait = Math.max(delay(timings.retries, this.retries++), (answer.retryAfter ?? 0) * 1_000);
    const waiting = {
      forWhat: `the provider to be reachable (${answer.message})`,
      can: 'check the connection; it is tried again by itself.',
    };
    const shown = { ...waiting, human: this.retries > 4 };
    if (this.move.canBeStopped) await this.run.waitBeforeSending(shown, wait);
    else await this.run.wait(shown, () => false, wait);
    return this.attempt();
  }

  async newsOrPoll(report: Report): Promise<Answer<Report>> {
    this.run.progress.at('submitted', 'The provider works on it.');
    await this.move.onPending?.(report);
    this.run.answer();
    const since = Date.now();
    const unknownWord = (report as { unknownWord?: boolean }).unknownWord === true;
    for (let unanswered = 0; ;) {
      const long = Date.now() - since > this.run.timings.worryAfter || unanswered > 4;
      const forWhat = unknownWord
        ? 'the provider, which answers with a word we do not know'
        : unanswered > 0
          ? 'the provider, which does not tell how it stands'
          : 'the provider';
      const can = 'look the payment up at the provider if this takes long; it is asked by itself.';
      const { polls, retries } = this.run.timings;
      const soon = unanswered > 0 ? delay(retries, unanswered - 1) : Infinity;
      await this.run.newsOr({ forWhat, can, human: unknownWord || long }, Math.min(soon, delay(polls, this.polls++)));
      const seen = await this.look();
      if (seen !== null && seen !== 'missing') {
        if (seen.outcome !== 'pending') this.run.progress.notWaiting();
        return seen;
      }
      unanswered += 1;
    }
  }

  /** Asks until the provider tells, repeats the write where that is safe, and hands over to an operator when neither helps. */
  async probe(message: string): Promise<Answer<Report> | 'marked_done' | 'never_arrived'> {
    const { run } = this;
    run.progress.note(
      `Outcome unknown: ${message}. Asking the provider whether it arrived; nothing is repeated blindly.`,
    );
    run.answer();
    let firstMiss: number | null = null;
    let missing = false;
    for (let n = 0; n < run.timings.probes.length || (missing && this.mayRepeatLater()); n++) {
      await run.newsOr(
        {
          forWhat: `certainty about ${this.onlyLooks ? 'what another run of this order sent' : 'a lost answer'}`,
          can: 'wait: the provider is asked with growing delays.',
          human: false,
        },
        firstMiss === null ? this.nextLook(n) : run.timings.secondLook,
      );
      const seen = await this.look();
      missing = seen === 'missing';
      if (seen === null) continue;
      if (seen !== 'missing') {
        run.progress.note('Found at the provider.');
        run.progress.notWaiting();
        return seen;
      }
      if (this.attemptIsOver()) firstMiss ??= Date.now();
      const twice = firstMiss !== null && Date.now() - firstMiss >= run.timings.secondLook;
      if (twice && this.lastNo?.outcome === 'refused') {
        this.lostAt = null;
        return this.lastNo; // the first attempt never arrived, and the repeat was refused: that is the truth
      }
      if (this.onlyLooks && twice) {
        if (this.move.idempotency !== 'none') return 'never_arrived';
        break; // there a look proves nothing
      }
      if (!this.onlyLooks && this.mayRepeat(twice)) {
        this.repeats += 1;
        run.progress.note('The provider never saw it: sending again.');
        run.progress.notWaiting();
        return this.attempt();
      }
    }
    return this.assistance();
  }

  private nextLook(n: number): number {
    const { probes } = this.run.timings;
    return n < probes.length ? delay(probes, n) : Math.max(0, this.overAt() - Date.now());
  }

  /** The lost attempt may be on the wire until then. */
  private overAt(): number {
    return (this.lostAt ?? 0) + this.run.timings.settleAfter;
  }

  private attemptIsOver(): boolean {
    return Date.now() >= this.overAt();
  }

  /** At a provider that keeps our key one look is enough; where we only search, two looks apart must both miss. */
  private mayRepeat(missedTwice: boolean): boolean {
    if (this.repeats >= REPEATS) return false;
    return this.move.idempotency === 'native'
      ? this.lastNo === null || missedTwice
      : this.move.idempotency === 'lookup' && missedTwice;
  }

  private mayRepeatLater(): boolean {
    return this.move.idempotency !== 'none' && this.repeats < REPEATS;
  }

  private async assistance(): Promise<Answer<Report> | 'marked_done'> {
    const { run } = this;
    const why = 'The provider does not tell whether it was done.';
    const request = await run.openRequest('assistance', why);
    run.progress.at('assistance', `${why} Request ${request.applicationId} opened.`);
    const can = `look the payment up at the provider by our reference ${run.order.reference}, then decide request ${request.applicationId} or send \`decide\` with \`{"decision": "mark_done", "by": <your user id>}\`, with "mark_failed" (gives the money back) or with "continue" (keeps asking).`;
    for (;;) {
      await run.wait(
        { forWhat: 'an operator: outcome unknown', can, human: true },
        () => run.decisionWaits || run.takeNews(),
      );
      if (!run.decisionWaits) {
        const seen = await this.look();
        if (seen === null || seen === 'missing') continue;
        run.withdrawRequest();
        return seen;
      }
      const verdict = await run.takeDecision();
      if (!verdict) continue;
      run.progress.notWaiting();
      if (verdict.word === 'mark_failed') {
        const said = verdict.comment ?? 'Marked as failed by an operator.';
        throw new Stopped('failed', 'marked_failed', said, verdict.resolutionId);
      }
      return verdict.word === 'mark_done'
        ? 'marked_done'
        : { outcome: 'unknown', message: 'an operator wants to keep asking' };
    }
  }

  /** null = could not be asked; 'missing' = the provider clearly does not know it. */
  private async look(): Promise<Answer<Report> | 'missing' | null> {
    try {
      const seen = await this.move.ask();
      if (seen === null) return 'missing';
      if (seen.outcome === 'unknown' || seen.outcome === 'not_sent') return null;
      this.lostAt = null;
      return seen;
    } catch {
      return null;
    }
  }
}
