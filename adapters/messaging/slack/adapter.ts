import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, retryAfter, type Asked } from '../../kit/answers.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { isObject, listOf, objectOf, readJson, word, type Json } from '../../kit/json.ts';
import type { MessageReport, MessagingAdapter } from '../../kit/messaging.ts';

interface SlackConfig {
  botToken: string;
  baseUrl: string;
}
type Context = AdapterContext<SlackConfig>;
type Answer = { [key: string]: Json };

const EVENT = 'hub_message';
const PAGE = 200;
const CLOCKS_APART_S = 120;

export const adapter: MessagingAdapter<SlackConfig> = {
  channels: ['chat'],

  async send(ctx, { reference, to, subject, text }) {
    const answer = await call(ctx, 'chat.postMessage', 'write', {
      channel: to,
      text: subject ? `*${escaped(subject)}*\n${escaped(text)}` : escaped(text),
      unfurl_links: false,
      unfurl_media: false,
      metadata: { event_type: EVENT, event_payload: { reference } },
    });
    return reportOf(word(answer['ts']), { ...asked('chat.postMessage'), effect: 'write' });
  },

  /** Every page of the channel since then: `null` only when all were read. */
  async find(ctx, { reference, to, since }) {
    const oldest = String(Math.floor(since / 1000) - CLOCKS_APART_S);
    for (let cursor = ''; ;) {
      const answer = await call(ctx, 'conversations.history', 'read', {
        channel: to,
        oldest,
        limit: PAGE,
        include_all_metadata: true,
        ...(cursor !== '' && { cursor }),
      });
      if (!Array.isArray(answer['messages'])) throw garbage(asked('conversations.history'));
      const ours = listOf(answer['messages'])
        .map(objectOf)
        .find((one) => referenceOf(one) === reference);
      if (ours) return reportOf(word(ours['ts']), asked('conversations.history'));
      cursor = word(objectOf(answer['response_metadata'])['next_cursor']);
      if (cursor === '') return null;
    }
  },

  async testConnection(ctx) {
    await call(ctx, 'auth.test', 'read', {});
  },
};

const asked = (method: string): Asked => ({ provider: 'Slack', what: method, effect: 'read' });

/** The time is the message's id within its channel. */
const reportOf = (ts: string, of: Asked): MessageReport => {
  if (ts === '') throw garbage(of);
  return { providerId: ts, state: 'sent', providerStatus: 'ok' };
};

const referenceOf = (message: Answer): string => {
  const metadata = objectOf(message['metadata']);
  return word(metadata['event_type']) === EVENT ? word(objectOf(metadata['event_payload'])['reference']) : '';
};

/** The three characters that mean something to Slack; so no text of ours becomes a link or calls everybody. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const call = async (ctx: Context, method: string, effect: Asked['effect'], args: object): Promise<Answer> => {
  const of: Asked = { ...asked(method), effect };
  const answer = await ctx.http({
    method: 'POST',
    url: `${ctx.config.baseUrl}/api/${method}`,
    headers: { authorization: `Bearer ${ctx.config.botToken}`, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(args),
    effect,
  });
  const body = readJson(answer.body);
  const error = isObject(body) ? word(body['error']) : '';
  if (answer.status === 200 && isObject(body) && body['ok'] === true) return body;
  const failure = refusal(ctx, answer, of, error);
  throw effect === 'read' ? lookFailure(failure) : failure;
};

const SLOW_DOWN = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);
const IN_DOUBT = new Set(['internal_error', 'fatal_error']);
const NOT_NOW = new Set(['service_unavailable', 'request_timeout', 'team_added_to_org']);
/** The message or its channel; every other word is about our token, our rights or how we speak. */
const REFUSED =
  /^(channel_not_found|is_archived|not_in_channel|restricted_action.*|no_text|msg_too_long|msg_blocks_too_long|invalid_blocks.*|too_many_attachments|metadata_too_large|invalid_metadata_.*|user_not_found|cannot_dm_bot)$/;

/** A failure is HTTP 200 with `ok: false` and a word. */
const refusal = (ctx: Context, answer: HttpAnswer, of: Asked, error: string): HubFailure => {
  if (answer.status !== 200 && answer.status !== 429) return failureOf(ctx, answer, of, error ? { code: error } : null);
  const facts = { providerCode: error || String(answer.status) };
  const say = `Slack refused ${of.what}: ${ctx.scrub(error || String(answer.status))}`;
  if (answer.status === 429 || SLOW_DOWN.has(error))
    return new HubFailure('RateLimited', 'provider_rate_limited', say, { ...facts, ...retryAfter(answer, ctx.now()) });
  if (error === '') return garbage(of);
  if (NOT_NOW.has(error) || (IN_DOUBT.has(error) && of.effect === 'read'))
    return new HubFailure('Unavailable', 'provider_unavailable', say, facts);
  if (IN_DOUBT.has(error)) return new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', say, facts);
  return REFUSED.test(error)
    ? new HubFailure('Rejected', 'provider_refused', say, facts)
    : new HubFailure('Config', 'provider_misconfigured', say, facts);
};
