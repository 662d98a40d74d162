/**
 * How far a client is on his way to a level. `open`, `retry`: the client acts; `checking`, `on_hold`: somebody checks; the others are ends, which
 * later news may change. `withdrawn`: the level was given and taken back.
 */
export type CaseState = 'open' | 'checking' | 'on_hold' | 'retry' | 'approved' | 'rejected' | 'expired' | 'withdrawn';

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
  /** The report is older than what is known. */
  stale: boolean;
}

/** The provider has decided, whatever it may say later. */
export const isVerdict = ({ state }: Pick<CheckReport, 'state'>): boolean =>
  state === 'approved' || state === 'retry' || state === 'rejected';

/**
 * What a report makes of a case. An older report changes nothing; an approval ends only by a person's word or its date; a verdict that was dealt with is no news
 * when it is seen again.
 */
export const judge = (
  known: { state: CaseState; attempt: number; settled: boolean },
  report: Pick<CheckReport, 'state' | 'attempt'>,
): Judged => {
  if (report.attempt < known.attempt) return { state: known.state, contested: false, stale: true };
  const given = (state: CaseState, contested = false): Judged => ({ state, contested, stale: false });
  if (known.state === 'approved') {
    return given('approved', report.state === 'rejected' || report.state === 'retry');
  }
  const isNewer = report.attempt > known.attempt;
  if (known.state === 'rejected' && !isNewer) return given(known.state);
  // What is being checked when a level is taken back is not what it was taken back for.
  if (known.state === 'withdrawn' && known.settled && !isNewer) return given(known.state);
  if (known.settled && isVerdict(report) && !isNewer) return given(known.state);
  if (report.state !== 'awaiting_client') return given(report.state);
  return given(known.state === 'retry' || known.state === 'expired' ? known.state : 'open');
};

/** How a client shows who he is: in our own form, or with a provider's SDK or page. */
export const WIZARDS = ['DocumentsWizard', 'SnsWizardSDK', 'ShuftiProSDK', 'IdenfySDK', 'IDWiseSDK'] as const;
export type Wizard = (typeof WIZARDS)[number];
