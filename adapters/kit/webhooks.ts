import { HubFailure } from '../../domain/failures.ts';
import type { MessageReport } from './messaging.ts';

/** A callback as it came: bytes and headers, never parsed and re-serialised. */
export interface RawWebhook {
  /** Header names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

export type Verdict =
  /**
   * `trust`: how much of the message the signature covers. Whatever it is, the workflow re-reads the object before anything is decided; `none` wakes it
   * ever more rarely (docs/decisions/0071-unsigned-callbacks-wake-rarely.md).
   */
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
  /** It tells of money that went back (refund, dispute, a payment undone) or is not confirmed, or came back after all: a deposit that is over is looked at for nothing less. */
  reverses?: boolean;
  /** Their status word, for the operator. */
  said: string;
  /** What has become of a message. No money hangs on it, and some providers tell it nowhere else. */
  message?: MessageReport;
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

const LONGEST_NAME = 500;
const LONGEST_SAID = 200;

/** What a database can keep and look up. Whoever writes a callback that needs no signature chooses every word of it. */
const isName = (text: string): boolean => text.length <= LONGEST_NAME && !text.includes('\u0000');

/** Proves a callback; one without a name to keep it under is none. */
export const verdictOn = <Config>(
  translator: WebhookTranslator<Config>,
  at: Reception<Config>,
  raw: RawWebhook,
): Verdict => {
  const verdict = translator.verify(at, raw);
  return verdict.ok && !isName(verdict.dedupeKey) ? { ok: false, reason: 'malformed' } : verdict;
};

/** What a callback says, in words that runs and operators can be told. Throws HubFailure `InvalidInput` when it cannot be read. */
export const newsIn = <Config>(
  translator: WebhookTranslator<Config>,
  config: Config,
  raw: RawWebhook,
): ProviderNews[] =>
  translator.translate(config, raw).map((news) => {
    const { reference = '', providerId = '', paymentId = '', said } = news;
    if (![reference, providerId, paymentId].every(isName))
      throw new HubFailure('InvalidInput', 'validation', 'it cannot be read: what it names is no id');
    return {
      ...news,
      said: said
        .replace(/\p{Cc}+/gu, ' ')
        .slice(0, LONGEST_SAID)
        .toWellFormed(),
    };
  });

/** The reply most providers are content with. */
export const plainReply = (outcome: 'accepted' | 'rejected', body = ''): WebhookReply => ({
  status: outcome === 'accepted' ? 200 : 401,
  body: outcome === 'accepted' ? body : '',
});
