/** What the owner of a trading account may do at its platform. `close_only`: close what is open; `read_only`: look. */
export const ACCESS = ['full', 'close_only', 'read_only', 'disabled'] as const;
export type Access = (typeof ACCESS)[number];

export type PasswordKind = 'main' | 'investor';

/** What an account shall be at its platform. The password itself is never here. */
export interface WantedOfAccount {
  leverage?: number;
  group?: string;
  access?: Access;
  password?: PasswordKind;
  /** True: put away; false: brought back. */
  archived?: boolean;
}

export type ChangeStep = keyof WantedOfAccount;

/** In the order in which they are set: a group may limit the leverage. */
const ORDER: readonly ChangeStep[] = ['group', 'leverage', 'access', 'password', 'archived'];

export const stepsOf = (wanted: WantedOfAccount): ChangeStep[] => ORDER.filter((step) => wanted[step] !== undefined);

/** `withdrawing`: it is not sent again, and whether it arrived before is being found out. */
export type ChangeState = 'waiting' | 'withdrawing' | 'done' | 'refused' | 'withdrawn';

export const isOver = (state: ChangeState): state is ChangeEnd['state'] =>
  state !== 'waiting' && state !== 'withdrawing';

/** How a change ends, and why when not as wanted. */
export interface ChangeEnd {
  state: Exclude<ChangeState, 'waiting' | 'withdrawing'>;
  reason: string | null;
  issue: string | null;
}

/** For people: 'leverage 200, group real\pro'. */
export const inWords = (wanted: WantedOfAccount): string =>
  stepsOf(wanted)
    .map((step) => {
      if (step === 'archived') return wanted.archived ? 'put away' : 'brought back';
      if (step === 'password') return `a new ${wanted.password} password`;
      return `${step} ${wanted[step]}`;
    })
    .join(', ');
