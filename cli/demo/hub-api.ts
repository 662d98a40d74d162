import { randomUUID } from 'node:crypto';

type Json = Record<string, unknown>;

/** A caller of the hub's REST API with one person's token. Throws a sentence with what the API said. */
export class HubApi {
  private readonly origin: string;
  private readonly token: string | undefined;

  constructor(origin: string, token?: string) {
    this.origin = origin;
    this.token = token;
  }

  as(token: string): HubApi {
    return new HubApi(this.origin, token);
  }

  get<T = Json>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T = Json>(path: string, body: Json = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  private async call<T>(method: string, path: string, body?: Json): Promise<T> {
    const response = await fetch(`${this.origin}/api/v2${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body ? { 'content-type': 'application/json', 'idempotency-key': randomUUID() } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json().catch(() => ({}))) as T & {
      error?: { message: string; details?: { issue: string }[] };
    };
    if (!response.ok)
      throw new Error(
        `${method} ${path} answered ${response.status}: ${answer.error?.details?.[0]?.issue ?? answer.error?.message ?? ''}`,
      );
    return answer;
  }
}
