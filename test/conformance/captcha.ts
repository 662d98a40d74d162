import { secretsIn } from '../../adapters/kit/config.ts';
import { brief, type Bench as AnyBench } from './bench.ts';
import { doesNotApply, must, type Case } from './case.ts';
import { connectionCases } from './connection.ts';
import { lookCases } from './looks.ts';
import { hasPersonalData } from './privacy.ts';

type Bench = AnyBench<'captcha'>;

const tokens = (bench: Bench) =>
  bench.fact(
    'captcha',
    'give two functions that make tokens the sandbox takes for a human and for a robot: { human: () => …, robot: () => … }',
  );
const answer = (token: string) => ({ token, action: 'login', ip: '203.0.113.77' });

export const captchaCases: Case<'captcha'>[] = [
  ...connectionCases<'captcha'>(),
  {
    name: 'check: a human is human',
    async run(bench) {
      const verdict = await bench.adapter.check(bench.ctx(), answer(tokens(bench).human()));
      must(verdict.human, `a human is ${brief(verdict)}`);
      if (bench.can('score'))
        must(
          verdict.score !== undefined && /^[01](\.\d+)?$/.test(verdict.score),
          `the score is ${brief(verdict.score)}, and must be a decimal text from 0 to 1`,
        );
    },
  },
  {
    name: 'check: a robot is none, and the reasons say why or the score is low',
    async run(bench) {
      const verdict = await bench.adapter.check(bench.ctx(), answer(tokens(bench).robot()));
      must(!verdict.human, `a robot is ${brief(verdict)}`);
      must(
        verdict.reasons.length > 0 || verdict.score !== undefined,
        `a robot without reason or score: ${brief(verdict)}`,
      );
    },
  },
  {
    name: 'check: a token is good for one check',
    async run(bench) {
      void bench.control;
      const token = tokens(bench).human();
      await bench.adapter.check(bench.ctx(), answer(token));
      const again = await bench.adapter.check(bench.ctx(), answer(token));
      must(!again.human, `a used token is ${brief(again)}`);
    },
  },
  {
    name: 'check: a token nobody gave out is no human, and no failure',
    async run(bench) {
      for (const token of ['made-up', '', 'x'.repeat(3000)]) {
        const verdict = await bench.adapter.check(bench.ctx(), answer(token));
        must(!verdict.human, `a made-up token is ${brief(verdict)}`);
      }
    },
  },
  {
    name: 'check: a token for another action is no human',
    async run(bench) {
      if (!bench.can('score')) doesNotApply('knows no actions');
      const verdict = await bench.adapter.check(bench.ctx(), {
        ...answer(tokens(bench).human()),
        action: 'an-action-nobody-asked-for',
      });
      must(!verdict.human, `a token for another action is ${brief(verdict)}`);
    },
  },
  {
    name: 'widget: gives the browser a key and a script, and no secret',
    async run(bench) {
      const widget = bench.adapter.widget(bench.ctx().config);
      must(widget.siteKey !== '' && URL.canParse(widget.script), `the widget is ${brief(widget)}`);
      for (const secret of secretsIn(bench.provider.config, bench.config))
        must(!brief(widget).includes(secret), 'the widget shows a secret of the settings to the browser');
    },
  },
  ...lookCases<'captcha'>({
    verb: 'check',
    applies: (bench) => void bench.control,
    prepare: async (bench) => (ctx) => bench.adapter.check(ctx, answer(tokens(bench).human())),
  }),
  hasPersonalData<'captcha'>({
    canaries: async () => ['203.0.113.77'],
    calls: async (bench) => [
      { verb: 'check', run: (ctx: never) => bench.adapter.check(ctx, answer(tokens(bench).human())) },
    ],
  }),
];
