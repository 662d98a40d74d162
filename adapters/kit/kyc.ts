import type { Wizard } from '../../domain/kyc.ts';
import type { AdapterContext } from './context.ts';
import type { ProviderRef } from './payments.ts';
import type { WebhookTranslator } from './webhooks.ts';

/** Whom to check, and how thoroughly. */
export interface KycApplicant {
  /** Ours, unique for ever, opaque: 'K' + 12 base32. One for each client and level; repeating it is the same applicant. */
  reference: string;
  kind: 'individual' | 'company';
  /** The provider's name of the programme, from our verification level: 'basic-kyc-level'. */
  programme: string;
  /** 'en_US' */
  locale: string;
  /** What the client told us; the provider compares it with the documents. Personal data: never kept, never logged. */
  person: {
    firstName?: string;
    lastName?: string;
    /** YYYY-MM-DD */
    birthday?: string;
    /** ISO 3166-1 alpha-3 */
    country?: string;
    email?: string;
    phone?: string;
  };
  /** An approval is to be renewed, or was taken back: a new check is wanted although there is a verdict. */
  anew?: boolean;
  /** Where the client's browser returns to. A courtesy, never a verdict. */
  returnUrl?: string;
}

/** What the client does next. `documents`: he uploads them in our own form. */
export type KycAction =
  | { kind: 'sdk'; sdk: string; token: string; expiresAt: number }
  | { kind: 'redirect'; url: string }
  | { kind: 'documents' };

export interface KycStart {
  providerId: string;
  action: KycAction;
}

/**
 * `awaiting_client`: documents are missing. `checking`, `on_hold` (a person at the provider looks): not final. `retry`: refused, the
 * client may send better documents. `rejected`: for good. `approved` may become `rejected` later (fraud found).
 * Unknown words of theirs become `checking` with `unknownWord` set.
 */
export type KycState = 'awaiting_client' | 'checking' | 'on_hold' | 'approved' | 'retry' | 'rejected';

export interface KycReport {
  providerId: string;
  state: KycState;
  /** Their words, as received. */
  providerStatus: string;
  unknownWord?: boolean;
  /** Their labels for a refusal: 'BAD_PHOTO'. An open list. */
  reasons: string[];
  /** May be shown to the client. */
  comment?: string;
  documents: KycDocument[];
  /** Grows with each verdict of theirs: an older report never replaces a newer one. */
  attempt: number;
}

/** A document they looked at: what it is, not what it shows. */
export interface KycDocument {
  /** 'PASSPORT', 'ID_CARD', 'UTILITY_BILL', … as the provider says. */
  type: string;
  /** ISO 3166-1 alpha-3 */
  country?: string;
  /** YYYY-MM-DD */
  validUntil?: string;
}

/**
 * The contract of category `kyc`. `begin` finds or makes the applicant, so it is harmless to repeat; each call gives a fresh token or page.
 * `find` answers null only when the provider clearly knows no such applicant.
 */
export interface KycAdapter<Config = unknown> {
  /** The word by which apps know its SDK or page (`wizard` of a verification level); absent: B2Core has none for it. */
  wizard?: Wizard;
  begin(ctx: AdapterContext<Config>, applicant: KycApplicant): Promise<KycStart>;
  find(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<KycReport | null>;
  /** Opens a refused applicant for new documents, where the provider wants to be told. */
  reopen?(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<void>;
  webhook?: WebhookTranslator<Config>;
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
