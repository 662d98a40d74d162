import { secretsIn } from '../../adapters/kit/config.ts';
import type { Verb } from '../../adapters/kit/conformance.ts';
import type { Category } from '../../adapters/kit/manifest.ts';
import type { Bench } from './bench.ts';
import { must, type Case } from './case.ts';

interface Privacy<C extends Category> {
  /** Texts of people that may go over the wire and nowhere else. */
  canaries(bench: Bench<C>): Promise<string[]>;
  /** Calls that send them; `run` makes its own order each time. Without a verb the trouble meets every request of it. */
  calls(bench: Bench<C>): Promise<{ verb: Verb | null; run: (ctx: never) => Promise<unknown> }[]>;
}

const TROUBLE = [null, 'echo', 'garbage', 'http_500', 'reset'] as const;

/** Secrets and people stay out of failures, transcripts and reports, also when the provider repeats our request in its error. */
export const hasPersonalData = <C extends Category>({ canaries, calls }: Privacy<C>): Case<C> => ({
  name: 'neither secrets nor personal data are in failures, transcripts or reports, even when the provider repeats our request',
  async run(bench) {
    const hidden = [...secretsIn(bench.provider.config, bench.config), ...(await canaries(bench))].filter(
      (one) => one.length > 3,
    );
    const said: string[] = [];
    for (const { verb, run } of await calls(bench)) {
      for (const kind of bench.hasSandbox ? TROUBLE : ([null] as const)) {
        const ctx = bench.ctx();
        const wire = verb === null ? {} : bench.hasSandbox ? bench.facts.calls?.[verb] : undefined;
        if (kind && wire) bench.control.fault({ match: wire, kind, times: 20 });
        const what = await run(ctx as never).then(
          (report) => JSON.stringify(report ?? null),
          (error: unknown) => (error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : String(error)),
        );
        if (bench.hasSandbox) bench.control.faults.clear();
        said.push(`${verb ?? 'a look'}, ${kind ?? 'no trouble'}: ${what}`);
      }
    }
    said.push(...bench.transcript.map(({ method, url }) => `transcript: ${method} ${url}`));
    for (const line of said)
      for (const one of hidden)
        must(!line.includes(one), `'${one.slice(0, 4)}…' is in ${line.replaceAll(one, '<PRIVATE>').slice(0, 400)}`);
  },
});
