import type { CaseState } from './kyc.ts';

/** What of a verification and its level the calendar depends on. Days are days of UTC. */
export interface CaseDates {
  state: CaseState;
  /** Since when it is the client's turn. */
  clientSince: Date | null;
  /** The last day of what was approved, YYYY-MM-DD. */
  validUntil: string | null;
  /** How many reminders of this turn, or of this end, are behind us. */
  reminders: number;
  /** The client is on the level, or above. */
  hasLevel: boolean;
  /** The provider knows the client. */
  begun: boolean;
  remindAfterDays: readonly number[];
  remindBeforeDays: readonly number[];
  deadlineDays: number | null;
}

/**
 * `reminder`: the client began and left. `deadline`: he took too long. `warning`: what was approved ends soon. `end`: it has ended.
 * `look`: nothing but asking the provider, whose news may have been lost.
 */
export type CaseDate = 'reminder' | 'deadline' | 'warning' | 'end' | 'look';

const DAY = 86_400_000;

/** 00:00 UTC of a day, and so many days away from it. */
const dayAt = (day: string, days: number): number => Date.parse(`${day}T00:00:00Z`) + days * DAY;

/** Reminders go from the first to the last, warnings from the longest notice to the shortest. */
const upwards = (days: readonly number[]): number[] => [...days].sort((a, b) => a - b);
const downwards = (days: readonly number[]): number[] => upwards(days).reverse();

/** The next date of a verification, which is due when it is not after `now`; null when none comes. Of two that are due the graver counts. */
export const nextDate = (dates: CaseDates, now: Date): { what: CaseDate; at: Date } | null => {
  const all = [...datesOfTurn(dates, now.getTime()), ...datesOfEnd(dates, now.getTime())];
  const due = all.filter(({ at }) => at <= now.getTime());
  const next = due[0] ?? all.sort((a, b) => a.at - b.at)[0];
  return next ? { what: next.what, at: new Date(next.at) } : null;
};

interface OneDate {
  what: CaseDate;
  at: number;
}

/** Of the client's turn, the graver first. */
const datesOfTurn = (dates: CaseDates, now: number): OneDate[] => {
  const { clientSince, remindAfterDays, reminders, deadlineDays, begun } = dates;
  if (clientSince === null) return [];
  const since = clientSince.getTime();
  const found: OneDate[] = [];
  if (deadlineDays !== null) found.push({ what: 'deadline', at: since + deadlineDays * DAY });
  const days = upwards(remindAfterDays)[reminders];
  if (days !== undefined && (deadlineDays === null || days < deadlineDays))
    found.push({ what: 'reminder', at: since + days * DAY });
  // The longer nothing was heard, the seldomer: half of that time, at least a day, at most thirty.
  if (begun) found.push({ what: 'look', at: now + Math.min(Math.max((now - since) / 2, DAY), 30 * DAY) });
  return found;
};

/** Of the end of what was approved. While new documents are being checked, nobody is taken anything. */
const datesOfEnd = (dates: CaseDates, now: number): OneDate[] => {
  const { state, validUntil, hasLevel, remindBeforeDays, reminders } = dates;
  if (validUntil === null || !hasLevel) return [];
  const end = dayAt(validUntil, 1);
  const isChecked = state === 'checking' || state === 'on_hold';
  const found: OneDate[] = [{ what: 'end', at: isChecked ? Math.max(end, now + DAY) : end }];
  const days = downwards(remindBeforeDays)[reminders];
  if (state === 'approved' && days !== undefined) found.push({ what: 'warning', at: dayAt(validUntil, -days) });
  return found;
};

/** What was approved has ended, and nothing new is being checked. */
export const hasEnded = (dates: CaseDates, now: Date): boolean =>
  datesOfEnd(dates, now.getTime()).some(({ what, at }) => what === 'end' && at <= now.getTime());

const HOUR = 3_600_000;

/** Whose turn it is when it is not the client's. */
export interface CaseWork {
  /** Null: checked by the broker's own people. */
  connectionId: number | null;
  /** A request waits for an operator. */
  asked: boolean;
}

/** A run works on the case until somebody has answered. */
export const isWorkedOn = ({ state, asked }: Pick<CaseDates, 'state'> & Pick<CaseWork, 'asked'>): boolean =>
  asked || state === 'checking' || state === 'on_hold';

/**
 * When the hub looks by itself: on the next date, and hourly whether what is worked on still has its run, which somebody may have ended; sooner as long as nobody
 * was asked to check what the client has handed in.
 */
export const nextLook = (row: CaseDates & CaseWork, now: Date): Date | null => {
  const date = nextDate(row, now)?.at ?? null;
  if (!isWorkedOn(row)) return date;
  const wait = row.connectionId === null && !row.asked ? HOUR / 60 : HOUR;
  return new Date(Math.min(date?.getTime() ?? Infinity, now.getTime() + wait));
};

/** How many reminders lie behind us: one that was slept through is not made up for. */
export const remindersBehind = (
  dates: Pick<CaseDates, 'state' | 'clientSince' | 'validUntil' | 'remindAfterDays' | 'remindBeforeDays'>,
  now: Date,
): number => {
  const { state, clientSince, validUntil, remindAfterDays, remindBeforeDays } = dates;
  if (clientSince !== null)
    return remindAfterDays.filter((days) => clientSince.getTime() + days * DAY <= now.getTime()).length;
  if (state !== 'approved' || validUntil === null) return 0;
  return remindBeforeDays.filter((days) => dayAt(validUntil, -days) <= now.getTime()).length;
};

/** Whole days until the last day of what was approved; 0 on it. */
export const daysUntil = (validUntil: string, now: Date): number =>
  Math.max(0, Math.ceil((dayAt(validUntil, 0) - now.getTime()) / DAY));

/**
 * Whether what was decided may be begun anew: it has ended, was taken back, or ends within the longest notice (without any notice, within thirty days).
 */
export const mayBeginAnew = (
  {
    state,
    validUntil,
    hasLevel,
    remindBeforeDays,
  }: Pick<CaseDates, 'state' | 'validUntil' | 'hasLevel' | 'remindBeforeDays'>,
  now: Date,
): boolean => {
  if (state === 'expired' || state === 'withdrawn') return true;
  if (state !== 'approved') return false;
  if (!hasLevel) return true;
  const notice = remindBeforeDays.length > 0 ? Math.max(...remindBeforeDays) : 30;
  return validUntil !== null && dayAt(validUntil, -notice) <= now.getTime();
};

/** Whether a client who has the level may walk there again: what proves it ends soon, or he is on his way already, or was and missed the deadline. */
export const mayRenew = (dates: Parameters<typeof mayBeginAnew>[0], now: Date): boolean =>
  dates.validUntil !== null &&
  (dates.state === 'approved'
    ? mayBeginAnew(dates, now)
    : ['open', 'retry', 'checking', 'on_hold', 'expired'].includes(dates.state));
