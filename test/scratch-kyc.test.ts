import { beforeAll, describe, it } from '@jest/globals';
import sumsub from '../adapters/kyc/sumsub/manifest.ts';
import shufti from '../adapters/kyc/shuftipro/manifest.ts';
import documents from '../adapters/kyc/documents/manifest.ts';
import kyt from '../adapters/screening/sumsub-kyt/manifest.ts';
import type { Provider } from '../adapters/kit/manifest.ts';
import { connectionCases } from './conformance/connection.ts';
import { doubtCases } from './conformance/doubt.ts';
import { lookCases } from './conformance/looks.ts';
import { callbackCases } from './conformance/callbacks.ts';
import { hasPersonalData } from './conformance/privacy.ts';
import { judgeAll, type Finding } from './conformance/suite.ts';
import { must, type Case } from './conformance/case.ts';
import type { Bench } from './conformance/bench.ts';

let n = 0;
const reference = () => `K${String(++n).padStart(12, 'A')}`;
const person = { firstName: 'Zebulon', lastName: 'Quixworth', birthday: '1987-03-09', country: 'GBR', email: 'zebulon.q@example.test', phone: '+447700900123' };
const applicant = (bench: Bench<'kyc'>) => ({ reference: reference(), kind: 'individual' as const, programme: bench.facts.kyc!.programme, locale: 'en_US', person, returnUrl: 'https://x.test/back' });
const word = (to: string, state: string): Case<'kyc'> => ({
  name: `advance ${to} → ${state}`,
  async run(bench) {
    void bench.control;
    const ctx = await bench.signedIn() as never;
    const order = applicant(bench);
    const { providerId } = await bench.adapter.begin(ctx, order);
    await bench.advance(providerId, to);
    for (const ref of [{ reference: order.reference }, { reference: order.reference, providerId }]) {
      const report = await bench.adapter.find(ctx, ref);
      must(report?.state === state, `is ${JSON.stringify(report)}`);
      must((report.unknownWord === true) === (to === 'unknown_word'), `unknownWord ${JSON.stringify(report)}`);
    }
  },
});
const kyc: Case<'kyc'>[] = [
  ...connectionCases<'kyc'>(),
  ...doubtCases<'kyc', ReturnType<typeof applicant>>({
    verb: 'begin', applies: () => undefined, order: async (b) => applicant(b),
    send: (b, ctx, o) => b.adapter.begin(ctx as never, o), find: (b, ctx, o) => b.adapter.find(ctx as never, { reference: o.reference }),
    harmless: () => true,
  }),
  ...lookCases<'kyc'>({ verb: 'find', applies: () => undefined, prepare: async (b, ctx) => {
    const o = applicant(b); await b.adapter.begin(ctx as never, o); return (c) => b.adapter.find(c as never, { reference: o.reference });
  } }),
  ...callbackCases<'kyc'>({ what: 'a verdict', kind: 'kyc', applies: () => undefined, happen: async (b, ctx) => {
    const o = applicant(b); const { providerId } = await b.adapter.begin(ctx as never, o); await b.advance(providerId, 'green'); return { reference: o.reference, providerId };
  } }),
  hasPersonalData<'kyc'>({ canaries: async () => ['Zebulon', 'Quixworth', '1987-03-09', 'zebulon.q', '447700900123'], calls: async (b) => [{ verb: 'begin', run: (ctx) => b.adapter.begin(ctx, applicant(b)) }] }),
  word('submit', 'checking'), word('green', 'approved'), word('red_retry', 'retry'), word('red_final', 'rejected'), word('hold', 'on_hold'), word('unknown_word', 'checking'),
];
const order = (b: Bench<'screening'>, amount = '25.00') => ({ reference: reference(), direction: 'out' as const, amount, currency: b.facts.screening!.currency, at: Date.now(), client: { reference: reference(), kind: 'individual' as const, fullName: 'Zebulon Quixworth' }, counterparty: { account: b.facts.screening!.account, fullName: 'Otto Quixworth' } });
const amounts = (amount: string, state: string): Case<'screening'> => ({ name: `${amount} → ${state}`, async run(b) {
  const ctx = await b.signedIn() as never; const o = order(b, amount);
  const first = await b.adapter.screen(ctx, o); must(first.state === state, JSON.stringify(first));
  const again = await b.adapter.screen(ctx, o); must(again.providerId === first.providerId, 'twice');
  for (const [to, then] of [['clear', 'clear'], ['hold', 'hold'], ['reject', 'reject'], ['unknown_word', 'pending']] as const) {
    await b.advance(first.providerId, to);
    const r = await b.adapter.find(ctx, { reference: o.reference }); must(r?.state === then, JSON.stringify(r));
  }
} });
const screening: Case<'screening'>[] = [
  ...connectionCases<'screening'>(),
  ...doubtCases<'screening', ReturnType<typeof order>>({
    verb: 'screen', applies: () => undefined, order: async (b) => order(b),
    send: (b, ctx, o) => b.adapter.screen(ctx as never, o), find: (b, ctx, o) => b.adapter.find(ctx as never, { reference: o.reference }),
    harmless: () => true,
  }),
  ...lookCases<'screening'>({ verb: 'find', applies: () => undefined, prepare: async (b, ctx) => {
    const o = order(b); await b.adapter.screen(ctx as never, o); return (c) => b.adapter.find(c as never, { reference: o.reference });
  } }),
  ...callbackCases<'screening'>({ what: 'a verdict', kind: 'screening', applies: () => undefined, happen: async (b, ctx) => {
    const o = order(b); const { providerId } = await b.adapter.screen(ctx as never, o); return { reference: o.reference, providerId };
  } }),
  hasPersonalData<'screening'>({ canaries: async () => ['Quixworth'], calls: async (b) => [{ verb: 'screen', run: (ctx) => b.adapter.screen(ctx, order(b)) }] }),
  amounts('25.00', 'clear'), amounts('25.08', 'reject'), amounts('25.10', 'hold'), amounts('25.01', 'pending'), amounts('0.123456789012345678', 'clear'),
];
for (const [provider, cases] of [[sumsub, kyc], [shufti, kyc], [documents, kyc.slice(0, 3)], [kyt, screening]] as const) {
  describe(provider.id, () => {
    let findings: Promise<Finding>[];
    beforeAll(() => { findings = judgeAll(provider as Provider, cases as never); });
    it.each(cases.map(({ name }, i) => [name, i] as const))('%s', async (_name, i) => {
      const { mark, why } = await findings[i]!;
      if (mark === '✗') throw new Error(why);
    });
  });
}
