import { patched } from '@temporalio/workflow';
import type { Arrival, DepositReport } from '../../adapters/kit/payments.ts';
import { sum } from '../../domain/money.ts';
import { delay } from '../../domain/timings.ts';
import type { MoneyRun } from './money-run.ts';
import { Stopped } from './stopped.ts';
import { stubbornly } from './stubbornly.ts';

/** The rate at which a movement changes currency: fixed once, and for no payment that comes after its quote. */
export class FixedRate {
  private readonly run: MoneyRun;
  isFixed = false;
  /** The payments that have it. Null: whatever comes. */
  private payments: readonly string[] | null = null;

  constructor(run: MoneyRun) {
    this.run = run;
  }

  /** Waits until there is a rate: an old or doubtful one is never used. `payments`: what is here of a deposit, as the provider calls it. */
  async fix(payments?: readonly string[]): Promise<void> {
    const { order, transactionId, timings, progress } = this.run;
    if (!order.exchange || (this.isFixed && this.covers(payments))) return;
    for (let n = 0; ; n++) {
      const asking = { transactionId, ...(payments && { payments: [...payments] }) };
      const answer = await stubbornly(this.run, 'Fixing the rate', (hub) => hub.fixRate(asking));
      if (answer.refused) throw new Stopped('failed', answer.refused.reason, answer.refused.issue);
      if (answer.missing === null) {
        this.payments = answer.payments ?? this.payments ?? payments ?? null;
        break;
      }
      const can =
        'see GET /rates/quotes: mend a source, believe a jump, or write a rate down; it is tried again by itself.';
      const waiting = { forWhat: `a rate: ${answer.missing}`, can, human: true };
      await this.run.wait(waiting, () => false, delay(timings.retries, n));
    }
    if (this.isFixed) return;
    this.isFixed = true;
    progress.notWaiting();
    progress.note('The rate is fixed.');
  }

  private covers(payments: readonly string[] | undefined): boolean {
    if (payments === undefined || payments.every((id) => this.has(id))) return true;
    if (patched('a-rate-is-for-what-was-here')) return false;
    this.payments = null;
    return true;
  }

  private has(id: string): boolean {
    return this.payments === null || this.payments.includes(id);
  }

  /**
   * The deposit as far as it has the rate. Else its client could pay a little, and the rest when the market has moved his way: what came later is
   * registered as a deposit of its own. Throws Stopped when nothing is left that has it.
   */
  partOf(report: DepositReport): DepositReport {
    const arrivals = report.arrivals.filter(({ id }) => this.has(id));
    if (!report.arrivals.some((one) => isHere(one) && !this.has(one.id))) return report;
    this.run.newsAtTheEnd = true;
    if (!arrivals.some(isHere)) {
      this.run.payments = [];
      throw new Stopped('failed', 'provider_refused', 'The payment for which its rate was fixed has failed.');
    }
    const there = arrivals.filter((one) => isHere(one) && !one.blocked);
    const processed = there.length > 0 ? sum(there.map(({ amount }) => amount)) : null;
    const others = `Of that ${processed ?? 'nothing yet'} came while its rate stood; what came later becomes a deposit of its own.`;
    return { ...report, arrivals, processed, why: `${report.why ?? report.providerStatus}. ${others}` };
  }
}

/** The provider has it: it does not vanish when its payer thinks better of it, as one that is only seen may. */
export const isHere = ({ state }: Arrival): boolean => state === 'succeeded' || state === 'review';
