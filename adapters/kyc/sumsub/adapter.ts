import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { garbage } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { KycAction, KycAdapter, KycApplicant } from '../../kit/kyc.ts';
import type { ProviderRef } from '../../kit/payments.ts';
import { idOf, reportOf } from './map.ts';
import { webhook } from './webhook.ts';
import { account, call, type Fields, look, mustList } from './wire.ts';

export const SumsubConfig = z.object({
  ...account,
  page: z
    .enum(['sdk', 'link'])
    .default('sdk')
    .describe('sdk: their WebSDK inside your page, with a token. link: their hosted page'),
  ttlSeconds: z.int().min(60).max(2_592_000).default(1800).describe('How long a token or a link lives'),
});
export type SumsubConfig = z.output<typeof SumsubConfig>;
type Context = AdapterContext<SumsubConfig>;

const encoded = encodeURIComponent;
const missing = () => new HubFailure('NotFound', 'not_found', 'SumSub knows no such applicant');

/** Their applicant under our reference, which they keep unique; null when they say that there is none. */
const byReference = (ctx: Context, reference: string) =>
  look(ctx, `/resources/applicants/-;externalUserId=${encoded(reference)}/one`);

/** What the client says of himself; they compare it with what the documents show. */
const fixedInfoOf = ({ person }: KycApplicant) => {
  const { firstName, lastName, birthday: dob, country } = person;
  return { firstName, lastName, dob, country };
};

const create = async (ctx: Context, applicant: KycApplicant): Promise<Fields> => {
  const { email, phone } = applicant.person;
  const { status, body } = await call(ctx, {
    method: 'POST',
    target: `/resources/applicants?levelName=${encoded(applicant.programme)}`,
    // What is undefined is not sent.
    body: {
      externalUserId: applicant.reference,
      type: applicant.kind,
      lang: language(applicant),
      email,
      phone,
      // Nothing to SumSub, whose webhooks go where the dashboard says: it tells people there whose applicant this is, and the sandbox where to call.
      metadata: [{ key: 'notify', value: ctx.callbackUrl }],
      fixedInfo: fixedInfoOf(applicant),
    },
    effect: 'write',
    accept: [404, 409],
  });
  if (status === 404) throw new HubFailure('Config', 'provider_misconfigured', 'SumSub knows no level of that name');
  if (status !== 409) return body;
  const known = await byReference(ctx, applicant.reference);
  if (known) return corrected(ctx, applicant, known);
  // A deactivated applicant keeps its name, yet cannot be read [seen by third parties only].
  throw new HubFailure('Rejected', 'provider_refused', 'the applicant is deactivated at SumSub: activate it there');
};

/** Who mistyped his name and mended it here would be compared with the old one for ever. What they are looking at stays as it is. */
const corrected = async (ctx: Context, applicant: KycApplicant, known: Fields): Promise<Fields> => {
  const { providerId, state } = reportOf(known, applicant);
  const [says, has] = [fixedInfoOf(applicant), objectOf(known['fixedInfo'])];
  const isOld = Object.entries(says).some(([name, value]) => value !== undefined && word(has[name]) !== value);
  if (!isOld || (state !== 'awaiting_client' && state !== 'retry')) return known;
  const target = `/resources/applicants/${encoded(providerId)}/fixedInfo`;
  // Their no is no reason to keep him from going on.
  await call(ctx, { method: 'PATCH', target, body: says, effect: 'read', accept: [400, 404, 409] });
  return known;
};

const language = ({ locale }: KycApplicant): string => locale.slice(0, 2).toLowerCase();

/** Asked for at every call: a token lives for minutes. */
const actionOf = async (ctx: Context, applicant: KycApplicant): Promise<KycAction> => {
  const { page, ttlSeconds } = ctx.config;
  const { returnUrl, reference, programme } = applicant;
  const link = page === 'link';
  const { body } = await call(ctx, {
    method: 'POST',
    target: link
      ? `/resources/sdkIntegrations/levels/-/websdkLink?lang=${language(applicant)}`
      : '/resources/accessTokens/sdk',
    body: {
      levelName: programme,
      userId: reference,
      ttlInSecs: ttlSeconds,
      ...(link && returnUrl && { redirect: { successUrl: returnUrl, rejectUrl: returnUrl } }),
    },
    effect: 'read',
  });
  const [url, token] = [word(body['url']), word(body['token'])];
  if (link && URL.canParse(url)) return { kind: 'redirect', url };
  if (!link && token) return { kind: 'sdk', sdk: 'sumsub', token, expiresAt: ctx.now() + ttlSeconds * 1000 };
  throw garbage({ provider: 'SumSub', what: 'POST for a token or link', effect: 'read' });
};

export const sumsub: KycAdapter<SumsubConfig> = {
  wizard: 'SnsWizardSDK',

  async begin(ctx, applicant) {
    if (applicant.kind === 'company') {
      throw new HubFailure('Unsupported', 'unsupported', 'companies need a name and a number we are not given');
    }
    const providerId = idOf(await create(ctx, applicant), applicant);
    return { providerId, action: await actionOf(ctx, applicant) };
  },

  async find(ctx, ref) {
    const found = ref.providerId
      ? await look(ctx, `/resources/applicants/${encoded(ref.providerId)}/one`)
      : await byReference(ctx, ref.reference);
    return found && reportOf(found, ref);
  },

  /** Makes the old documents inactive; being reset already (3000) is as good. */
  async reopen(ctx, ref: ProviderRef) {
    const id = ref.providerId ?? word((await byReference(ctx, ref.reference))?.['id']);
    if (!id) throw missing();
    const target = `/resources/applicants/${encoded(id)}/reset`;
    const { status, body } = await call(ctx, { method: 'POST', target, effect: 'read', accept: [404, 409] });
    if (status === 404) throw missing();
    if (status === 409 && word(body['errorCode']) !== '3000') {
      throw new HubFailure('Rejected', 'provider_refused', 'SumSub does not let this applicant begin again', {
        providerCode: word(body['errorCode']) || '409',
      });
    }
  },

  webhook: webhook('kyc'),

  async testConnection(ctx) {
    await mustList(ctx, '/resources/applicants/-/levels');
  },
};
