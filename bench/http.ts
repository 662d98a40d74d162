import { Agent, request } from 'node:http';
import autocannon from 'autocannon';

export interface HttpCall {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Calls per second over kept-alive connections. Throws when an answer was not the expected status. */
export const hammer = async (
  url: string,
  options: { connections: number; seconds: number; expect: number; calls: HttpCall[]; nextBody?: () => string },
): Promise<{ rate: number; answered: number }> => {
  const { connections, seconds, expect, calls, nextBody } = options;
  const requests = calls.map((call) => ({
    ...call,
    ...(nextBody && { setupRequest: (one: object) => ({ ...one, body: nextBody() }) }),
  }));
  const result = await autocannon({ url, connections, duration: seconds, requests });
  const answered = result.statusCodeStats[String(expect)]?.count ?? 0;
  const others = Object.keys(result.statusCodeStats).filter((status) => status !== String(expect));
  if (others.length > 0 || result.errors > 0 || answered === 0)
    throw new Error(
      `${url}: expected ${expect}, saw ${JSON.stringify(result.statusCodeStats)}, ${result.errors} errors`,
    );
  return { rate: answered / result.duration, answered };
};

const agent = new Agent({ keepAlive: true });

/** One call over a kept-alive connection; answers the parsed body. Throws on any status but `expect`. */
export const callOnce = (origin: string, { method, path, headers, body }: HttpCall, expect: number): Promise<unknown> =>
  new Promise((done, failed) => {
    const sent = request(`${origin}${path}`, { method, headers, agent }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.once('error', failed).once('end', () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode === expect) done(JSON.parse(text));
        else failed(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
    });
    sent.once('error', failed).end(body);
  });
