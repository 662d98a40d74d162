import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { providers } from '../adapters/installed.ts';
import type { Figure, Way } from './figure.ts';
import { quantile } from './load.ts';

const PER_SECOND = 200;
const SECONDS = 20;

/** SumSub gives a connection one second; nobody else says. Of answers NOWPayments wants the fastest, faster than any provider installed here. */
const CONNECTED_WITHIN_MS = 1_000;
const ANSWERED_WITHIN_MS = Math.min(3_000, ...providers.flatMap(({ webhook }) => webhook?.answerWithinMs ?? []));

interface Call {
  connectedMs: number;
  answeredMs: number;
}

/** One callback on a connection of its own, as vendors send them. Throws on any answer but 200. */
const callback = (url: string, headers: Record<string, string>, body: string): Promise<Call> =>
  new Promise((done, failed) => {
    const began = performance.now();
    let connectedMs = Infinity;
    const sent = request(url, { method: 'POST', headers, agent: new Agent() }, (answer) => {
      answer.resume();
      answer.once('error', failed).once('end', () => {
        if (answer.statusCode === 200) done({ connectedMs, answeredMs: performance.now() - began });
        else failed(new Error(`a callback was answered ${answer.statusCode}`));
      });
    });
    sent.once('socket', (socket) => socket.once('connect', () => (connectedMs = performance.now() - began)));
    sent.once('error', failed).end(body);
  });

/** Sends at a constant rate, whoever is slow: a vendor does not wait for our answers. */
const steadily = async (send: () => Promise<Call>): Promise<Call[]> => {
  const calls: Promise<Call>[] = [];
  const began = performance.now();
  for (let n = 0; n < PER_SECOND * SECONDS; n++) {
    const early = began + (n * 1000) / PER_SECOND - performance.now();
    if (early > 1) await sleep(early);
    calls.push(send());
  }
  return Promise.all(calls);
};

const isOnTime = ({ connectedMs, answeredMs }: Call): boolean =>
  connectedMs <= CONNECTED_WITHIN_MS && answeredMs <= ANSWERED_WITHIN_MS;

/** Callbacks at a constant rate: how many are answered inside the strictest deadline of any vendor. */
export const onTime = (options: {
  ours: string;
  bare: string;
  headers: Record<string, string>;
  message: () => string;
  afterOurs: (sent: number) => Promise<void>;
}): Figure => {
  const { ours, bare, headers, message, afterOurs } = options;
  let [sent, late] = [0, 0];
  const to = (url: string) => steadily(() => callback(url, headers, message()));
  const way = (name: string, round: Way['round']): Way => ({ name, round });
  const reference = way('node:http and one raw insert', async () => p99(await to(bare)));
  return {
    name: `Webhook answered, ${PER_SECOND}/s for ${SECONDS} s, each on its own connection`,
    unit: 'ms, 99th percentile of a round',
    ours: way('ours: POST /webhooks/{connectionId}', async () => {
      const calls = await to(ours);
      sent += calls.length;
      late += calls.filter((call) => !isOnTime(call)).length;
      await afterOurs(calls.length);
      return p99(calls);
    }),
    references: [reference],
    targets: [],
    notes: async () => [
      `Ours: ${(((sent - late) / sent) * 100).toFixed(2)} % of ${sent} connected within ${CONNECTED_WITHIN_MS / 1000} s and answered within ${ANSWERED_WITHIN_MS / 1000} s, the strictest deadlines any vendor names.`,
    ],
  };
};

const p99 = (calls: readonly Call[]): number =>
  quantile(
    calls.map(({ answeredMs }) => answeredMs),
    0.99,
  );
