import type { AdapterContext } from '../../../adapters/kit/context.ts';
import type { DepositReport } from '../../../adapters/kit/payments.ts';
import type { ProviderNews } from '../../../adapters/kit/webhooks.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import {
  magic,
  makesPayouts,
  openDeposit,
  openPayout,
  paidDeposit,
  settledPayout,
  takesDeposits,
  type Bench,
} from './orders.ts';

/** What the vendor may tell of besides a payment that came and a payout that went. */
interface Event {
  what: string;
  kind: 'deposit' | 'payout';
  /** Money that was booked goes back: a deposit that is over is not looked at again for less. */
  reverses?: true;
  /** `advance` of the sandbox. */
  word: string;
  begin(bench: Bench, ctx: AdapterContext): Promise<Begun>;
}

interface Begun {
  order: { reference: string };
  report: { providerId: string };
  found?: DepositReport;
}

const opened: Event['begin'] = (bench, ctx) => openDeposit(bench, ctx);
const paid: Event['begin'] = (bench, ctx) => paidDeposit(bench, ctx);
const waiting: Event['begin'] = (bench, ctx) => openPayout(bench, ctx, magic('10'));
const paidOut: Event['begin'] = async (bench, ctx) => {
  const payout = await openPayout(bench, ctx);
  await settledPayout(bench, ctx, payout.order.reference, payout.report.providerId);
  return payout;
};

const EVENTS: readonly Event[] = [
  { what: 'a deposit that failed', kind: 'deposit', word: 'fail', begin: opened },
  { what: 'a deposit that expired', kind: 'deposit', word: 'expire', begin: opened },
  { what: 'a deposit that was refunded', kind: 'deposit', word: 'refund', reverses: true, begin: paid },
  { what: 'a deposit that was disputed', kind: 'deposit', word: 'dispute', reverses: true, begin: paid },
  { what: 'a payout that failed', kind: 'payout', word: 'fail', begin: waiting },
  { what: 'a payout that came back', kind: 'payout', word: 'return', begin: paidOut },
];

export const newsCases: readonly Case<'payments'>[] = EVENTS.map(({ what, kind, word, reverses, begin }) => ({
  name: `a callback about ${what} leads to it${reverses ? ', and says that money went back' : ''}`,
  async run(bench) {
    (kind === 'deposit' ? takesDeposits : makesPayouts)(bench);
    void bench.webhook;
    void bench.control;
    const begun = await begin(bench, await bench.signedIn());
    await bench.control.callbacksSettled();
    const already = bench.heard.length;
    await bench.advance(begun.report.providerId, word);
    const heard = await bench.callbacks(already);
    if (heard.length === 0) doesNotApply(`the sandbox sends no callback about ${what}`);
    const news = heard.flatMap((raw) => bench.webhook.translate(bench.reception().config, raw));
    const about = news.filter((one) => one.kind === kind && leadsTo(one, begun));
    must(about.length > 0, `translate says ${brief(news)}, none of kind '${kind}' that names it: ${brief(begun)}`);
    if (reverses)
      must(
        about.some((one) => one.reverses),
        `money went back, none of ${brief(about)} has \`reverses\`, and a deposit that is over is not looked at again`,
      );
  },
}));

/** Money that goes back may be told of by the payment only. */
const leadsTo = (told: ProviderNews, { order, report, found }: Begun): boolean =>
  told.reference === order.reference ||
  told.providerId === report.providerId ||
  (found?.arrivals ?? []).some(({ id }) => id === told.paymentId);
