import type { z } from 'zod';
import { HubFailure } from '../../domain/failures.ts';
import { secretsIn } from './config.ts';
import { createConnector } from './connect.ts';
import type { AdapterContext } from './context.ts';
import { createHttpClient, type TranscriptLine } from './http.ts';

/** What the engine knows about one call. */
export interface Loan {
  connectionId: number;
  /** As stored; checked here against the schema. */
  config: unknown;
  callbackUrl: string;
  /** Lives as long as this version of the connection. */
  session: Map<string, unknown>;
  /** Sandboxes live on loopback; production refuses private addresses. */
  allowPrivate: boolean;
  /** Longest exchange, milliseconds; the manifest or the adapter may ask for less. */
  longestMs?: number;
  /** Longest life of a socket, milliseconds; the manifest may ask for less. A mail server may think about a mail for longer than any HTTP exchange lasts. */
  longestTalkMs?: number;
  signal?: AbortSignal;
  now?: () => number;
  onTranscript?: (line: TranscriptLine) => void;
}

interface Lender {
  config: z.ZodType;
  limits: { timeoutMs: number };
}

/** Everything an adapter is lent for one call. Throws `Config` naming the fields that do not fit the manifest's schema. */
export const lendContext = <P extends Lender>(provider: P, loan: Loan): AdapterContext<z.output<P['config']>> => {
  const { connectionId, callbackUrl, session, allowPrivate, longestMs, longestTalkMs, signal, onTranscript } = loan;
  const secrets = secretsIn(provider.config, loan.config);
  return {
    connectionId,
    config: checkedConfig(provider, loan.config, `connection ${connectionId}`) as z.output<P['config']>,
    http: createHttpClient({
      timeoutMs: provider.limits.timeoutMs,
      allowPrivate,
      ...(longestMs !== undefined && { longestMs }),
      ...(signal && { signal }),
      ...(onTranscript && { onTranscript }),
    }),
    connect: createConnector({
      timeoutMs: Math.min(provider.limits.timeoutMs, longestTalkMs ?? Infinity),
      allowPrivate,
      ...(signal && { signal }),
    }),
    now: loan.now ?? (() => Date.now()),
    scrub: (text) => scrubbed(text, secrets),
    callbackUrl,
    session,
  };
};

/** `what`: 'connection 7', for the message. */
export const checkedConfig = (provider: Pick<Lender, 'config'>, stored: unknown, what: string): unknown => {
  const config = provider.config.safeParse(stored);
  if (config.success) return config.data;
  const fields = config.error.issues.map((issue) => issue.path.join('.') || 'settings').join(', ');
  throw new HubFailure('Config', 'provider_misconfigured', `the settings of ${what} are wrong: ${fields}`);
};

/** Longest first: a secret that contains another must go as a whole. What is long enough to be a key, a token or an address goes too. */
const scrubbed = (text: string, secrets: readonly string[]): string =>
  secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((said, secret) => said.replaceAll(secret, '…'), text)
    .replace(/[A-Za-z0-9._~+/=-]{20,}/g, '…')
    .slice(0, 160);
