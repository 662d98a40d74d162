/** What a glance answers when the books keep it waiting: its run does the same as a step of its own (docs/decisions/0096-glances-end-with-their-task.md). */
export const HELD_UP = { hubHeldUp: true } as const;

export const isHeldUp = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'hubHeldUp' in answer;
