import { Router, type Request } from 'express';
import { callBack, Refusal, refusals } from '../../kit/sandbox-wire.ts';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';
import { hash } from '../../kit/signing.ts';
import { signatureOf } from './webhook.ts';

const ACCOUNT = `AC${'5a'.repeat(16)}`;
const AUTH_TOKEN = 'sandbox-auth-token';
const API_KEY = { sid: `SK${'5b'.repeat(16)}`, secret: 'sandbox-key-secret' };
const SERVICE = `MG${'5c'.repeat(16)}`;
const OWN_NUMBER = '+15005550006';
const LONGEST_BODY = 1600;
const KNOWN = 'To From MessagingServiceSid Body MediaUrl StatusCallback ValidityPeriod SendAt ScheduleType Attempt ProvideFeedback ShortenUrls SmartEncoded RiskCheck ContentRetention AddressRetention PersistentAction FallbackFrom SendAsMms TrafficType MaxPrice ForceDelivery'; // prettier-ignore

/** Twilio's magic numbers of test credentials. */
const MAGIC_FROM: Record<string, number> = { '+15005550001': 21212, '+15005550007': 21606, '+15005550008': 21611 };
const MAGIC_TO: Record<string, number> = {
  '+15005550001': 21211,
  '+15005550002': 21612,
  '+15005550003': 21408,
  '+15005550004': 21610,
  '+15005550009': 21614,
};
const TEXTS: Record<number, string> = {
  20001: 'Unknown parameter',
  20003: 'Authenticate',
  20404: 'The requested resource was not found',
  21211: "The 'To' number is not a valid phone number",
  21212: "Invalid 'From' Number",
  21408: 'Permission to send an SMS has not been enabled for the region',
  21602: 'Message body is required',
  21603: "A 'From' phone number is required",
  21604: "A 'To' phone number is required",
  21606: "The 'From' phone number is not a valid, message-capable Twilio phone number for this account",
  21609: 'The StatusCallback URL is not a valid URL',
  21610: 'Attempt to send to unsubscribed recipient',
  21611: "This 'From' number has exceeded the maximum number of queued messages",
  21612: "Message cannot be sent with the current combination of 'To' and 'From'",
  21614: "'To' number is not a valid mobile number",
  21617: 'The concatenated message body exceeds the 1600 character limit',
};

type Message = Record<'sid' | 'status' | 'to' | 'from' | 'body', string> & {
  service: string | null;
  media: number;
  callback: string | null;
  error: number | null;
  created: number;
  sent: number | null;
};

const refuse = (code: number, { status = 400, about }: { status?: number; about?: string } = {}): never => {
  throw new Refusal(status, String(code), about === undefined ? TEXTS[code]! : `${TEXTS[code]}: ${about}`);
};

const FINAL = ['delivered', 'undelivered', 'failed'];
const dateOf = (ms: number | null) => (ms === null ? null : new Date(ms).toUTCString().replace('GMT', '+0000'));

/** Twilio's Messages resource: form in, JSON out, callbacks signed with the Auth Token. */
export const createSandbox = (): SandboxModule => {
  let desk: SandboxDesk | undefined;
  let messages: Message[] = [];
  let serial = 0;

  const move = (message: Message, status: string, error: number | null = null) => {
    if (!desk) throw new Error('the sandbox is not mounted');
    Object.assign(message, { status, error, sent: message.sent ?? desk.now() });
    tell(desk, message);
  };
  /** Unless somebody decided otherwise meanwhile. */
  const moveOn = (message: Message, status: string) => () => {
    if (messages.includes(message) && !FINAL.includes(message.status)) move(message, status);
  };

  const create = (form: URLSearchParams, now: number): Message => {
    const unknown = [...form.keys()].find((name) => !KNOWN.split(' ').includes(name));
    if (unknown !== undefined) refuse(20001, { about: unknown });
    const [to, from, service, body] = ['To', 'From', 'MessagingServiceSid', 'Body'].map((name) => form.get(name) ?? '') as [string, string, string, string]; // prettier-ignore
    if (to === '') refuse(21604);
    if (from === '' && service === '') refuse(21603);
    if (service !== '' && service !== SERVICE) refuse(20404, { status: 404 });
    if (service === '' && from !== OWN_NUMBER) refuse(MAGIC_FROM[from] ?? 21606, { about: from });
    if (MAGIC_TO[to] !== undefined) refuse(MAGIC_TO[to], { about: to });
    if (!/^\+[1-9]\d{6,14}$/.test(to)) refuse(21211, { about: to });
    const media = form.getAll('MediaUrl').length;
    if (body === '' && media === 0) refuse(21602);
    if (body.length > LONGEST_BODY) refuse(21617);
    const callback = form.get('StatusCallback');
    if (callback !== null && !/^https?:$/.test(URL.parse(callback)?.protocol ?? '')) refuse(21609);
    const sid = (media > 0 ? 'MM' : 'SM') + hash('md5', `${++serial}`);
    const status = service === '' ? 'queued' : 'accepted';
    const message: Message = { sid, status, to, from: from || OWN_NUMBER, body, service: service || null, media, callback, error: null, created: now, sent: null }; // prettier-ignore
    messages.push(message);
    desk?.later(1000, moveOn(message, 'sent'));
    desk?.later(3000, moveOn(message, 'delivered'));
    return message;
  };

  const one = (req: Request): Message => {
    const found = messages.find(({ sid }) => sid === req.params['sid']);
    return found ?? refuse(20404, { status: 404 });
  };

  return {
    id: 'twilio',
    defaultConfig: (origin) => ({
      accountSid: ACCOUNT,
      authToken: AUTH_TOKEN,
      from: OWN_NUMBER,
      baseUrl: `${origin}/twilio`,
    }),
    mount: (lent) => {
      desk = lent;
      const router = Router();
      const base = '/2010-04-01/Accounts/:account';
      router.use(base, (req, _res, next) => {
        const given = Buffer.from(/^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '', 'base64').toString();
        const right = [`${ACCOUNT}:${AUTH_TOKEN}`, `${API_KEY.sid}:${API_KEY.secret}`].includes(given);
        if (!right || req.params['account'] !== ACCOUNT) refuse(20003, { status: 401 });
        next();
      });
      router.post(`${base}/Messages.json`, (req, res) => {
        // Anything but a form is a request without parameters.
        const isForm = req.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
        const form = new URLSearchParams(isForm ? (req.body as Buffer).toString('utf8') : '');
        res.status(201).json(render(create(form, lent.now())));
      });
      router.get(`${base}/Messages.json`, (req, res) => void res.json(listOf(messages, req)));
      router.get(`${base}/Messages/:sid.json`, (req, res) => void res.json(render(one(req))));
      router.delete(`${base}/Messages/:sid.json`, (req, res) => {
        messages.splice(messages.indexOf(one(req)), 1);
        res.status(204).end();
      });
      router.use(() => refuse(20404, { status: 404 }));
      const link = (code: string) => `https://www.twilio.com/docs/errors/${code}`;
      return router.use(
        refusals(({ code, message, status }) => ({ code: Number(code), message, more_info: link(code), status })),
      );
    },
    reset: () => {
      messages = [];
    },
    numberFrom: (since) => {
      serial += since;
    },
    advance: (id, to) => {
      const message = messages.find(({ sid }) => sid === id);
      if (!message) throw new Error('no such message');
      if (to === 'deliver') move(message, 'delivered');
      else if (to === 'fail') move(message, 'undelivered', 30003);
      else if (to === 'unknown_word') move(message, 'teleported');
      else throw new Error(`'${to.slice(0, 20)}' is none of deliver, fail, unknown_word`);
      return render(message);
    },
    books: () => [],
    things: () =>
      messages.toReversed().map(({ sid, to, body, status }) => ({
        id: sid,
        kind: 'SMS',
        title: `to ${to}`,
        state: status,
        text: body,
        buttons: FINAL.includes(status)
          ? []
          : [
              { caption: 'Deliver', to: 'deliver' },
              { caption: 'Fail', to: 'fail' },
            ],
      })),
    conformance: {
      calls: {
        send: { method: 'POST', path: `/2010-04-01/Accounts/${ACCOUNT}/Messages.json` },
        find: { method: 'GET', path: `/2010-04-01/Accounts/${ACCOUNT}/Messages` },
        testConnection: { method: 'GET', path: `/2010-04-01/Accounts/${ACCOUNT}/Messages.json` },
      },
      wrongCredentials: { authToken: 'not the token' },
      callbacks: { signed: true, goodForMs: null },
      messaging: { channel: 'sms', to: '+15005550010', refused: '+15005550009' },
    },
  };
};

/** Numbers in words, dates as in mails, as Twilio writes them. */
const render = (message: Message) => {
  const { sid, status, to, from, body, service, media, error, created, sent } = message;
  const uri = `/2010-04-01/Accounts/${ACCOUNT}/Messages/${sid}.json`;
  return {
    sid, account_sid: ACCOUNT, api_version: '2010-04-01', body, direction: 'outbound-api', from, to, status,
    num_segments: String(Math.ceil(body.length / 153)), num_media: String(media), price: null, price_unit: null,
    error_code: error, error_message: error === null ? null : 'Unreachable destination handset', messaging_service_sid: service,
    date_created: dateOf(created), date_updated: dateOf(sent ?? created), date_sent: dateOf(sent),
    uri, subresource_uris: { media: uri.replace('.json', '/Media.json') },
  }; // prettier-ignore
};

/** Newest first. `DateSent` knows days; what is not sent yet counts by its creation (unverified). */
const listOf = (messages: readonly Message[], req: Request) => {
  const query = new URL(req.originalUrl, 'http://sandbox').searchParams;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const fits = ({ to, from, sent, created }: Message) =>
    [...query].every(([name, value]) => {
      const on = day(sent ?? created);
      if (name === 'To') return to === value;
      if (name === 'From') return from === value;
      if (name === 'DateSent') return on === value.slice(0, 10);
      if (name === 'DateSent>') return on >= value.slice(0, 10);
      return name !== 'DateSent<' || on <= value.slice(0, 10);
    });
  const found = messages.filter(fits).toReversed();
  const size = Math.min(Number(query.get('PageSize') ?? 50), 1000);
  const page = Number(query.get('Page') ?? 0);
  const start = page * size;
  const uriOf = (of: number) => {
    query.set('Page', String(of));
    return `/2010-04-01/Accounts/${ACCOUNT}/Messages.json?${query.toString()}`;
  };
  return {
    messages: found.slice(start, start + size).map(render),
    page,
    page_size: size,
    start,
    end: Math.min(start + size, found.length) - 1,
    uri: uriOf(page),
    first_page_uri: uriOf(0),
    previous_page_uri: page > 0 ? uriOf(page - 1) : null,
    next_page_uri: start + size < found.length ? uriOf(page + 1) : null,
  };
};

const tell = (desk: SandboxDesk, { sid, to, from, status, error, service, callback }: Message): void => {
  // The fragment holds connection overrides and is no part of the address.
  const url = callback?.split('#')[0] ?? '';
  const form = new URLSearchParams({ MessageSid: sid, SmsSid: sid, AccountSid: ACCOUNT, From: from, To: to, MessageStatus: status, SmsStatus: status, ApiVersion: '2010-04-01' }); // prettier-ignore
  if (error !== null) form.set('ErrorCode', String(error));
  if (service !== null) form.set('MessagingServiceSid', service);
  // No time is signed, so an old one looks like a new one.
  const write = (_time: number, honest: boolean) => ({
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'i-twilio-idempotency-token': hash('sha256', `${sid}:${status}`).slice(0, 36),
      'x-twilio-signature': signatureOf(honest ? AUTH_TOKEN : 'somebody else', url, form),
    },
    body: form.toString(),
  });
  // One retry is their default.
  callBack(desk, url, write, { retryDelaysMs: [1000], answerWithinMs: 15_000 });
};
