import type { KycAdapter } from '../../../adapters/kit/kyc.ts';
import type { WebhookTranslator } from '../../../adapters/kit/webhooks.ts';
import sumsub from '../../../adapters/kyc/sumsub/manifest.ts';
import { breaking, type Mutant } from './mutant.ts';

type Sound = KycAdapter & { webhook: WebhookTranslator };

const sound = sumsub.adapter as unknown as Sound;

const mutant = breaking(sumsub)<Sound>;

export const brokenKyc: readonly Mutant[] = [
  mutant('takes an old approval for its renewal', { reopen: async () => undefined }, /anew|^reopen/, [
    /^begin: who was approved and begins anew/,
  ]),
  mutant(
    'tells the end of a document as the provider writes it',
    {
      async find(ctx, ref) {
        const report = await sound.find(ctx, ref);
        return report && { ...report, documents: [{ type: 'PASSPORT', validUntil: '31/12/2030' }] };
      },
    },
    /^review: documents/,
    [/^review: documents are told by type/],
  ),
  mutant(
    'takes whatever applicant a search shows for the one it asked for',
    {
      find: (ctx, ref) =>
        sound.find(
          {
            ...ctx,
            http: async (request) => {
              const answer = await ctx.http(request);
              const body = answer.body.replace(/"externalUserId": ?"[^"]*"/g, `"externalUserId":"${ref.reference}"`);
              return { ...answer, body };
            },
          },
          ref,
        ),
    },
    /^find: (an answer|a reference)/,
    [/^find: an answer about another reference/],
  ),
  mutant(
    'tells of approvals only',
    {
      webhook: {
        ...sound.webhook,
        translate: (config, raw) => sound.webhook.translate(config, raw).filter(({ said }) => said?.includes('GREEN')),
      },
    },
    /^a callback/,
    [/^a callback about an applicant comes with every verdict/],
  ),
  mutant(
    'names a callback after the applicant and what became of him',
    {
      webhook: {
        ...sound.webhook,
        verify: (at, raw) => {
          const verdict = sound.webhook.verify(at, raw);
          const [news] = verdict.ok ? sound.webhook.translate(at.config, raw) : [];
          return verdict.ok ? { ...verdict, dedupeKey: `${news?.reference} ${news?.said}` } : verdict;
        },
      },
    },
    /^a (copy of a )?callback/,
    [/^a callback about an applicant comes with every verdict/],
  ),
];
