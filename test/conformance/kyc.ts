import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { KycApplicant, KycReport, KycState } from '../../adapters/kit/kyc.ts';
import { brief, type Bench as AnyBench } from './bench.ts';
import { callbackCases } from './callbacks.ts';
import { doesNotApply, must, type Case } from './case.ts';
import { connectionCases, keepsItsWord } from './connection.ts';
import { doubtCases } from './doubt.ts';
import { lookCases } from './looks.ts';
import { hasPersonalData } from './privacy.ts';
import { isDay } from '../../domain/days.ts';

type Bench = AnyBench<'kyc'>;

const PERSON = {
  firstName: 'Zeldaquin',
  lastName: 'Quixwoodsen',
  birthday: '1987-11-23',
  country: 'CYP',
  email: 'zeldaquin.quixwoodsen@canary.example',
  phone: '+35799173651',
};

const applicant = (bench: Bench): KycApplicant => ({
  reference: bench.reference(),
  kind: 'individual',
  programme: bench.hasSandbox
    ? bench.fact('kyc', "name a programme of the sandbox, e.g. { programme: 'basic-kyc-level' }").programme
    : (bench.facts.kyc?.programme ?? 'documents'),
  locale: 'en_US',
  person: PERSON,
  returnUrl: 'https://crm.example/back',
});

/** Applicants of a provider behind a wire; the built-in form has no vendor who could answer. */
const asksSomebody = (bench: Bench): void => {
  void bench.control;
};

const begun = async (bench: Bench, ctx: AdapterContext) => {
  const order = applicant(bench);
  const { providerId, action } = await bench.adapter.begin(ctx, order);
  return { order, providerId, action, ref: { reference: order.reference, providerId } };
};

const look = async (
  bench: Bench,
  ctx: AdapterContext,
  ref: { reference: string; providerId?: string },
): Promise<KycReport> => {
  const report = await bench.adapter.find(ctx, ref);
  must(report, `find answers null for an applicant that is there`);
  return report;
};

/** What the reviewer says, as `advance` takes it, and what it is for us. */
const VERDICTS: readonly (readonly [word: string, state: KycState])[] = [
  ['green', 'approved'],
  ['red_retry', 'retry'],
  ['red_final', 'rejected'],
  ['hold', 'on_hold'],
];

const own: Case<'kyc'>[] = [
  {
    name: 'begin: answers what the client does next, as the manifest says',
    async run(bench) {
      const { providerId, action } = await begun(bench, bench.ctx());
      must(typeof providerId === 'string' && providerId !== '', `providerId is ${brief(providerId)}`);
      must(bench.can(action.kind), `begin answers '${action.kind}', and the manifest does not name it`);
      if (action.kind === 'sdk')
        must(
          action.token !== '' && action.sdk !== '' && action.expiresAt > bench.now(),
          `the SDK token is ${brief(action)}, and must be alive`,
        );
      if (action.kind === 'redirect') must(URL.canParse(action.url), `action.url is no URL: ${action.url}`);
    },
  },
  {
    name: 'begin: twice is one applicant, each time with a fresh token or page',
    async run(bench) {
      asksSomebody(bench);
      const ctx = bench.ctx();
      const { order, providerId, action } = await begun(bench, ctx);
      const again = await bench.adapter.begin(bench.ctx(), order);
      must(again.providerId === providerId, `one reference is ${providerId} and ${again.providerId}`);
      if (action.kind === 'sdk')
        must(
          again.action.kind === 'sdk' && again.action.token !== action.token,
          'the second token is the first: tokens are for one use, each call gives a fresh one',
        );
    },
  },
  {
    name: 'find: an applicant who did nothing yet is awaiting_client, by our reference alone',
    async run(bench) {
      asksSomebody(bench);
      const ctx = bench.ctx();
      const { ref } = await begun(bench, ctx);
      const report = await look(bench, ctx, { reference: ref.reference });
      must(report.providerId === ref.providerId, `begin answered ${ref.providerId}, and find ${report.providerId}`);
      must(report.state === 'awaiting_client', `the client did nothing yet, and the state is '${report.state}'`);
    },
  },
  {
    name: 'find: a reference the provider never saw is null',
    async run(bench) {
      asksSomebody(bench);
      const report = await bench.adapter.find(bench.ctx(), { reference: bench.reference() });
      must(report === null, `find invents ${brief(report)}`);
    },
  },
  {
    name: 'review: submitted documents are being checked',
    async run(bench) {
      const ctx = bench.ctx();
      asksSomebody(bench);
      const { ref } = await begun(bench, ctx);
      await bench.advance(ref.providerId, 'submit');
      const { state } = await look(bench, ctx, ref);
      must(state === 'checking', `documents were submitted, and the state is '${state}'`);
    },
  },
  ...VERDICTS.map(([word, state]): Case<'kyc'> => ({
    name: `review: ${word.replace('_', ' ')} is ${state}`,
    async run(bench) {
      const ctx = bench.ctx();
      asksSomebody(bench);
      const { ref } = await begun(bench, ctx);
      await bench.advance(ref.providerId, 'submit');
      await bench.advance(ref.providerId, word);
      const report = await look(bench, ctx, ref);
      must(
        report.state === state && !report.unknownWord,
        `the reviewer said ${word}, and the report says ${brief(report)}`,
      );
      if (word.startsWith('red')) must(Array.isArray(report.reasons), `reasons are ${brief(report.reasons)}`);
      must(report.providerStatus !== '', 'providerStatus is empty: it shows their word to an operator');
    },
  })),
  {
    name: 'review: a second verdict has a greater attempt than the first',
    async run(bench) {
      const ctx = bench.ctx();
      asksSomebody(bench);
      const { ref } = await begun(bench, ctx);
      for (const word of ['submit', 'red_retry']) await bench.advance(ref.providerId, word);
      const first = await look(bench, ctx, ref);
      for (const word of ['submit', 'green']) await bench.advance(ref.providerId, word);
      const second = await look(bench, ctx, ref);
      must(second.state === 'approved', `better documents were approved, and the report says ${brief(second)}`);
      must(
        second.attempt > first.attempt,
        `attempts are ${first.attempt} and ${second.attempt}: an older report must be told from a newer one`,
      );
    },
  },
  {
    name: 'review: an approval that is taken back is rejected',
    async run(bench) {
      const ctx = bench.ctx();
      asksSomebody(bench);
      const { ref } = await begun(bench, ctx);
      for (const word of ['submit', 'green', 'red_final']) await bench.advance(ref.providerId, word);
      const { state } = await look(bench, ctx, ref);
      must(state === 'rejected', `the approval was taken back, and the state is '${state}'`);
    },
  },
  {
    name: 'review: a word nobody documented is checking with unknownWord',
    async run(bench) {
      const ctx = bench.ctx();
      asksSomebody(bench);
      const { ref } = await begun(bench, ctx);
      await bench.advance(ref.providerId, 'submit');
      await bench.advance(ref.providerId, 'unknown_word');
      const report = await look(bench, ctx, ref);
      must(
        report.state === 'checking' && report.unknownWord === true,
        `it must be checking with unknownWord, and is ${brief(report)}`,
      );
    },
  },
  {
    name: 'review: documents are told by type, and when they end by a day',
    async run(bench) {
      asksSomebody(bench);
      const ctx = bench.ctx();
      const { ref } = await begun(bench, ctx);
      for (const word of ['submit', 'green']) await bench.advance(ref.providerId, word);
      const { documents } = await look(bench, ctx, ref);
      if (documents.length === 0) doesNotApply('tells no documents');
      for (const { type, country, validUntil } of documents) {
        must(type !== '', `a document has no type: ${brief(documents)}`);
        must(country === undefined || /^[A-Z]{3}$/.test(country), `country is ${country}, and must be like 'CYP'`);
        must(
          validUntil === undefined || isDay(validUntil),
          `validUntil is ${validUntil}, and must be like '2030-12-31'`,
        );
      }
    },
  },
  {
    name: 'begin: who was approved and begins anew is not approved before the next verdict',
    async run(bench) {
      asksSomebody(bench);
      const ctx = bench.ctx();
      const { order, ref } = await begun(bench, ctx);
      for (const word of ['submit', 'green']) await bench.advance(ref.providerId, word);
      const first = await look(bench, ctx, ref);
      await bench.control.advanceClock('10s');
      // As the hub does it.
      if (bench.can('reopen')) await bench.adapter.reopen!(ctx, ref);
      const { providerId } = await bench.adapter.begin(ctx, { ...order, anew: true });
      const { state } = await look(bench, ctx, { reference: order.reference, providerId });
      must(
        state !== 'approved',
        'the approval that is to be renewed counts as the new one: `anew` asks for another check (or capability reopen, which is called before)',
      );
      for (const word of ['submit', 'green']) await bench.advance(providerId, word);
      const second = await look(bench, ctx, { reference: order.reference, providerId });
      must(
        second.state === 'approved' && second.attempt > first.attempt,
        `first ${brief(first)}, and after it was renewed ${brief(second)}: approved, with a greater attempt, is expected`,
      );
    },
  },
  {
    name: 'find: an answer about another reference is not taken for ours',
    async run(bench) {
      asksSomebody(bench);
      const ctx = await bench.signedIn();
      const { order } = await begun(bench, ctx);
      const fault = bench.control.fault({ kind: 'swap', from: order.reference, to: bench.reference(), times: 50 });
      const found = await bench.adapter.find(ctx, { reference: order.reference }).catch(() => null);
      if (fault.hit === 0) doesNotApply('the answer does not tell whose it is');
      must(found === null, `the provider told of another reference, and find answers ${brief(found)}`);
    },
  },
  {
    name: 'a callback about an applicant comes with every verdict, each with a dedupe key of its own',
    async run(bench) {
      if (!bench.can('webhook')) doesNotApply('sends no callbacks');
      asksSomebody(bench);
      const ctx = await bench.signedIn();
      const { ref } = await begun(bench, ctx);
      for (const word of ['submit', 'red_retry', 'submit', 'red_retry', 'submit', 'green', 'red_final']) {
        const already = bench.heard.length;
        await bench.advance(ref.providerId, word);
        await bench.control.advanceClock('1s');
        if (word === 'submit') continue;
        const news = (await bench.callbacks(already)).flatMap((raw) =>
          bench.webhook.translate(bench.reception().config, raw),
        );
        must(
          news.some(({ reference, providerId }) => reference === ref.reference || providerId === ref.providerId),
          `the reviewer said ${word}, and the news is ${brief(news)}`,
        );
      }
      const keys = bench.heard.map((raw) => {
        const verdict = bench.webhook.verify(bench.reception(), raw);
        must(verdict.ok, `an honest callback is refused: ${brief(verdict)}`);
        return verdict.dedupeKey;
      });
      must(
        new Set(keys).size === keys.length,
        `${keys.length} events about one applicant have the keys ${brief(keys)}: what shares a key is read once`,
      );
    },
  },
  {
    name: 'reopen: a refused applicant may submit again',
    async run(bench) {
      if (!bench.can('reopen')) doesNotApply('opens nobody again');
      const ctx = bench.ctx();
      const { ref } = await begun(bench, ctx);
      for (const word of ['submit', 'red_retry']) await bench.advance(ref.providerId, word);
      await bench.adapter.reopen!(ctx, ref);
      const { state } = await look(bench, ctx, ref);
      must(state === 'awaiting_client' || state === 'retry', `an applicant opened again is '${state}'`);
      for (const word of ['submit', 'green']) await bench.advance(ref.providerId, word);
      must((await look(bench, ctx, ref)).state === 'approved', 'an applicant opened again cannot be approved');
    },
  },
  {
    name: 'applicants: another session gives the same results',
    async run(bench) {
      asksSomebody(bench);
      const ctx = bench.ctx();
      const { ref } = await begun(bench, ctx);
      const [one, other] = [await look(bench, ctx, ref), await look(bench, bench.ctx(), ref)];
      must(
        brief(one) === brief(other),
        `two sessions see ${brief(one)} and ${brief(other)}: nothing may be kept between calls but ctx.session`,
      );
    },
  },
];

export const kycCases: Case<'kyc'>[] = [
  ...connectionCases<'kyc'>(),
  keepsItsWord<'kyc'>([[['reopen'], ['reopen']]]),
  ...own,
  ...doubtCases<'kyc', KycApplicant>({
    verb: 'begin',
    applies: asksSomebody,
    order: async (bench) => applicant(bench),
    send: (bench, ctx, order) => bench.adapter.begin(ctx, order),
    find: (bench, ctx, { reference }) => bench.adapter.find(ctx, { reference }),
    harmless: () => true,
  }),
  ...lookCases<'kyc'>({
    verb: 'find',
    applies: asksSomebody,
    async prepare(bench, ctx) {
      const { ref } = await begun(bench, ctx);
      return (with_) => bench.adapter.find(with_, ref);
    },
  }),
  ...callbackCases<'kyc'>({
    what: 'an applicant',
    kind: 'kyc',
    applies: (bench) => {
      if (!bench.can('webhook')) doesNotApply('sends no callbacks');
    },
    async happen(bench, ctx) {
      const { ref } = await begun(bench, ctx);
      for (const word of ['submit', 'green']) await bench.advance(ref.providerId, word);
      return ref;
    },
  }),
  hasPersonalData<'kyc'>({
    canaries: async () => [PERSON.firstName, PERSON.lastName, PERSON.birthday, PERSON.email, PERSON.phone.slice(1)],
    calls: async (bench) => [
      { verb: 'begin', run: (ctx: AdapterContext) => bench.adapter.begin(ctx, applicant(bench)) },
      {
        verb: 'find',
        run: async (ctx: AdapterContext) => {
          const { ref } = await begun(bench, bench.ctx());
          if (bench.hasSandbox) for (const word of ['submit', 'green']) await bench.advance(ref.providerId, word);
          return bench.adapter.find(ctx, ref);
        },
      },
    ],
  }),
];
