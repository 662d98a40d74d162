import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CaseState, WizardAction } from '../../domain/kyc.ts';

/** Sent with the start: what the client goes on with. Each call gives a fresh token or page. */
export const kycBegin = defineUpdate<WizardAction, []>('begin');

export interface HandedIn {
  state: CaseState;
  /** The request a person decides. */
  requestId: number | null;
}

/** The client says that he is done; what he handed in is in the books already. Answers where it stands now. */
export const kycHandIn = defineUpdate<HandedIn, []>('handIn');

/** A date has come: a reminder, a deadline, the end of documents. The run looks into the books for what it is. */
export const kycDue = defineSignal('due');
