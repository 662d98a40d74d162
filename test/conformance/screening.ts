import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { ScreeningOrder, ScreeningState } from '../../adapters/kit/screening.ts';
import { brief, type Bench as AnyBench } from './bench.ts';
import { callbackCases } from './callbacks.ts';
import { doesNotApply, must, type Case } from './case.ts';
import { connectionCases } from './connection.ts';
import { doubtCases } from './doubt.ts';
import { lookCases } from './looks.ts';
import { hasPersonalData } from './privacy.ts';

type Bench = AnyBench<'screening'>;

const NAME = 'Zeldaquin Quixwoodsen';

const order = (bench: Bench): ScreeningOrder => {
  const { currency, account } = bench.fact(
    'screening',
    "say what is screened, e.g. { currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2, type: 'fiat' }, account: 'CY17…' }",
  );
  return {
    reference: bench.reference(),
    direction: 'out',
    amount: '25.00',
    currency,
    at: bench.now(),
    client: { reference: bench.reference(), kind: 'individual', fullName: NAME },
    counterparty: { account, fullName: NAME },
  };
};

const screened = async (bench: Bench, ctx: AdapterContext) => {
  void bench.control;
  const movement = order(bench);
  const report = await bench.adapter.screen(ctx, movement);
  return { movement, report, ref: { reference: movement.reference, providerId: report.providerId } };
};

const VERDICTS: readonly (readonly [word: string, state: ScreeningState])[] = [
  ['clear', 'clear'],
  ['hold', 'hold'],
  ['reject', 'reject'],
];

const own: Case<'screening'>[] = [
  {
    name: 'screen: answers a report; the same movement twice is one',
    async run(bench) {
      const ctx = bench.ctx();
      const { movement, report } = await screened(bench, ctx);
      must(
        typeof report.providerId === 'string' && report.providerId !== '',
        `providerId is ${brief(report.providerId)}`,
      );
      const again = await bench.adapter.screen(bench.ctx(), movement);
      must(again.providerId === report.providerId, `one reference is ${report.providerId} and ${again.providerId}`);
    },
  },
  {
    name: 'find: our reference alone leads to the movement, a strange one to null',
    async run(bench) {
      const ctx = bench.ctx();
      const { ref } = await screened(bench, ctx);
      const found = await bench.adapter.find(ctx, { reference: ref.reference });
      must(found?.providerId === ref.providerId, `screen answered ${ref.providerId}, and find ${brief(found)}`);
      const nobody = await bench.adapter.find(ctx, { reference: bench.reference() });
      must(nobody === null, `find invents ${brief(nobody)}`);
    },
  },
  ...VERDICTS.map(([word, state]): Case<'screening'> => ({
    name: `verdict: ${word} is ${state}`,
    async run(bench) {
      const ctx = bench.ctx();
      const { ref } = await screened(bench, ctx);
      await bench.advance(ref.providerId, word);
      const found = await bench.adapter.find(ctx, ref);
      must(
        found?.state === state && !found.unknownWord,
        `the provider said ${word}, and the report says ${brief(found)}`,
      );
    },
  })),
  {
    name: 'verdict: a word nobody documented is pending with unknownWord',
    async run(bench) {
      const ctx = bench.ctx();
      const { ref } = await screened(bench, ctx);
      await bench.advance(ref.providerId, 'unknown_word');
      const found = await bench.adapter.find(ctx, ref);
      must(
        found?.state === 'pending' && found.unknownWord === true,
        `it must be pending with unknownWord, and is ${brief(found)}`,
      );
    },
  },
];

export const screeningCases: Case<'screening'>[] = [
  ...connectionCases<'screening'>(),
  ...own,
  ...doubtCases<'screening', ScreeningOrder>({
    verb: 'screen',
    applies: (bench) => void bench.control,
    order: async (bench) => order(bench),
    send: (bench, ctx, movement) => bench.adapter.screen(ctx, movement),
    find: (bench, ctx, { reference }) => bench.adapter.find(ctx, { reference }),
    harmless: () => true,
  }),
  ...lookCases<'screening'>({
    verb: 'find',
    applies: (bench) => void bench.control,
    async prepare(bench, ctx) {
      const { ref } = await screened(bench, ctx);
      return (with_) => bench.adapter.find(with_, ref);
    },
  }),
  ...callbackCases<'screening'>({
    what: 'a screened movement',
    kind: 'screening',
    applies: (bench) => {
      if (!bench.can('webhook')) doesNotApply('sends no callbacks');
    },
    async happen(bench, ctx) {
      const { ref } = await screened(bench, ctx);
      await bench.advance(ref.providerId, 'clear');
      return ref;
    },
  }),
  hasPersonalData<'screening'>({
    canaries: async (bench) => ['Zeldaquin', 'Quixwoodsen', bench.facts.screening?.account ?? ''],
    calls: async (bench) => [
      { verb: 'screen', run: (ctx: never) => bench.adapter.screen(ctx, order(bench)) },
      {
        verb: 'find',
        run: async (ctx: never) => bench.adapter.find(ctx, (await screened(bench, bench.ctx())).ref),
      },
    ],
  }),
];
