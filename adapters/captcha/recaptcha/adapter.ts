import { HubFailure } from '../../../domain/failures.ts';
import { compare, isAmount } from '../../../domain/money.ts';
import { failureOf, garbage, lookFailure, type Asked } from '../../kit/answers.ts';
import type { CaptchaAdapter, CaptchaVerdict } from '../../kit/captcha.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { isObject, listOf, readJson, word, type Json } from '../../kit/json.ts';
import type { RecaptchaConfig } from './config.ts';

type Context = AdapterContext<RecaptchaConfig>;

// A token is good for one question, so asking moves something; but all that is lost with the answer is the token.
const ASKED: Asked = { provider: 'reCAPTCHA', what: 'siteverify', effect: 'read' };
/** Codes about us; the others are about the token. */
const OURS = new Set(['missing-input-secret', 'invalid-input-secret', 'bad-request']);

export const adapter: CaptchaAdapter<RecaptchaConfig> = {
  async check(ctx, { token, action, ip }) {
    const { success, codes, body } = await siteverify(ctx, token, ip);
    if (!success) return { human: false, reasons: codes };
    return judged(ctx.config, body, action);
  },

  widget: ({ siteKey, version, baseUrl }) => ({
    siteKey,
    script: `${baseUrl}/recaptcha/api.js${version === 'v3' ? `?render=${encodeURIComponent(siteKey)}` : ''}`,
  }),

  /** A token that cannot be right: what they say of it does not matter, what they say of our key does. */
  async testConnection(ctx) {
    await siteverify(ctx, 'connection-test');
  },
};

const siteverify = async (ctx: Context, response: string, remoteip?: string) => {
  const answer = await ctx.http({
    method: 'POST',
    url: `${ctx.config.baseUrl}/recaptcha/api/siteverify`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      secret: ctx.config.secretKey,
      response,
      ...(remoteip !== undefined && { remoteip }),
    }).toString(),
    effect: 'read',
  });
  if (answer.status !== 200) throw lookFailure(failureOf(ctx, answer, ASKED, null));
  const body = readJson(answer.body);
  if (!isObject(body) || typeof body['success'] !== 'boolean') throw garbage(ASKED);
  const codes = listOf(body['error-codes']).map(word);
  const ours = codes.find((code) => OURS.has(code));
  if (ours !== undefined)
    throw new HubFailure('Config', 'provider_misconfigured', `reCAPTCHA does not accept us: ${ours}`, {
      providerCode: ours,
    });
  return { success: body['success'], codes, body };
};

/** Their yes says only that the token is real. What it was given for, where, and how likely by a person, is ours to look at. */
const judged = (config: RecaptchaConfig, body: { [key: string]: Json }, action: string): CaptchaVerdict => {
  const elsewhere = config.hostnames.includes(word(body['hostname'])) ? [] : ['hostname-mismatch'];
  if (config.version === 'v2') return { human: elsewhere.length === 0, reasons: elsewhere };
  const score = word(body['score']);
  if (score === '')
    throw new HubFailure('Config', 'provider_misconfigured', 'reCAPTCHA gives no score: the key pair is of v2');
  if (!isAmount(score)) throw garbage(ASKED);
  const reasons = [
    ...elsewhere,
    ...(word(body['action']) === action ? [] : ['action-mismatch']),
    ...(compare(score, config.threshold) < 0 ? ['score-too-low'] : []),
  ];
  return { human: reasons.length === 0, score, reasons };
};
