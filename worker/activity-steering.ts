import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { Steer } from '../activities/kit/activity.ts';
import type { Submission, WizardPlace, WizardWhereabouts } from '../domain/wizards/machine.ts';
import type { arrivals, deposit, difference, payout, payoutReturn, verification } from '../workflows/index.ts';
import { kycDue } from '../workflows/kyc/messages.ts';
import { providerNews } from '../workflows/kit/messages.ts';
import { differenceNews } from '../workflows/reconciliation/messages.ts';
import { wizardSubmit, wizardWhere } from '../workflows/wizards/messages.ts';
import { AGAIN, ONCE, Runs, TO_ITS_END } from './runs.ts';

/** What a run is told the number of. */
const ID_OF = {
  deposit: 'transactionId',
  payout: 'transactionId',
  transfer: 'transactionId',
  openAccount: 'accountId',
  accountChange: 'changeId',
  clientChange: 'changeId',
  message: 'messageId',
  reconciliation: 'reconciliationId',
  difference: 'differenceId',
} as const;

/**
 * A message is tried anew when an operator says so, a window is compared anew, and a difference may be watched again; their rows tell a run that there is nothing to do. What sets or makes one thing goes on
 * when its run was ended from outside.
 */
const HOW = {
  deposit: ONCE,
  payout: ONCE,
  transfer: ONCE,
  openAccount: TO_ITS_END,
  accountChange: TO_ITS_END,
  clientChange: TO_ITS_END,
  message: AGAIN,
  reconciliation: AGAIN,
  difference: AGAIN,
} as const;

/** No longer than Temporal remembers them by its own default, whoever was away. */
const ENDED_WITHIN_MS = 30 * 24 * 3_600_000;

/** A client's way to a level: its row and its run, 'kyc:{client}:{level}'. */
export interface VerifiedCase {
  caseId: number;
  workflowId: string;
}

/** A callback, by its number, and what it says for operators to read. */
interface News {
  webhookId: string;
  said: string;
}

/** What activities ask of runs: to begin what was promised, to bring them news, to go on with a step that was kept. */
export class ActivitySteering extends Runs implements Steer {
  async startWaiting({ workflowId, type, id }: Parameters<Steer['startWaiting']>[0]): Promise<void> {
    const start = this.start(HOW[type], workflowId, { [ID_OF[type]]: id }, `${type} ${id}`);
    await this.ignoreTwins(() => this.client.workflow.start(type, start));
  }

  async endedRuns(types: readonly (keyof typeof ID_OF)[]): Promise<string[]> {
    const since = new Date(Date.now() - ENDED_WITHIN_MS).toISOString();
    const query = `WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')}) AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled') AND CloseTime > '${since}'`;
    const ended = new Set<string>();
    for await (const { workflowId } of this.client.workflow.list({ query })) ended.add(workflowId);
    return [...ended];
  }

  async isRunning(workflowId: string): Promise<boolean> {
    return (await this.standing(workflowId)).running;
  }

  async standing(workflowId: string): Promise<{ running: boolean; failedAt: Date | null }> {
    const last = await this.lastRun(workflowId);
    const failedAt = (last?.status.name === 'FAILED' && last.closeTime) || null;
    return { running: last?.status.name === 'RUNNING', failedAt };
  }

  /** Null: forgotten by now. */
  private async lastRun(workflowId: string): Promise<WorkflowExecutionDescription | null> {
    try {
      return await this.client.workflow.getHandle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  async news({
    workflowId,
    type,
    transactionId,
    webhookId,
    said,
  }: Parameters<Steer['news']>[0]): Promise<'delivered' | 'over'> {
    const delivered = await this.ignoreTwins(() =>
      this.client.workflow.signalWithStart<typeof deposit | typeof payout, [News]>(type, {
        ...this.start(ONCE, workflowId, { transactionId }, `${type} ${transactionId}`),
        signal: providerNews,
        signalArgs: [{ webhookId, said }],
      }),
    );
    return delivered ? 'delivered' : 'over';
  }

  async arrivals({ reference, connectionId, webhookId, said }: Parameters<Steer['arrivals']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof arrivals, [News]>('arrivals', {
      ...this.start(AGAIN, `arrivals:${reference}`, { reference, connectionId }, `payments for ${reference}`),
      signal: providerNews,
      signalArgs: [{ webhookId, said }],
    });
  }

  async payoutReturn({
    transactionId,
    connectionId,
    webhookId,
    said,
  }: Parameters<Steer['payoutReturn']>[0]): Promise<void> {
    const summary = `return of payout ${transactionId}`;
    await this.client.workflow.signalWithStart<typeof payoutReturn, [News]>('payoutReturn', {
      ...this.start(AGAIN, `payout-return:${transactionId}`, { transactionId, connectionId }, summary),
      signal: providerNews,
      signalArgs: [{ webhookId, said }],
    });
  }

  async difference({ differenceId, said }: Parameters<Steer['difference']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof difference, [{ said: string }]>('difference', {
      ...this.start(AGAIN, `difference:${differenceId}`, { differenceId }, `difference ${differenceId}`),
      signal: differenceNews,
      signalArgs: [{ said }],
    });
  }

  async verification({ webhookId, said, ...of }: Parameters<Steer['verification']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof verification, [News]>('verification', {
      ...this.verificationRun(of),
      signal: providerNews,
      signalArgs: [{ webhookId, said }],
    });
  }

  async verificationDue(of: VerifiedCase): Promise<void> {
    await this.client.workflow.signalWithStart<typeof verification, []>('verification', {
      ...this.verificationRun(of),
      signal: kycDue,
    });
  }

  protected verificationRun({ caseId, workflowId }: VerifiedCase) {
    const [, client, level] = workflowId.split(':');
    return this.start(AGAIN, workflowId, { caseId }, `verification of client ${client} for level ${level}`);
  }

  within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    return this.client.withDeadline(Date.now() + ms, work);
  }

  /** A step that was checked. The same input again has the same answer, also when the run is over. */
  async submitStep(uuid: string, submission: Submission): Promise<WizardPlace> {
    return this.reach(() =>
      this.client.workflow
        .getHandle(`wizard:${uuid}`)
        .executeUpdate(wizardSubmit, { args: [submission], updateId: `input-${submission.input}` }),
    );
  }

  /** Where a run is, whatever the books say; also when it is over. */
  async whereIsWizard(uuid: string): Promise<WizardWhereabouts> {
    return this.reach(() => this.client.workflow.getHandle(`wizard:${uuid}`).query(wizardWhere));
  }
}
