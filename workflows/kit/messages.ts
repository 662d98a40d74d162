import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CancelWish } from '../../domain/cancelling.ts';
import type { Decided, Decision } from '../../domain/decisions.ts';
import type { Begun } from '../../domain/money-order.ts';

/** Sent with the start: answers once there is something worth saying to the one who asked. */
export const begin = defineUpdate<Begun, []>('begin');

/** An operator's word on a run that waits for one. Checked before it enters history, from the API and from Temporal UI alike. */
export const decide = defineUpdate<Decided, [Decision]>('decide');

/** Asks the run to stop while that is still possible. From Temporal UI it is judged as a decision from there is. */
export const cancel = defineUpdate<{ stage: string }, [CancelWish]>('cancel');

/** A provider called. It says only that there is news: the run asks the provider itself before it believes anything. */
export const providerNews = defineSignal<[{ webhookId: string; said: string }]>('providerNews');
