/**
 * How far a client is on his way to a level. `open`, `retry`: the client acts; `checking`, `on_hold`: somebody checks; the others are ends, which
 * later news may change. `withdrawn`: the level was given and taken back.
 */
export const CASE_STATES = [
  ...(['open', 'checking', 'on_hold', 'retry'] as const),
  ...(['approved', 'rejected', 'expired', 'withdrawn'] as const),
] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** What the client does next, as his app is told. */
export type WizardAction =
  | { kind: 'sdk'; sdk: string; token: string; expiresAt: number }
  | { kind: 'redirect'; url: string }
  | { kind: 'documents' };

/** A provider's report without what the documents show. */
export interface CheckReport {
  providerId: string;
  state: 'awaiting_client' | 'checking' | 'on_hold' | 'approved' | 'retry' | 'rejected';
  providerStatus: string;
  unknownWord: boolean;
  reasons: string[];
  comment: string | null;
  /** The document that ends first, YYYY-MM-DD. */
  validUntil: string | null;
  attempt: number;
}

export interface Judged {
  state: CaseState;
  /** An approval is taken back by whoever gave it: a person decides about the level. */
  contested: boolean;
  /** A refusal that a person has dealt with is turned over: a person decides about that as well. Runs of before have reports noted without it. */
  overturned?: boolean;
  /** The report is older than what is known. */
  stale: boolean;
}

export type ProviderVerdict = 'approved' | 'retry' | 'rejected';

/** What the provider has decided, whatever it may say later; null: nothing yet. */
export const verdictOf = ({ state }: Pick<CheckReport, 'state'>): ProviderVerdict | null =>
  state === 'approved' || state === 'retry' || state === 'rejected' ? state : null;

/** What is known of the provider's verdicts about a case. */
export interface KnownVerdicts {
  attempt: number;
  /** A person has decided about this attempt, or what it approved has ended. */
  settled: boolean;
  /** What the provider said then; null: not known, so that nothing it says of this attempt is news. */
  settledVerdict: ProviderVerdict | null;
}

/** Whether the provider says what was dealt with: the same about the same attempt. */
export const isDealtWith = (
  { attempt, settled, settledVerdict }: KnownVerdicts,
  report: Pick<CheckReport, 'state' | 'attempt'>,
): boolean => {
  if (!settled || report.attempt !== attempt) return false;
  const verdict = verdictOf(report);
  return verdict === null || settledVerdict === null || verdict === settledVerdict;
};

/**
 * What a report makes of a case. An older report changes nothing; an approval ends only by a person's word or its date; a verdict that was dealt with is no news
 * when it is seen again, but one that the provider turned over is.
 */
export const judge = (
  known: KnownVerdicts & { state: CaseState },
  report: Pick<CheckReport, 'state' | 'attempt'>,
): Judged => {
  if (report.attempt < known.attempt) return { state: known.state, contested: false, stale: true };
  const given = (state: CaseState, more: Partial<Judged> = {}): Judged => ({
    ...{ state, contested: false, stale: false },
    ...more,
  });
  const verdict = verdictOf(report);
  if (known.state === 'approved') return given('approved', { contested: verdict !== null && verdict !== 'approved' });
  const isNewer = report.attempt > known.attempt;
  // What is being checked when a level is taken back is not what it was taken back for.
  if ((known.state === 'rejected' || known.state === 'withdrawn') && known.settled && !isNewer)
    return given(known.state, { overturned: verdict === 'approved' && !isDealtWith(known, report) });
  if (known.state === 'rejected' && !isNewer) return given(verdict === 'approved' ? verdict : known.state);
  if (known.settled && verdict !== null && !isNewer) return given(known.state);
  if (report.state !== 'awaiting_client') return given(report.state);
  return given(known.state === 'retry' || known.state === 'expired' ? known.state : 'open');
};

/** How a client shows who he is: in our own form, or with a provider's SDK or page. */
export const WIZARDS = ['DocumentsWizard', 'SnsWizardSDK', 'ShuftiProSDK', 'IdenfySDK', 'IDWiseSDK'] as const;
export type Wizard = (typeof WIZARDS)[number];
