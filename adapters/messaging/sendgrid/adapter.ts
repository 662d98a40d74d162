import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, withoutSent, type Asked, type Said } from '../../kit/answers.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { isObject, listOf, objectOf, readJson, word } from '../../kit/json.ts';
import type { MessagingAdapter, OutgoingMessage } from '../../kit/messaging.ts';
import type { SendgridConfig } from './config.ts';
import { webhook } from './webhook.ts';

type Context = AdapterContext<SendgridConfig>;

const SEND: Asked = { provider: 'SendGrid', what: 'POST /v3/mail/send', effect: 'write' };
const LOOK: Asked = { provider: 'SendGrid', what: 'GET /v3/scopes', effect: 'read' };

export const adapter: MessagingAdapter<SendgridConfig> = {
  channels: ['email'],
  webhook,

  async send(ctx, message) {
    const answer = await ctx.http({
      method: 'POST',
      url: `${ctx.config.baseUrl}/v3/mail/send`,
      headers: { authorization: `Bearer ${ctx.config.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(mailOf(ctx, message)),
      effect: 'write',
    });
    const providerId = answer.headers['x-message-id'] ?? '';
    // 200 is the answer of their sandbox mode, which we never ask for: checked, and not sent.
    if (answer.status === 202 && providerId !== '') return { providerId, state: 'accepted', providerStatus: '202' };
    throw answer.status < 300 ? garbage(SEND) : refusal(ctx, answer, message);
  },

  async testConnection(ctx) {
    const answer = await ctx.http({
      method: 'GET',
      url: `${ctx.config.baseUrl}/v3/scopes`,
      headers: { authorization: `Bearer ${ctx.config.apiKey}` },
      effect: 'read',
    });
    if (answer.status !== 200) throw lookFailure(failureOf(ctx, slowed(ctx, answer), LOOK, saidIn(answer.body)));
    const body = readJson(answer.body);
    if (!isObject(body) || !Array.isArray(body['scopes'])) throw garbage(LOOK);
    if (body['scopes'].includes('mail.send')) return;
    throw new HubFailure('Config', 'provider_misconfigured', "SendGrid: the API key lacks the scope 'mail.send'");
  },
};

const mailOf = (ctx: Context, { reference, to, subject, text, html }: OutgoingMessage) => ({
  personalizations: [{ to: [{ email: to }] }],
  from: { email: ctx.config.from, ...(ctx.config.fromName !== undefined && { name: ctx.config.fromName }) },
  ...(ctx.config.replyTo !== undefined && { reply_to: { email: ctx.config.replyTo } }),
  subject: subject ?? '',
  // Plain text first, or they refuse.
  content: [{ type: 'text/plain', value: text }, ...(html === undefined ? [] : [{ type: 'text/html', value: html }])],
  // Comes back flattened into every event, hence the prefix.
  custom_args: { hub_reference: reference, hub_notify: ctx.callbackUrl },
  // Links of ours carry codes: they are not to be rewritten through a tracking host.
  tracking_settings: { click_tracking: { enable: false, enable_text: false }, open_tracking: { enable: false } },
});

const refusal = (ctx: Context, answer: HttpAnswer, { to, subject }: OutgoingMessage): HubFailure => {
  const said = saidIn(answer.body, [to, subject]);
  // Said by their front door, in HTML.
  if (answer.status === 413)
    return new HubFailure('Rejected', 'provider_refused', 'SendGrid: the mail is too big', { providerCode: '413' });
  const failure = failureOf(ctx, slowed(ctx, answer), SEND, said);
  // A refused sender is about the connection, not about this mail.
  return failure.type === 'Rejected' && said?.code?.startsWith('from') ? lookFailure(failure) : failure;
};

/** They tell when to come again as a point in time. */
const slowed = (ctx: Context, answer: HttpAnswer): HttpAnswer => {
  const reset = answer.headers['x-ratelimit-reset'] ?? '';
  if (answer.headers['retry-after'] !== undefined || !/^\d{10}$/.test(reset)) return answer;
  const seconds = Math.min(3600, Math.max(1, Math.ceil(Number(reset) - ctx.now() / 1000)));
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(seconds) } };
};

/** `{errors: [{message, field, help}]}`; the field is the nearest to a code they have. `sent` is taken out: they quote addresses. */
const saidIn = (body: string, sent: unknown = []): Said | null => {
  const [first] = listOf(objectOf(readJson(body))['errors']);
  return isObject(first) ? { code: word(first['field']), text: withoutSent(word(first['message']), sent) } : null;
};
