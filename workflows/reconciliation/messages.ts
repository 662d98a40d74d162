import { defineSignal } from '@temporalio/workflow';

/** Something was found out about a difference. Its row tells what: the run reads it again. */
export const differenceNews = defineSignal<[{ said: string }]>('differenceNews');
