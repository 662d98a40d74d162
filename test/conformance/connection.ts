import { CAPABILITIES } from '../../adapters/kit/capabilities.ts';
import { secretsIn } from '../../adapters/kit/config.ts';
import type { Category } from '../../adapters/kit/manifest.ts';
import { brief } from './bench.ts';
import { doesNotApply, must, type Case } from './case.ts';
import { lookCases } from './looks.ts';
import { nothingLeftToFillIn } from './scaffold.ts';

/** What every provider promises, whatever its category. */
export const connectionCases = <C extends Category>(): Case<C>[] => [
  nothingLeftToFillIn<C>(),
  {
    name: 'manifest: its words are words of its category, and its example settings fit its schema',
    async run(bench) {
      const { category, capabilities, config, id } = bench.provider;
      const known: readonly string[] = CAPABILITIES[category];
      for (const word of capabilities)
        must(
          known.includes(word),
          `${id} says '${word}', which is no capability of ${category} (adapters/kit/capabilities.ts)`,
        );
      const checked = config.safeParse(bench.config);
      must(checked.success, `the example settings do not fit the schema: ${brief(checked.error?.issues)}`);
      must(
        !bench.hasSandbox || bench.control.vendor.id === id,
        `the sandbox calls itself '${bench.hasSandbox && bench.control.vendor.id}', the manifest '${id}'`,
      );
      must(
        ('webhook' in bench.adapter && bench.adapter.webhook !== undefined) === (bench.provider.webhook !== undefined),
        `manifest.webhook and adapter.webhook must come together`,
      );
      if (known.includes('webhook'))
        must(
          capabilities.includes('webhook') === (bench.provider.webhook !== undefined),
          `the capability 'webhook' and manifest.webhook must come together`,
        );
    },
  },
  {
    name: 'manifest: its sandbox is a new one each time',
    async run(bench) {
      void bench.control;
      const [one, other] = [await bench.provider.sandbox!(), await bench.provider.sandbox!()];
      must(
        one !== other,
        'sandbox() answers the same object twice: each call must make a sandbox with a state of its own, tests run many at once',
      );
    },
  },
  {
    name: 'testConnection: succeeds with good credentials',
    async run(bench) {
      await bench.adapter.testConnection(bench.ctx() as never);
    },
  },
  {
    name: 'testConnection: wrong credentials are Config',
    async run(bench) {
      const wrong = bench.wrongCredentials;
      await bench.fails(
        'testConnection',
        bench.adapter.testConnection(bench.ctx({ config: wrong }) as never),
        'Config',
      );
    },
  },
  {
    name: 'testConnection: wrong credentials are Config also after a good sign-in elsewhere in the process',
    async run(bench) {
      const wrong = bench.wrongCredentials;
      await bench.signedIn();
      await bench.fails(
        'testConnection',
        bench.adapter.testConnection(bench.ctx({ config: wrong }) as never),
        'Config',
      );
    },
  },
  ...lookCases<C>({
    verb: 'testConnection',
    applies: () => undefined,
    prepare: async (bench) => (ctx) => bench.adapter.testConnection(ctx as never),
  }),
  {
    name: 'no secret of the settings is in a failure message or a transcript',
    async run(bench) {
      void bench.control;
      const { config } = bench.provider;
      const wrong = bench.wrongCredentials;
      const secrets = [...secretsIn(config, bench.config), ...secretsIn(config, { ...bench.config, ...wrong })].filter(
        (one) => one.length > 3,
      );
      if (secrets.length === 0) doesNotApply('its settings hold no secret');
      const said: string[] = [];
      const hear = async (work: Promise<unknown>) => {
        await work.catch((error: unknown) =>
          said.push(error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : String(error)),
        );
      };
      const test = (loan: Parameters<typeof bench.ctx>[0] = {}) =>
        hear(bench.adapter.testConnection(bench.ctx(loan) as never));
      await test();
      await test({ config: wrong });
      await test({ config: await bench.nobodyThere() });
      for (const kind of ['echo', 'garbage', 'http_500'] as const) {
        bench.control.fault({ kind, times: 20 });
        await test();
        bench.control.faults.clear();
      }
      must(said.length > 0, 'nothing failed, so nothing was proved');
      const everywhere = [...said, ...bench.transcript.map(({ url }) => url)].join('\n');
      for (const secret of secrets)
        must(
          !everywhere.includes(secret),
          `a secret of the settings ('${secret.slice(0, 2)}…') is in what may be logged: ${everywhere.replaceAll(secret, '<SECRET>').slice(0, 300)}`,
        );
    },
  },
];

/** Whether capability words and methods of the adapter come together. */
export const keepsItsWord = <C extends Category>(
  pairs: readonly (readonly [words: readonly string[], methods: readonly string[]])[],
): Case<C> => ({
  name: 'manifest: every capability has its methods, every method its capability',
  async run(bench) {
    const methods = bench.adapter as unknown as Record<string, unknown>;
    for (const [words, names] of pairs) {
      const claimed = bench.can(...words);
      for (const name of names)
        must(
          claimed === (typeof methods[name] === 'function'),
          claimed
            ? `the manifest says '${words.find((word) => bench.can(word))}', and the adapter has no ${name}`
            : `the adapter has ${name}, and the manifest says none of: ${words.join(', ')}`,
        );
    }
  },
});
