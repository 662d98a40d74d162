import { HubFailure } from '../../../domain/failures.ts';
import { garbage, notOurs } from '../../kit/answers.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { KycAdapter, KycApplicant, KycStart } from '../../kit/kyc.ts';
import { call, type Context, type Fields, type ShuftiproConfig } from './client.ts';
import { attemptName, attemptOf, reportOf, servicesOf } from './map.ts';
import { webhook } from './webhook.ts';

/** More is no honest attempt any more, and each costs a question. */
const MOST_ATTEMPTS = 30;

/** What they say of one verification; null when they know none of that name. */
const ask = async (ctx: Context, reference: string): Promise<Fields | null> => {
  const { status, body } = await call(ctx, {
    path: '/status',
    body: { reference },
    effect: 'read',
    accept: [400, 404],
  });
  if (status !== 200 || word(body['event']) === 'request.invalid') {
    // With which status they say that they do not know a reference is not documented: it has to be about the reference.
    if (status === 404 || word(objectOf(body['error'])['key']) === 'reference') return null;
    throw new HubFailure('Config', 'provider_misconfigured', 'ShuftiPro does not accept POST /status');
  }
  if (word(body['reference']) !== reference) throw notOurs('ShuftiPro', "somebody else's verification");
  return body;
};

type Attempt = { name: string; answer: Fields };

/** Attempts are numbered without gaps, and the newest counts. */
const newest = async (ctx: Context, reference: string, from = 1): Promise<Attempt | null> => {
  let last: Attempt | null = null;
  for (let n = from; n <= MOST_ATTEMPTS; n += 1) {
    const name = attemptName(reference, n);
    const answer = await ask(ctx, name);
    if (!answer) return last;
    last = { name, answer };
  }
  return last;
};

const create = async (ctx: Context, name: string, applicant: KycApplicant): Promise<KycStart> => {
  const { locale, person, returnUrl } = applicant;
  const { status, body } = await call(ctx, {
    path: '/',
    body: {
      reference: name,
      callback_url: ctx.callbackUrl,
      language: locale.slice(0, 2).toUpperCase(),
      verification_mode: 'any',
      ttl: ctx.config.linkMinutes,
      show_results: '1',
      // What is undefined is not sent.
      redirect_url: returnUrl,
      email: person.email,
      ...servicesOf(applicant),
    },
    effect: 'write',
    accept: [409],
  });
  // Somebody began the same at the same time: the next try finds it.
  if (status === 409) throw new HubFailure('Unavailable', 'provider_unavailable', 'this verification was just begun');
  const url = word(body['verification_url']);
  if (word(body['reference']) !== name || !URL.canParse(url)) {
    throw garbage({ provider: 'ShuftiPro', what: 'POST /', effect: 'write' });
  }
  return { providerId: name, action: { kind: 'redirect', url } };
};

/** The client is not sent twice through what is being checked, or was accepted with documents that are still good, unless that is to be renewed. */
const assertMayBegin = (ctx: Context, { name, answer }: Attempt, anew: boolean): void => {
  const { state, providerStatus, documents } = reportOf(ctx.config, name, answer);
  if (['awaiting_client', 'retry', 'rejected'].includes(state) || providerStatus === 'request.deleted') return;
  const today = new Date(ctx.now()).toISOString().slice(0, 10);
  const hasEnded = documents.some(({ validUntil }) => validUntil !== undefined && validUntil < today);
  if (state === 'approved' && (anew || hasEnded)) return;
  throw new HubFailure('Rejected', 'already_done', `ShuftiPro has this verification already: ${state}`);
};

export const shuftipro: KycAdapter<ShuftiproConfig> = {
  wizard: 'ShuftiProSDK',

  /** Asks first: a name is used once, also when the answer to it was lost. */
  async begin(ctx, applicant) {
    if (applicant.kind === 'company') {
      throw new HubFailure('Unsupported', 'unsupported', 'companies need a name and a number we are not given');
    }
    const known = await newest(ctx, applicant.reference);
    if (!known) return create(ctx, attemptName(applicant.reference, 1), applicant);
    const url = word(known.answer['verification_url']);
    if (word(known.answer['event']) === 'request.pending' && URL.canParse(url)) {
      return { providerId: known.name, action: { kind: 'redirect', url } };
    }
    assertMayBegin(ctx, known, applicant.anew === true);
    const next = attemptOf(known.name) + 1;
    if (next > MOST_ATTEMPTS) throw new HubFailure('Rejected', 'too_many_attempts', `${MOST_ATTEMPTS} verifications`);
    return create(ctx, attemptName(applicant.reference, next), applicant);
  },

  async find(ctx, { reference, providerId }) {
    const found = await newest(ctx, reference, attemptOf(providerId));
    return found && reportOf(ctx.config, found.name, found.answer);
  },

  webhook,

  async testConnection(ctx) {
    await call(ctx, { path: '/account/info/', effect: 'read' });
  },
};
