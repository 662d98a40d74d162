import { Router, type Request } from 'express';
import { z } from 'zod';
import { CallLimit } from '../../kit/call-limit.ts';
import { assure, Refusal, refusals, shapedBody } from '../../kit/sandbox-wire.ts';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';

const TOKENS: Record<string, readonly string[]> = {
  'xoxb-sandbox-bot-token': ['chat:write', 'channels:history'],
  'xoxb-sandbox-no-history': ['chat:write'],
};
const CHANNELS: Record<string, 'open' | 'foreign' | 'archived'> = {
  C0001: 'open',
  C0002: 'foreign',
  C0003: 'archived',
};
const LONGEST_TEXT = 40_000;
const PER_BURST = 60;
const MINUTE_MS = 60_000;

const Post = z.strictObject({
  channel: z.string(),
  text: z.string().optional(),
  thread_ts: z.string().optional(),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
  metadata: z.strictObject({ event_type: z.string().min(1), event_payload: z.record(z.string(), z.json()) }).optional(),
});
const History = z.strictObject({
  channel: z.string(),
  oldest: z.string().default('0'),
  limit: z.coerce.number().int().min(1).max(999).default(100),
  cursor: z.string().default(''),
  include_all_metadata: z.boolean().default(false),
});

interface Message {
  channel: string;
  ts: string;
  text: string;
  metadata: z.output<typeof Post>['metadata'];
}

/** An error is HTTP 200 with a word. */
const need: (holds: unknown, word: string) => asserts holds = (holds, word) => assure(holds, 200, word, word);

/** A workspace with one bot: chat.postMessage, conversations.history, auth.test. */
export const createSandbox = (): SandboxModule => {
  let desk: SandboxDesk | undefined;
  let messages: Message[] = [];
  let last = 0;
  const posted = new CallLimit(MINUTE_MS);

  const methods: Record<string, (req: Request, scopes: readonly string[]) => Record<string, unknown>> = {
    'auth.test': () => ({ team: 'Sandbox', team_id: 'T0001', user_id: 'U0001', bot_id: 'B0001' }),

    'chat.postMessage': (req, scopes) => {
      allow(scopes, 'chat:write');
      const { channel, text = '', metadata } = read(Post, req);
      need(CHANNELS[channel] !== undefined, 'channel_not_found');
      need(CHANNELS[channel] !== 'foreign', 'not_in_channel');
      need(CHANNELS[channel] !== 'archived', 'is_archived');
      need(text !== '', 'no_text');
      need(text.length <= LONGEST_TEXT, 'msg_too_long');
      const now = desk!.now();
      assure(posted.take(now, PER_BURST) === 0, 429, 'ratelimited', 'too many messages', { retryAfter: 30 });
      // Microseconds that grow even within one: channel and ts are the id.
      last = Math.max(last + 1, now * 1000);
      const ts = `${Math.floor(last / 1_000_000)}.${String(last % 1_000_000).padStart(6, '0')}`;
      messages.push({ channel, ts, text, metadata });
      return { channel, ts, message: { type: 'message', text, ts, bot_id: 'B0001' } };
    },

    'conversations.history': (req, scopes) => {
      allow(scopes, 'channels:history');
      const { channel, oldest, limit, cursor, include_all_metadata } = read(History, req);
      need(CHANNELS[channel] !== undefined, 'channel_not_found');
      need(CHANNELS[channel] !== 'foreign', 'not_in_channel');
      const found = messages.filter((one) => one.channel === channel && Number(one.ts) >= Number(oldest)).toReversed();
      const from = cursor === '' ? 0 : Number(Buffer.from(cursor, 'base64').toString());
      need(Number.isInteger(from), 'invalid_cursor');
      const more = from + limit < found.length;
      return {
        messages: found.slice(from, from + limit).map(({ ts, text, metadata }) => ({
          type: 'message',
          ts,
          text,
          bot_id: 'B0001',
          ...(include_all_metadata && metadata && { metadata }),
        })),
        has_more: more,
        response_metadata: { next_cursor: more ? Buffer.from(String(from + limit)).toString('base64') : '' },
      };
    },
  };

  const answer = (req: Request): Record<string, unknown> => {
    const method = methods[String(req.params['method'])];
    need(method, 'unknown_method');
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    need(token !== undefined, 'not_authed');
    need(TOKENS[token], 'invalid_auth');
    const type = req.headers['content-type'] ?? '';
    need(type.startsWith('application/json'), 'invalid_post_type');
    need(/^application\/json; ?charset=utf-8$/i.test(type), 'missing_charset');
    return { ok: true, ...method(req, TOKENS[token]) };
  };

  return {
    id: 'slack',
    defaultConfig: (origin) => ({ botToken: 'xoxb-sandbox-bot-token', baseUrl: `${origin}/slack` }),
    mount: (lent) => {
      desk = lent;
      const router = Router();
      router.post('/api/:method', (req, res) => void res.json(answer(req)));
      return router.use(refusals(({ code }) => ({ ok: false, error: code })));
    },
    reset: () => {
      messages = [];
      posted.reset();
    },
    advance: () => {
      throw new Error('nothing is heard of a posted message again');
    },
    books: () => [],
    things: () =>
      messages.toReversed().map(({ channel, ts, text }) => ({
        id: ts,
        kind: 'chat',
        title: `in ${channel}`,
        state: 'ok',
        text: asRead(text),
        buttons: [],
      })),
    conformance: {
      calls: {
        send: { method: 'POST', path: '/api/chat.postMessage' },
        find: { method: 'POST', path: '/api/conversations.history' },
        testConnection: { method: 'POST', path: '/api/auth.test' },
      },
      wrongCredentials: { botToken: 'xoxb-not-the-token' },
      messaging: { channel: 'chat', to: 'C0001', refused: 'C9999' },
    },
  };
};

/** What a person sees. */
const asRead = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

const allow = (scopes: readonly string[], scope: string): void => {
  need(scopes.includes(scope), 'missing_scope');
};

const read = <T>(shape: z.ZodType<T>, req: Request): T =>
  shapedBody(shape, req, (issue) => {
    const word = issue?.path[0] === 'metadata' ? 'invalid_metadata_format' : 'invalid_arguments';
    return new Refusal(200, issue ? word : 'invalid_json', 'bad arguments');
  });
