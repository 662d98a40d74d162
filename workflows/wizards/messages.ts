import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Submission, WizardPlace, WizardWhereabouts } from '../../domain/wizards/machine.ts';

/** Sent with the start: answers at the first step that asks something. */
export const wizardOpen = defineUpdate<WizardPlace, []>('open');

/** What was sent has been checked and is kept; the run learns its number and what follows from it, never what it says. */
export const wizardSubmit = defineUpdate<WizardPlace, [Submission]>('submit');

/** For whoever may have missed an answer. */
export const wizardWhere = defineQuery<WizardWhereabouts, []>('where');

/** Ends a run that is not over. `by`: 'user:7', 'client:7', 'tries'. */
export const wizardStop = defineUpdate<WizardPlace, [{ by: string; end: 'cancelled' | 'failed' }]>('stop');

/** For those who look at the run: a wrong code, a code sent again. */
export const wizardNoted = defineSignal<[{ said: string; triesLeft?: number }]>('noted');
