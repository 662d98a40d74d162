import {
  type Client,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Steer } from '../activities/kit/activity.ts';
import type { Decided, Decision } from '../domain/decisions.ts';
import { FAILURES, type FailureFacts, type FailureType, HubFailure } from '../domain/failures.ts';
import type { Begun } from '../domain/money-order.ts';
import type { WizardAction } from '../domain/kyc.ts';
import { HUB_QUEUE } from '../domain/queues.ts';
import type { Reason } from '../domain/reasons.ts';
import { TIMINGS, type Timings } from '../domain/timings.ts';
import type { Submission, WizardPlace, WizardWhereabouts } from '../domain/wizards/machine.ts';
import {
  type accountChange,
  type arrivals,
  type deposit,
  type depositAddress,
  type difference,
  type openAccount,
  type payout,
  type payoutReturn,
  type transfer,
  type verification,
  type wizard,
} from '../workflows/index.ts';
import { type HandedIn, kycBegin, kycDue, kycHandIn } from '../workflows/kyc/messages.ts';
import { addressBegin, type AddressAnswer } from '../workflows/money/deposit-address.ts';
import { attributesOf, attributesOfWizard, type Facts } from '../workflows/kit/attributes.ts';
import { begin, cancel, decide, providerNews } from '../workflows/kit/messages.ts';
import { differenceNews } from '../workflows/reconciliation/messages.ts';
import { type ChangeAnswer, changeBegin, changeWithdraw } from '../workflows/trading/account-change.ts';
import { accountBegin, type AccountOpened } from '../workflows/trading/open-account.ts';
import { wizardNoted, wizardOpen, wizardStop, wizardSubmit, wizardWhere } from '../workflows/wizards/messages.ts';
import type { WizardInput } from '../workflows/wizards/wizard.ts';
import { DecisionProof } from './decision-proof.ts';

type MoneyKind = 'deposit' | 'payout' | 'transfer';

/** Start, or find running; a run that is over is never started again: money moves once. */
const ONCE = {
  taskQueue: HUB_QUEUE,
  workflowIdReusePolicy: 'REJECT_DUPLICATE',
  workflowIdConflictPolicy: 'USE_EXISTING',
} as const;
const AGAIN = {
  taskQueue: HUB_QUEUE,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  workflowIdConflictPolicy: 'USE_EXISTING',
} as const;

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
} as const;

/** A client's way to a level: its row and its run, 'kyc:{client}:{level}'. */
export interface VerifiedCase {
  caseId: number;
  workflowId: string;
}

/** Everything anybody asks of Temporal: the API and the activities steer runs through this and nothing else. */
export class Steering implements Steer {
  private readonly client: Client;
  private readonly proof: DecisionProof;
  private readonly timings: Partial<Timings> | undefined;

  /** `timings` shortens the waits of every run started here (tests, demo). */
  constructor(client: Client, payloadKeys: string, timings?: Partial<Timings>) {
    this.client = client;
    this.proof = new DecisionProof(payloadKeys);
    this.timings = timings;
  }

  /**
   * Starts a deposit, payout or transfer and waits for what is worth telling its opener. Repeating it answers the same. `about`: what the run shows from its
   * first moment; without it the run looks it up.
   * Throws HubFailure `Unavailable` when Temporal or the workers cannot be reached: the order is stored and will be started.
   */
  async beginMoney(kind: MoneyKind, transactionId: number, about?: Omit<Facts, 'kind'>): Promise<Begun> {
    const workflowId = `${kind}:${transactionId}`;
    return this.reach(
      async () => {
        const start = new WithStartWorkflowOperation<typeof deposit | typeof payout | typeof transfer>(kind, {
          ...ONCE,
          ...this.patience(),
          workflowId,
          args: [{ transactionId, ...this.given() }],
          staticSummary: `${kind} ${transactionId}`,
          ...(about && { typedSearchAttributes: attributesOf({ kind, ...about }) }),
        });
        return this.client.workflow.executeUpdateWithStart(begin, { startWorkflowOperation: start, updateId: 'begin' });
      },
      () => this.client.workflow.getHandle(workflowId).getUpdateHandle<Begun>('begin').result(),
    );
  }

  async openAccount(accountId: number): Promise<AccountOpened> {
    const workflowId = `open-account:${accountId}`;
    return this.reach(
      async () => {
        const start = new WithStartWorkflowOperation<typeof openAccount>('openAccount', {
          ...ONCE,
          ...this.patience(),
          workflowId,
          args: [{ accountId, ...this.given() }],
          staticSummary: `open account ${accountId}`,
        });
        return this.client.workflow.executeUpdateWithStart(accountBegin, {
          startWorkflowOperation: start,
          updateId: 'begin',
        });
      },
      () => this.client.workflow.getHandle(workflowId).getUpdateHandle<AccountOpened>('begin').result(),
    );
  }

  /** Sets what is wanted of an account at its platform; answers after a while how far it is. */
  async changeAccount(changeId: number): Promise<ChangeAnswer> {
    const start = this.changeStart(changeId);
    return this.reach(
      () =>
        this.client.workflow.executeUpdateWithStart(changeBegin, { startWorkflowOperation: start, updateId: 'begin' }),
      () =>
        this.client.workflow.getHandle(`account-change:${changeId}`).getUpdateHandle<ChangeAnswer>('begin').result(),
    );
  }

  /** Throws HubFailure `Rejected` (not_waiting) when it is over. */
  async withdrawChange(changeId: number, by: string): Promise<ChangeAnswer> {
    return this.reach(
      () =>
        this.client.workflow.executeUpdateWithStart(changeWithdraw, {
          args: [{ by }],
          startWorkflowOperation: this.changeStart(changeId),
          updateId: 'withdraw',
        }),
      () => Promise.reject(new HubFailure('Rejected', 'not_waiting', 'The change is over.')),
    );
  }

  private changeStart(changeId: number) {
    return new WithStartWorkflowOperation<typeof accountChange>('accountChange', {
      ...ONCE,
      ...this.patience(),
      workflowId: `account-change:${changeId}`,
      args: [{ changeId, ...this.given() }],
      staticSummary: `account change ${changeId}`,
    });
  }

  /** A client's own address at a provider. One that was refused may be asked for again. */
  async depositAddress(addressId: number): Promise<AddressAnswer> {
    return this.reach(async () => {
      const start = new WithStartWorkflowOperation<typeof depositAddress>('depositAddress', {
        ...AGAIN,
        ...this.patience(),
        workflowId: `deposit-address:${addressId}`,
        args: [{ addressId, ...this.given() }],
        staticSummary: `deposit address ${addressId}`,
      });
      return this.client.workflow.executeUpdateWithStart(addressBegin, { startWorkflowOperation: start });
    });
  }

  /** What a client goes on with on his way to a level; begins that way. */
  async beginVerification(of: VerifiedCase): Promise<WizardAction> {
    return this.reach(() =>
      this.client.workflow.executeUpdateWithStart(kycBegin, { startWorkflowOperation: this.verificationStart(of) }),
    );
  }

  /** The client is done; answers where it stands. */
  async handIn(of: VerifiedCase): Promise<HandedIn> {
    return this.reach(() =>
      this.client.workflow.executeUpdateWithStart(kycHandIn, { startWorkflowOperation: this.verificationStart(of) }),
    );
  }

  async verification({ webhookId, said, ...of }: Parameters<Steer['verification']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof verification, [{ webhookId: string; said: string }]>(
      'verification',
      { ...this.verificationRun(of), signal: providerNews, signalArgs: [{ webhookId, said }] },
    );
  }

  async verificationDue(of: VerifiedCase): Promise<void> {
    await this.client.workflow.signalWithStart<typeof verification, []>('verification', {
      ...this.verificationRun(of),
      signal: kycDue,
    });
  }

  private verificationStart(of: VerifiedCase) {
    return new WithStartWorkflowOperation<typeof verification>('verification', this.verificationRun(of));
  }

  private verificationRun({ caseId, workflowId }: VerifiedCase) {
    const [, client, level] = workflowId.split(':');
    return {
      ...AGAIN,
      ...this.patience(),
      workflowId,
      args: [{ caseId, ...this.given() }] as [{ caseId: number; timings?: Partial<Timings> }],
      staticSummary: `verification of client ${client} for level ${level}`,
    };
  }

  /** Begins a wizard; answers its first step. Repeating it answers the same. */
  async openWizard(uuid: string, run: Omit<WizardInput, 'timings'>): Promise<WizardPlace> {
    return this.reach(() => {
      const start = new WithStartWorkflowOperation<typeof wizard>('wizard', {
        ...ONCE,
        ...this.patience(),
        workflowId: `wizard:${uuid}`,
        args: [{ ...run, ...this.given() }],
        staticSummary: `${run.type} ${run.runId}`,
        typedSearchAttributes: attributesOfWizard(run.type, run.facts['clientId']),
      });
      return this.client.workflow.executeUpdateWithStart(wizardOpen, {
        startWorkflowOperation: start,
        updateId: 'open',
      });
    });
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

  async stopWizard(uuid: string, by: string, end: 'cancelled' | 'failed'): Promise<WizardPlace> {
    return this.reach(() =>
      this.client.workflow
        .getHandle(`wizard:${uuid}`)
        .executeUpdate(wizardStop, { args: [{ by, end }], updateId: `stop-${by}` }),
    );
  }

  /** Shows operators what happened without a step. */
  async noteWizard(uuid: string, note: { said: string; triesLeft?: number }): Promise<void> {
    await this.client.workflow.getHandle(`wizard:${uuid}`).signal(wizardNoted, note);
  }

  /** A decision with the API's word that this person made it. */
  vouchFor<D extends Decision>(workflowId: string, decision: D): D {
    return { ...decision, proof: this.proof.of(workflowId, decision) };
  }

  /**
   * Brings a decision to its run; answered once the run has taken it and that is durable. It is then to be written down
   * (worker/decide.ts). `updateId` makes a repeated call harmless. Throws HubFailure `Rejected` (not_waiting, own_request, decided_already, forbidden).
   */
  async decide(workflowId: string, decision: Decision, updateId: string): Promise<Decided> {
    return this.reach(() =>
      this.client.workflow.getHandle(workflowId).executeUpdate(decide, { args: [decision], updateId }),
    );
  }

  /** Stops a run while nothing was sent yet. */
  async cancel(workflowId: string, by: string, comment?: string): Promise<{ stage: string }> {
    return this.reach(() =>
      this.client.workflow
        .getHandle(workflowId)
        .executeUpdate(cancel, { args: [{ by, comment }], updateId: `cancel-${by}` }),
    );
  }

  async startWaiting({ workflowId, type, id }: Parameters<Steer['startWaiting']>[0]): Promise<void> {
    const args = [{ [ID_OF[type]]: id, ...this.given() }];
    await this.ignoreTwins(() =>
      this.client.workflow.start(type, {
        // A message is tried anew when an operator says so, and a window compared anew; their rows tell a run that there is nothing to do.
        ...(type === 'message' || type === 'reconciliation' ? AGAIN : ONCE),
        ...this.patience(),
        workflowId,
        args,
        staticSummary: `${type} ${id}`,
      }),
    );
  }

  async news({
    workflowId,
    type,
    transactionId,
    webhookId,
    said,
  }: Parameters<Steer['news']>[0]): Promise<'delivered' | 'over'> {
    const delivered = await this.ignoreTwins(() =>
      this.client.workflow.signalWithStart<typeof deposit | typeof payout, [{ webhookId: string; said: string }]>(
        type,
        {
          ...ONCE,
          ...this.patience(),
          workflowId,
          args: [{ transactionId, ...this.given() }],
          signal: providerNews,
          signalArgs: [{ webhookId, said }],
          staticSummary: `${type} ${transactionId}`,
        },
      ),
    );
    return delivered ? 'delivered' : 'over';
  }

  async arrivals({ reference, connectionId, webhookId, said }: Parameters<Steer['arrivals']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof arrivals, [{ webhookId: string; said: string }]>('arrivals', {
      ...AGAIN,
      ...this.patience(),
      workflowId: `arrivals:${reference}`,
      args: [{ reference, connectionId, ...this.given() }],
      signal: providerNews,
      signalArgs: [{ webhookId, said }],
      staticSummary: `payments for ${reference}`,
    });
  }

  async difference({ differenceId, said }: Parameters<Steer['difference']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof difference, [{ said: string }]>('difference', {
      ...AGAIN,
      ...this.patience(),
      workflowId: `difference:${differenceId}`,
      args: [{ differenceId, ...this.given() }],
      signal: differenceNews,
      signalArgs: [{ said }],
      staticSummary: `difference ${differenceId}`,
    });
  }

  async payoutReturn({
    transactionId,
    connectionId,
    webhookId,
    said,
  }: Parameters<Steer['payoutReturn']>[0]): Promise<void> {
    await this.client.workflow.signalWithStart<typeof payoutReturn, [{ webhookId: string; said: string }]>(
      'payoutReturn',
      {
        ...AGAIN,
        ...this.patience(),
        workflowId: `payout-return:${transactionId}`,
        args: [{ transactionId, connectionId, ...this.given() }],
        signal: providerNews,
        signalArgs: [{ webhookId, said }],
        staticSummary: `return of payout ${transactionId}`,
      },
    );
  }

  private given(): { timings?: Partial<Timings> } {
    return this.timings ? { timings: this.timings } : {};
  }

  /** How long a worker may be silent about a run it was given. */
  private patience(): { workflowTaskTimeout: number } {
    return { workflowTaskTimeout: this.timings?.stickyTask ?? TIMINGS.stickyTask };
  }

  /** False when a run of this id is over already. */
  private async ignoreTwins(start: () => Promise<unknown>): Promise<boolean> {
    try {
      await start();
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  /** Calls Temporal and turns what it throws into our failures. `over` answers for a run that ended before. */
  private async reach<T>(call: () => Promise<T>, over?: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (over && error instanceof WorkflowExecutionAlreadyStartedError) return this.reach(over);
      throw failureOf(error);
    }
  }
}

const failureOf = (error: unknown): unknown => {
  if (error instanceof WorkflowNotFoundError)
    return new HubFailure('Rejected', 'not_waiting', 'The run is over or does not exist.');
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (cause instanceof ApplicationFailure && cause.type && cause.type in FAILURES) {
      const { reason = 'internal', ...facts } = (cause.details?.[0] ?? {}) as { reason?: Reason } & FailureFacts;
      return new HubFailure(cause.type as FailureType, reason, cause.message, facts);
    }
    return new HubFailure('Rejected', 'not_waiting', 'The run ended before it could answer.');
  }
  // An Update that no worker took in time, a server that is down or full: all of them are safe to repeat with the same key.
  if (isGrpcServiceError(error) || (error as Error).name === 'WorkflowUpdateRPCTimeoutOrCancelledError') {
    return new HubFailure(
      'Unavailable',
      'unavailable',
      'The workflow service cannot be reached right now; repeat with the same Idempotency-Key.',
      { retryAfter: 5 },
    );
  }
  return error;
};
