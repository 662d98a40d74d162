/** A callback as it came: bytes and headers, never parsed and re-serialised. */
export interface RawWebhook {
  /** Header names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

export type Verdict =
  /** `trust`: how much of the message the signature covers. Whatever it is, the workflow re-reads the object before anything is decided. */
  | { ok: true; dedupeKey: string; trust: 'signed' | 'partial' | 'none' }
  | { ok: false; reason: 'bad_signature' | 'stale' | 'malformed' };

/** What a callback is about. A hint to look again, never a fact to book. */
export interface ProviderNews {
  kind: 'deposit' | 'payout' | 'kyc' | 'message' | 'screening';
  /** Our reference, when the callback carries it. */
  reference?: string;
  providerId?: string;
  /** The payment it tells of (for deposits): 'transfer id' at the provider. */
  paymentId?: string;
  /** It tells of money that went back (refund, dispute, a payment undone), or came back after all. */
  reverses?: boolean;
  /** Their status word, for the operator. */
  said: string;
}

/** What the verifier may know besides the message. */
export interface Reception<Config> {
  config: Config;
  /** The address the provider was told to call; some sign it (Twilio). */
  callbackUrl: string;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface WebhookReply {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

export interface WebhookTranslator<Config = unknown> {
  /** Over the raw bytes, in constant time, without I/O. */
  verify(at: Reception<Config>, raw: RawWebhook): Verdict;
  /** Throws HubFailure `InvalidInput` on a body it cannot read. Empty list: nothing for us in it. */
  translate(config: Config, raw: RawWebhook): ProviderNews[];
  /** What the provider expects to hear; Praxis wants it signed, so the settings are lent. */
  reply(at: Reception<Config>, outcome: 'accepted' | 'rejected'): WebhookReply;
}

/** The reply most providers are content with. */
export const plainReply = (outcome: 'accepted' | 'rejected', body = ''): WebhookReply => ({
  status: outcome === 'accepted' ? 200 : 401,
  body: outcome === 'accepted' ? body : '',
});
