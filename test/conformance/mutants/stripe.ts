import type { MakesPayouts, PayoutOrder, TakesDeposits } from '../../../adapters/kit/payments.ts';
import type { WebhookTranslator } from '../../../adapters/kit/webhooks.ts';
import stripe from '../../../adapters/payments/stripe/manifest.ts';
import { breaking, type Mutant } from './mutant.ts';

type Sound = Required<MakesPayouts<unknown>> & TakesDeposits<unknown> & { webhook: WebhookTranslator };

const sound = stripe.adapter as unknown as Sound;

const mutant = breaking(stripe)<Sound>;

const verifying = (does: string, verify: WebhookTranslator['verify'], ...noticed: RegExp[]): Mutant =>
  mutant(does, { webhook: { ...sound.webhook, verify } }, /callback/, noticed);

const FIVE_MINUTES = 300_000;
/** The first signature under which a body came. */
const honest = new Map<string, string>();

/** What goes wrong only with signatures over all bytes and a time, several callbacks about one thing, and more currencies than one. */
export const brokenStripe: readonly Mutant[] = [
  verifying(
    'verifies callbacks over JSON written anew',
    (at, raw) => sound.webhook.verify(at, { ...raw, body: Buffer.from(JSON.stringify(JSON.parse(String(raw.body)))) }),
    /callback/,
  ),
  verifying(
    'verifies callbacks without the blanks around them',
    (at, raw) => sound.webhook.verify(at, { ...raw, body: Buffer.from(String(raw.body).trim()) }),
    /whose signed bytes were changed/,
  ),
  verifying(
    'names a callback after the order it is about, whatever became of that',
    (at, raw) => {
      const verdict = sound.webhook.verify(at, raw);
      const [news] = verdict.ok ? sound.webhook.translate(at.config, raw) : [];
      return verdict.ok && news?.reference ? { ...verdict, dedupeKey: news.reference } : verdict;
    },
    /^a copy of a callback/,
  ),
  verifying(
    'goes by a clock of its own',
    (at, raw) => sound.webhook.verify({ ...at, now: Date.now() }, raw),
    /is taken for as long as the vendor says/,
  ),
  verifying(
    'takes callbacks of any age',
    (at, raw) => sound.webhook.verify({ ...at, now: 0 }, raw),
    /is taken for as long as the vendor says/,
    /^a stale callback/,
  ),
  verifying(
    'takes the time of a callback on trust',
    (at, raw) => {
      const text = String(raw.body);
      const given = raw.headers['stripe-signature'] ?? '';
      const first = honest.get(text) ?? honest.set(text, given).get(text)!;
      const timeIn = (header: string) => Number(/t=(\d+)/.exec(header)?.[1]) * 1000;
      if (Math.abs(at.now - timeIn(given)) > FIVE_MINUTES) return { ok: false, reason: 'stale' };
      return sound.webhook.verify(
        { ...at, now: timeIn(first) },
        { ...raw, headers: { ...raw.headers, 'stripe-signature': first } },
      );
    },
    /that was given a newer time/,
  ),
  mutant(
    'does not say what is kept of a payment',
    {
      findDeposit: async (ctx, ref) => {
        const found = await sound.findDeposit(ctx, ref);
        return found && { ...found, arrivals: found.arrivals.map(({ fee: _kept, ...arrival }) => arrival) };
      },
    },
    /what the provider keeps/,
    [/keeps of it for itself is told$/, /is told, also after a dispute/, /is told, also after a refund/],
  ),
  mutant(
    'does not say what is charged for a dispute',
    {
      findDeposit: async (ctx, ref) => {
        const found = await sound.findDeposit(ctx, ref);
        return found && { ...found, reversals: (found.reversals ?? []).map(({ fee: _charged, ...back }) => back) };
      },
    },
    /what the provider keeps/,
    [/is told, also after a dispute/],
  ),
  mutant(
    'does not say that money went back',
    {
      webhook: {
        ...sound.webhook,
        translate: (config, raw) =>
          sound.webhook.translate(config, raw).map(({ reverses: _unsaid, ...news }) => ({ ...news })),
      },
    },
    /callback/,
    [/^a callback about a deposit that was (refunded|disputed)/],
  ),
  mutant(
    'knows one currency only',
    {
      createPayout: (ctx, order: PayoutOrder) =>
        sound.createPayout(ctx, {
          ...order,
          currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        }),
    },
    /^payout/,
    [/^payout: in another currency/],
  ),
];
