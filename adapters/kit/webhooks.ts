export interface RawWebhook {
  headers: Record<string, string>;
  body: Buffer;
}

export type Verdict =
  /** `trust`: how much of the message the signature covers. Whatever it is, the workflow re-reads the object before money moves. */
  | { ok: true; dedupeKey: string; trust: 'signed' | 'partial' | 'none' }
  | { ok: false; reason: 'bad_signature' | 'stale' | 'malformed' };

/** What a callback is about. A hint to look again, never a fact to book. */
export interface ProviderNews {
  kind: 'deposit' | 'payout';
  /** Our reference, when the callback carries it. */
  reference?: string;
  providerId?: string;
  /** The payment it tells of (for deposits): 'transfer id' at the provider. */
  paymentId?: string;
  /** Their status word, for the operator. */
  said: string;
}

export interface WebhookTranslator<Config = unknown> {
  /** Over the raw bytes, in constant time, without I/O. */
  verify(config: Config, raw: RawWebhook, now: number): Verdict;
  /** Throws HubFailure `InvalidInput` on a body it cannot read. Empty list: nothing for us in it. */
  translate(config: Config, raw: RawWebhook): ProviderNews[];
  /** What the provider expects to hear. */
  reply(outcome: 'accepted' | 'rejected'): { status: number; headers?: Record<string, string>; body: string };
}
