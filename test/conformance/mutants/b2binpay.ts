import type { AdapterContext, HttpAnswer } from '../../../adapters/kit/context.ts';
import type { Provider } from '../../../adapters/kit/manifest.ts';
import type { MakesPayouts, PaymentAdapter, TakesDeposits } from '../../../adapters/kit/payments.ts';
import type { WebhookTranslator } from '../../../adapters/kit/webhooks.ts';
import b2binpay from '../../../adapters/payments/b2binpay/manifest.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { Mutant } from './mutant.ts';

type Sound = PaymentAdapter & Required<TakesDeposits<unknown> & MakesPayouts<unknown>> & { webhook: WebhookTranslator };

const sound = b2binpay.adapter as unknown as Sound;

const TOUCHED: Record<string, RegExp> = {
  webhook: /callback/,
  createDeposit: /[dD]eposit|neither/,
  findDeposit: /[dD]eposit|neither/,
  createPayout: /[pP]ayout|neither/,
  findPayout: /[pP]ayout|neither/,
  testConnection: /^testConnection|secret/,
};

const mutant = (does: string, broken: Partial<Sound>, noticed: readonly RegExp[]): Mutant => ({
  does,
  provider: { ...b2binpay, adapter: { ...b2binpay.adapter, ...broken } } as unknown as Provider,
  touched: new RegExp(
    Object.keys(broken)
      .map((method) => TOUCHED[method]!.source)
      .join('|'),
  ),
  noticed,
});

const isUnknown = (error: unknown) => error instanceof HubFailure && error.type === 'OutcomeUnknown';

/** Through a JavaScript number and back, as careless code does. */
const floated = (amount: string): string => String(Math.trunc(parseFloat(amount) * 1e6) / 1e6);

const hearing = <C extends Pick<AdapterContext, 'http'>>(ctx: C, hear: (answer: HttpAnswer) => void): C => ({
  ...ctx,
  http: async (request) => {
    const answer = await ctx.http(request);
    hear(answer);
    return answer;
  },
});

const NOTHING = new Error('nothing there');

const nothingAt = (
  ctx: AdapterContext,
  ref: Parameters<Sound['findPayout']>[1],
  isNothing: (answer: HttpAnswer) => boolean,
): ReturnType<Sound['findPayout']> =>
  sound
    .findPayout(
      hearing(ctx, (answer) => {
        if (isNothing(answer)) throw NOTHING;
      }),
      ref,
    )
    .catch((error: unknown) => {
      if (error === NOTHING) return null;
      throw error;
    });

export const brokenPayments: readonly Mutant[] = [
  mutant(
    'verifies callbacks with a wrong signature',
    {
      webhook: {
        ...sound.webhook,
        verify: (at, raw) =>
          sound.webhook.verify({ ...at, config: { ...(at.config as object), callbackSecret: 'another secret' } }, raw),
      },
    },
    [/^a callback about .* is (verified|refused)/, /^a copy of a callback/, /^a stale callback/, /^a forged callback/],
  ),
  mutant(
    'accepts any webhook',
    {
      webhook: {
        ...sound.webhook,
        verify: (_at, raw) => ({ ok: true, trust: 'signed', dedupeKey: raw.body.toString('base64') }),
      },
    },
    [/^a forged callback/, /whose signed bytes were changed/, /^garbage instead of a callback/],
  ),
  mutant(
    'gives every callback the same dedupe key',
    {
      webhook: {
        ...sound.webhook,
        verify: (at, raw) => {
          const verdict = sound.webhook.verify(at, raw);
          return verdict.ok ? { ...verdict, dedupeKey: 'callback' } : verdict;
        },
      },
    },
    [/^a copy of a callback/],
  ),
  mutant(
    'trusts no callback, and so takes all of them',
    {
      webhook: {
        ...sound.webhook,
        verify: (at, raw) => {
          const verdict = sound.webhook.verify(at, raw);
          const dedupeKey = raw.body.toString('base64');
          return verdict.ok || verdict.reason === 'bad_signature' ? { ok: true, trust: 'none', dedupeKey } : verdict;
        },
      },
    },
    [/^a forged callback/],
  ),
  mutant(
    'knows no news but payments that came',
    {
      webhook: {
        ...sound.webhook,
        translate: (config, raw) => sound.webhook.translate(config, raw).filter(({ paymentId }) => paymentId),
      },
    },
    [/^a callback about a deposit that expired/],
  ),
  mutant(
    'throws on a callback it cannot read',
    {
      webhook: {
        ...sound.webhook,
        verify: (at, raw) => {
          JSON.parse(raw.body.toString());
          return sound.webhook.verify(at, raw);
        },
      },
    },
    [/^garbage instead of a callback/],
  ),
  mutant(
    'retries an unknown payout',
    {
      createPayout: async (ctx, order) => {
        try {
          return await sound.createPayout(ctx, order);
        } catch (error) {
          if (isUnknown(error)) return sound.createPayout(ctx, order);
          throw error;
        }
      },
    },
    [
      /^createPayout: when it took (no )?effect/,
      /^createPayout: an answer that drips/,
      /^createPayout: an answer about another amount/,
      /^createPayout: cancelling/,
      /^createPayout: is sent once/,
      /^payout \.09/,
    ],
  ),
  mutant(
    'takes a lost answer for a refusal',
    {
      createPayout: (ctx, order) =>
        sound.createPayout(ctx, order).catch((error: unknown) => {
          if (isUnknown(error)) throw new HubFailure('Rejected', 'provider_refused', 'it did not work');
          throw error;
        }),
    },
    [
      /^createPayout: when it took (no )?effect/,
      /^createPayout: an answer that drips/,
      /^createPayout: an answer about another amount/,
      /^createPayout: cancelling/,
      /^payout \.09/,
    ],
  ),
  mutant(
    'floats money',
    {
      findDeposit: async (ctx, ref) => {
        const report = await sound.findDeposit(ctx, ref);
        return report && { ...report, processed: report.processed && floated(report.processed) };
      },
    },
    [/^deposit: paid, it succeeds with the exact amount/],
  ),
  mutant(
    'floats the amount of an order',
    { createPayout: (ctx, order) => sound.createPayout(ctx, { ...order, amount: floated(order.amount) }) },
    [/^payout: paid out, it succeeds with the exact amount/],
  ),
  mutant(
    'leaks a secret in a failure message',
    {
      testConnection: (ctx) =>
        sound.testConnection(ctx).catch((error: unknown) => {
          const { clientSecret } = ctx.config as { clientSecret: string };
          const { type, reason, message, facts } = error as HubFailure;
          throw new HubFailure(type, reason, `${message} with ${clientSecret}`, facts);
        }),
    },
    [/^no secret of the settings/],
  ),
  mutant(
    "leaks the beneficiary's address in a failure message",
    {
      createPayout: (ctx, order) =>
        sound.createPayout(ctx, order).catch((error: unknown) => {
          const { type, reason, message, facts } = error as HubFailure;
          throw new HubFailure(type, reason, `${message} to ${order.destination.address}`, facts);
        }),
    },
    [/^neither secrets nor personal data/],
  ),
  mutant('says null after a failed look', { findPayout: (ctx, ref) => sound.findPayout(ctx, ref).catch(() => null) }, [
    /^findPayout: a look (met|where)/,
    /^findPayout: another currency/,
  ]),
  mutant(
    'takes a success it does not expect for an order that was not accepted',
    {
      createPayout: (ctx, order) =>
        sound.createPayout(
          hearing(ctx, ({ status }) => {
            if (status === 202) throw new HubFailure('Config', 'provider_misconfigured', 'does not accept: 202');
          }),
          order,
        ),
    },
    [/^createPayout: when it took effect and a 202/],
  ),
  mutant(
    "takes any 404 for 'not there'",
    { findPayout: (ctx, ref) => nothingAt(ctx, ref, ({ status }) => status === 404) },
    [/^findPayout: a look met by a 404/],
  ),
  mutant(
    "takes an answer without what was asked for for 'not there'",
    { findPayout: (ctx, ref) => nothingAt(ctx, ref, ({ body }) => body === '{}') },
    [/^findPayout: a look met by JSON that is empty/],
  ),
  mutant(
    'takes a payout that was accepted for one that is paid',
    {
      createPayout: async (ctx, order) => {
        const report = await sound.createPayout(ctx, order);
        return report.state === 'processing' ? { ...report, state: 'succeeded', processed: order.amount } : report;
      },
    },
    [/^payout \.01/],
  ),
  mutant(
    'takes a word it does not know for a failure',
    {
      findDeposit: async (ctx, ref) => {
        const report = await sound.findDeposit(ctx, ref);
        return report?.unknownWord ? { ...report, state: 'failed' } : report;
      },
    },
    [/^deposit: a word nobody documented/],
  ),
  mutant(
    'finds nothing by our reference',
    { findPayout: async (ctx, ref) => (ref.providerId === undefined ? null : sound.findPayout(ctx, ref)) },
    [/^findPayout: our reference (alone|leads)/, /^createPayout: when it took effect/, /^payout \.09/],
  ),
  mutant(
    'forgets within a day what it was asked for',
    (() => {
      const asked = new Map<string, number>();
      return {
        createPayout: (ctx: AdapterContext, order: Parameters<Sound['createPayout']>[1]) => {
          asked.set(order.reference, ctx.now());
          return sound.createPayout(ctx, order);
        },
        findPayout: async (ctx: AdapterContext, ref: Parameters<Sound['findPayout']>[1]) =>
          ctx.now() - (asked.get(ref.reference) ?? 0) > 86_400_000 && asked.has(ref.reference) && !ref.providerId
            ? null
            : sound.findPayout(ctx, ref),
      };
    })(),
    [/^findPayout: our reference leads to the payout two days later/],
  ),
  mutant(
    'takes whatever a search shows for the order it asked for',
    {
      findPayout: (ctx, ref) =>
        sound.findPayout(
          {
            ...ctx,
            http: async (request) => {
              const answer = await ctx.http(request);
              return {
                ...answer,
                body: answer.body.replace(/"tracking_id":"[^"]*"/g, `"tracking_id":"${ref.reference}"`),
              };
            },
          },
          ref,
        ),
    },
    [/^findPayout: an answer about another reference/],
  ),
  mutant(
    'does not know the word for what is under way',
    {
      findPayout: async (ctx, ref) => {
        const report = await sound.findPayout(ctx, ref);
        return report?.state === 'processing' ? { ...report, unknownWord: true } : report;
      },
    },
    [/callback about a payout/],
  ),
  mutant(
    'reports what was asked instead of what was processed',
    {
      findDeposit: async (ctx, ref) => {
        const report = await sound.findDeposit(ctx, ref);
        return report && report.arrivals.length > 0 ? { ...report, state: 'succeeded', processed: '25' } : report;
      },
    },
    [/^deposit: paid, it succeeds/, /^findDeposit: another amount/, /^deposit \.0[1-8]/, /^deposit \.1[02]/],
  ),
  mutant(
    'forgets the callback address',
    { createDeposit: (ctx, order) => sound.createDeposit({ ...ctx, callbackUrl: 'http://127.0.0.1:1/' }, order) },
    [/callback about a deposit/],
  ),
  mutant(
    'keeps what it found between calls',
    (() => {
      const kept = new Map<string, unknown>();
      return {
        testConnection: async (ctx: AdapterContext) => {
          if (kept.has('signed in')) return;
          await sound.testConnection(ctx);
          kept.set('signed in', true);
        },
      };
    })(),
    [/^testConnection: (wrong|a look)/, /^no secret of the settings/],
  ),
  mutant(
    'ignores cancellation',
    {
      createPayout: (ctx, order) => {
        const http: AdapterContext['http'] = (request) => patiently(ctx.http(request));
        return sound.createPayout({ ...ctx, http }, order);
      },
    },
    [/^createPayout: cancelling/],
  ),
];

/** Does not notice that it was cancelled until much later. */
const patiently = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HubFailure && error.message.includes('cancelled'))
      await new Promise((resolve) => setTimeout(resolve, 4000).unref());
    throw error;
  }
};
