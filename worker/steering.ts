import { randomUUID } from 'node:crypto';
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { CancelWish } from '../domain/cancelling.ts';
import type { Decided, Decision } from '../domain/decisions.ts';
import { HubFailure } from '../domain/failures.ts';
import type { Begun } from '../domain/money-order.ts';
import type { WizardAction } from '../domain/kyc.ts';
import type { Timings } from '../domain/timings.ts';
import type { WizardPlace } from '../domain/wizards/machine.ts';
import type {
  accountChange,
  deposit,
  depositAddress,
  openAccount,
  payout,
  transfer,
  verification,
  wizard,
} from '../workflows/index.ts';
import { type HandedIn, kycBegin, kycHandIn } from '../workflows/kyc/messages.ts';
import { addressBegin, type AddressAnswer } from '../workflows/money/deposit-address.ts';
import { attributesOf, attributesOfWizard, type Facts } from '../workflows/kit/attributes.ts';
import { begin, cancel, decide, providerNews } from '../workflows/kit/messages.ts';
import { type ChangeAnswer, changeBegin, changeWithdraw } from '../workflows/trading/account-change.ts';
import { accountBegin, accountGiveUp, type AccountOpened } from '../workflows/trading/open-account.ts';
import { wizardNoted, wizardOpen, wizardStop } from '../workflows/wizards/messages.ts';
import type { WizardInput } from '../workflows/wizards/wizard.ts';
import { ActivitySteering, type VerifiedCase } from './activity-steering.ts';
import { DecisionProof } from './decision-proof.ts';
import { AGAIN, ONCE, ONCE_MORE, TO_ITS_END } from './runs.ts';

type MoneyKind = 'deposit' | 'payout' | 'transfer';

/** Everything anybody asks of Temporal: the API and the activities steer runs through this and nothing else. */
export class Steering extends ActivitySteering {
  private readonly proof: DecisionProof;

  constructor(client: Client, payloadKeys: string, timings?: Partial<Timings>) {
    super(client, timings);
    this.proof = new DecisionProof(payloadKeys);
  }

  /**
   * Starts a deposit, payout or transfer and waits for what is worth telling its opener. Repeating it answers the same. `about`: what the run shows from its
   * first moment; without it the run looks it up.
   * Throws HubFailure `Unavailable` when Temporal or the workers cannot be reached: the order is stored and will be started.
   */
  async beginMoney(kind: MoneyKind, transactionId: number, about?: Omit<Facts, 'kind'>): Promise<Begun> {
    const workflowId = `${kind}:${transactionId}`;
    return this.begins(
      async () => {
        const start = new WithStartWorkflowOperation<typeof deposit | typeof payout | typeof transfer>(kind, {
          ...this.start(ONCE, workflowId, { transactionId }, `${kind} ${transactionId}`),
          ...(about && { typedSearchAttributes: attributesOf({ kind, ...about }) }),
        });
        return this.client.workflow.executeUpdateWithStart(begin, { startWorkflowOperation: start, updateId: 'begin' });
      },
      () => this.client.workflow.getHandle(workflowId).getUpdateHandle<Begun>('begin').result(),
    );
  }

  /**
   * Begins an order's run once more that was ended from outside (terminated, failed for good). It asks its provider first what the one before has sent. Throws
   * HubFailure `Rejected` (not_waiting) when the run goes on, or came to its end.
   */
  async resumeMoney(kind: MoneyKind, transactionId: number): Promise<void> {
    const start = this.start(ONCE_MORE, `${kind}:${transactionId}`, { transactionId }, `${kind} ${transactionId}`);
    return this.reach(
      async () => void (await this.client.workflow.start(kind, start)),
      () => Promise.reject(new HubFailure('Rejected', 'not_waiting', 'Its run goes on, or came to its end.')),
    );
  }

  async openAccount(accountId: number): Promise<AccountOpened> {
    const workflowId = `open-account:${accountId}`;
    return this.begins(
      async () => {
        const how = this.start(TO_ITS_END, workflowId, { accountId }, `open account ${accountId}`);
        const start = new WithStartWorkflowOperation<typeof openAccount>('openAccount', how);
        return this.client.workflow.executeUpdateWithStart(accountBegin, {
          startWorkflowOperation: start,
          updateId: 'begin',
        });
      },
      () => this.client.workflow.getHandle(workflowId).getUpdateHandle<AccountOpened>('begin').result(),
    );
  }

  /** Stops asking the platform for it; answers how it stands. Throws HubFailure `Rejected` (not_waiting) when that is over. */
  async giveUpAccount(accountId: number, by: string): Promise<AccountOpened> {
    const how = this.start(TO_ITS_END, `open-account:${accountId}`, { accountId }, `open account ${accountId}`);
    return this.begins(
      () =>
        this.client.workflow.executeUpdateWithStart(accountGiveUp, {
          args: [{ by }],
          startWorkflowOperation: new WithStartWorkflowOperation<typeof openAccount>('openAccount', how),
          updateId: 'give-up',
        }),
      () => Promise.reject(new HubFailure('Rejected', 'not_waiting', 'The platform is not asked for it any more.')),
    );
  }

  /** Sets what is wanted of an account at its platform; answers after a while how far it is. */
  async changeAccount(changeId: number): Promise<ChangeAnswer> {
    return this.begins(
      () =>
        this.client.workflow.executeUpdateWithStart(changeBegin, {
          startWorkflowOperation: this.changeStart(changeId),
          updateId: 'begin',
        }),
      () =>
        this.client.workflow.getHandle(`account-change:${changeId}`).getUpdateHandle<ChangeAnswer>('begin').result(),
    );
  }

  /** Throws HubFailure `Rejected` (not_waiting) when it is over. */
  async withdrawChange(changeId: number, by: string): Promise<ChangeAnswer> {
    return this.begins(
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
    return new WithStartWorkflowOperation<typeof accountChange>(
      'accountChange',
      this.start(TO_ITS_END, `account-change:${changeId}`, { changeId }, `account change ${changeId}`),
    );
  }

  /** A client's own address at a provider. One that was refused may be asked for again. */
  async depositAddress(addressId: number): Promise<AddressAnswer> {
    return this.reach(async (updateId) => {
      const how = this.start(AGAIN, `deposit-address:${addressId}`, { addressId }, `deposit address ${addressId}`);
      const start = new WithStartWorkflowOperation<typeof depositAddress>('depositAddress', how);
      return this.client.workflow.executeUpdateWithStart(addressBegin, { startWorkflowOperation: start, updateId });
    });
  }

  /** What a client goes on with on his way to a level; begins that way. */
  async beginVerification(of: VerifiedCase): Promise<WizardAction> {
    return this.reach((updateId) =>
      this.client.workflow.executeUpdateWithStart(kycBegin, {
        startWorkflowOperation: this.verificationStart(of),
        updateId,
      }),
    );
  }

  /** The client is done; answers where it stands. */
  async handIn(of: VerifiedCase): Promise<HandedIn> {
    return this.reach((updateId) =>
      this.client.workflow.executeUpdateWithStart(kycHandIn, {
        startWorkflowOperation: this.verificationStart(of),
        updateId,
      }),
    );
  }

  private verificationStart(of: VerifiedCase) {
    return new WithStartWorkflowOperation<typeof verification>('verification', this.verificationRun(of));
  }

  /** Begins a wizard; answers its first step. Repeating it answers the same. */
  async openWizard(uuid: string, run: Omit<WizardInput, 'timings'>): Promise<WizardPlace> {
    return this.reach(() => {
      const start = new WithStartWorkflowOperation<typeof wizard>('wizard', {
        ...this.start(ONCE, `wizard:${uuid}`, run, `${run.type} ${run.runId}`),
        typedSearchAttributes: attributesOfWizard(run.type, run.facts['clientId']),
      });
      return this.client.workflow.executeUpdateWithStart(wizardOpen, {
        startWorkflowOperation: start,
        updateId: 'open',
      });
    });
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

  /** Stops a run while nothing was sent yet, with the API's word that this person wants it. Throws HubFailure `Rejected` (already_done, restricted, not_waiting). */
  async cancel(workflowId: string, given: Omit<CancelWish, 'proof'>): Promise<{ stage: string }> {
    const wish = { ...given, proof: this.proof.ofCancel(workflowId, given) };
    // Each call is one: what was refused once, Temporal would refuse for ever under the same id.
    const updateId = `cancel-${given.requestId ?? randomUUID()}`;
    return this.reach(() =>
      this.client.workflow.getHandle(workflowId).executeUpdate(cancel, { args: [wish], updateId }),
    );
  }

  /** A run that waits for a person looks at its provider and the books again. Throws HubFailure `Rejected` (not_waiting) when there is none. */
  async lookAgain(workflowId: string, said: string): Promise<void> {
    await this.reach(() => this.client.workflow.getHandle(workflowId).signal(providerNews, { webhookId: '0', said }));
  }
}
