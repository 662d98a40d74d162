import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  status: number;
  // Answers are looked into freely; what matters about them is asserted by the invariants.
  body: unknown;
}

interface Said {
  token?: string | undefined;
  key?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

/** No answer, 429 and 503 ask to come again. A 500 does not: in no weather may the hub be at a loss. */
export const isAnswered = ({ status }: Answer): boolean =>
  (status >= 200 && status < 500 && status !== 429) || status === 500;

/** A caller of the API who behaves as its documentation asks: what is not answered is repeated under the same key. */
export class HubApi {
  private readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  /** `route`: 'POST /my/withdrawals'. Gives up, with status 0, after `forMs`. */
  async call(route: string, { forMs = 30_000, ...said }: Said & { forMs?: number }): Promise<Answer> {
    const until = Date.now() + forMs;
    let last: Answer = { status: 0, body: null };
    for (let n = 0; Date.now() < until; n++) {
      last = await this.once(route, said, Math.min(5_000, until - Date.now()));
      if (isAnswered(last)) return last;
      await sleep(Math.min(100 * (n + 1), 500));
    }
    return last;
  }

  /** One try; status 0 when no answer came. */
  async once(route: string, { token, key, body, headers }: Said, withinMs = 20_000): Promise<Answer> {
    const [method, path] = route.split(' ') as [string, string];
    try {
      const response = await fetch(`${this.origin}/api/v2${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(Math.max(1, withinMs)),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    } catch {
      return { status: 0, body: null };
    }
  }
}

/** The first detail of an error body, in one line. */
export const complaintOf = ({ status, body }: Answer): string => {
  const detail = (body as { error?: { details?: { reason?: string; issue?: string; field?: string }[] } } | null)?.error
    ?.details?.[0];
  return `${status} ${detail?.reason ?? ''} ${detail?.field ?? ''} ${detail?.issue ?? ''}`.trim();
};
