import { Router, type Request, type Response } from 'express';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { z } from 'zod';
import { assure, callBack, Refusal, refusals, shapedBody } from '../../kit/sandbox-wire.ts';
import type { SandboxDesk, SandboxMessage, SandboxModule } from '../../kit/sandbox.ts';
import { hash } from '../../kit/signing.ts';

const API_KEY = 'SG.sandbox-key.0123456789abcdefghijklmnopqrstuvwxyz';
const READ_ONLY_KEY = 'SG.sandbox-read-only.0123456789abcdefghijklmnopqrstuvwxyz';
const SENDER = 'no-reply@broker.example';
/** Of this sandbox only. It stays the same, because connections keep its public half. */
const SIGNING_KEY = createPrivateKey({
  key: Buffer.from(
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+RMcPtPpLscuoyYoIHGtv7qjP2M96vv/iCsFIR7d9WShRANCAAS9EIS9piHYHpbnq000miaH4hFKmrX95PYVqTA7MlcK5dfPJtWinOvMkxpXxK5gjJVnMUiYruMWSx8emgm4mzkP',
    'base64',
  ),
  format: 'der',
  type: 'pkcs8',
});
const LARGEST = 900_000;
/** Theirs are not published; they go on for 24 hours. */
const RETRY_DELAYS_MS = [60, 300, 900, 3600, 21_600, 43_200].map((seconds) => seconds * 1000);

const Person = z.strictObject({
  email: z.email({ error: ({ input }) => `Does not contain a valid address: ${String(input)}` }),
  name: z.string().optional(),
});
const Switch = z.looseObject({ enable: z.boolean().optional() });
const Custom = z.record(z.string(), z.string());
const Mail = z.strictObject({
  personalizations: z
    .array(
      z.strictObject({
        to: z.array(Person).min(1),
        cc: z.array(Person).optional(),
        bcc: z.array(Person).optional(),
        subject: z.string().min(1).optional(),
        custom_args: Custom.optional(),
      }),
    )
    .min(1)
    .max(1000),
  from: Person,
  reply_to: Person.optional(),
  subject: z.string().min(1),
  content: z
    .array(z.strictObject({ type: z.string().min(1), value: z.string().min(1) }))
    .min(1)
    .refine((parts) => parts.findIndex(({ type }) => type === 'text/plain') <= 0, 'text/plain must come first'),
  headers: z.record(z.string(), z.string()).optional(),
  categories: z.array(z.string()).max(10).optional(),
  custom_args: Custom.optional(),
  tracking_settings: z.record(z.string(), Switch).optional(),
  mail_settings: z.record(z.string(), Switch).optional(),
});

interface Sent {
  id: string;
  to: string;
  mail: z.output<typeof Mail>;
  state: string;
}

/** SendGrid's mail/send and its signed event webhook, which tells of a mail to `hub_notify` of its custom_args. */
export const createSandbox = (): SandboxModule => {
  let desk: SandboxDesk | undefined;
  let mails: Sent[] = [];
  let serial = 0;

  const tell = (sent: Sent, event: string, more: Record<string, string> = {}) => {
    if (!desk) throw new Error('the sandbox is not mounted');
    sent.state = event;
    const args = { ...sent.mail.custom_args, ...sent.mail.personalizations[0]!.custom_args };
    const url = args['hub_notify'] ?? '';
    if (!URL.canParse(url)) return;
    const said = { email: sent.to, timestamp: Math.floor(desk.now() / 1000), event, 'smtp-id': `<${sent.id}@geopod>`, sg_event_id: hash('sha256', `${serial++}`, 'base64'), sg_message_id: `${sent.id}.filter0001.1.2.0`, ...more, ...args }; // prettier-ignore
    // Their bodies end with CRLF: whoever verifies re-written JSON fails here.
    const body = `${JSON.stringify([said])}\r\n`;
    const write = (time: number, honest: boolean) => ({ ...signed(honest ? body : `${body} `, time), body });
    callBack(desk, url, write, { retryDelaysMs: RETRY_DELAYS_MS, answerWithinMs: 10_000 });
  };
  const live = (sent: Sent) => {
    const then = (ms: number, event: string, more?: Record<string, string>) =>
      desk?.later(
        ms,
        () => mails.includes(sent) && ['queued', 'processed'].includes(sent.state) && tell(sent, event, more),
      );
    if (sent.to.startsWith('drop@')) return then(500, 'dropped', { reason: 'Bounced Address' });
    then(500, 'processed');
    if (sent.to.startsWith('bounce@')) then(1500, 'bounce', BOUNCE(sent.to));
    else then(1500, 'delivered', { response: '250 2.0.0 OK' });
  };

  const send = (req: Request, res: Response) => {
    const { length } = req.body as Buffer;
    if (length > LARGEST) return void res.status(413).type('html').send('<h1>413 Request Entity Too Large</h1>');
    assure(req.is('application/json'), 415, '', "Content-Type should be 'application/json'.");
    const mail = shapedBody(
      Mail,
      req,
      (issue) => new Refusal(400, issue?.path.join('.') ?? '', issue?.message ?? 'Bad Request'),
    );
    const { from, personalizations, mail_settings } = mail;
    const everybody = personalizations.flatMap(({ to, cc = [], bcc = [] }) => [...to, ...cc, ...bcc]);
    const addresses = everybody.map(({ email }) => email.toLowerCase());
    const isUnique = new Set(addresses).size === addresses.length;
    const twins = 'Each email address in the personalization block should be unique';
    assure(isUnique, 400, 'personalizations', twins);
    assure(from.email === SENDER, 403, 'from', 'The from address does not match a verified Sender Identity.');
    if (mail_settings?.['sandbox_mode']?.enable) return void res.status(200).end();
    const sent = { id: `MID${++serial}x${hash('md5', `${serial}`).slice(0, 16)}`, to: addresses[0]!, mail, state: 'queued' }; // prettier-ignore
    mails.push(sent);
    live(sent);
    res.status(202).set('x-message-id', sent.id).end();
  };

  return {
    id: 'sendgrid',
    defaultConfig: (origin) => ({
      apiKey: API_KEY,
      from: SENDER,
      fromName: 'Sandbox Broker',
      webhookPublicKey: createPublicKey(SIGNING_KEY).export({ format: 'der', type: 'spki' }).toString('base64'),
      baseUrl: `${origin}/sendgrid`,
    }),
    mount: (lent) => {
      desk = lent;
      const router = Router();
      router.use((req, _res, next) => {
        const key = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
        const isKnown = key === API_KEY || key === READ_ONLY_KEY;
        assure(isKnown, 401, '', 'The provided authorization grant is invalid, expired, or revoked');
        assure(req.method !== 'POST' || key === API_KEY, 403, '', 'access forbidden');
        next();
      });
      router.post('/v3/mail/send', send);
      router.get('/v3/scopes', (req, res) => {
        const mayAll = req.headers.authorization === `Bearer ${API_KEY}`;
        res.json({ scopes: mayAll ? ['mail.send', 'stats.read'] : ['stats.read'] });
      });
      const sayNo = ({ code, message }: Refusal) => ({ errors: [{ message, field: code || null, help: null }] });
      return router.use(refusals(sayNo));
    },
    reset: () => {
      mails = [];
    },
    numberFrom: (since) => {
      serial += since;
    },
    advance: (id, to) => {
      const sent = mails.find((one) => one.id === id);
      if (!sent) throw new Error('no such mail');
      if (to === 'deliver') tell(sent, 'delivered', { response: '250 2.0.0 OK' });
      else if (to === 'fail') tell(sent, 'bounce', BOUNCE(sent.to));
      else if (to === 'unknown_word') tell(sent, 'teleported');
      else throw new Error(`'${to.slice(0, 20)}' is none of deliver, fail, unknown_word`);
      return { id, state: sent.state };
    },
    books: () => [],
    things: () =>
      mails.toReversed().map(({ id, to, mail, state }) => {
        const part = (wanted: string) => mail.content.find(({ type }) => type === wanted)?.value;
        return {
          id,
          kind: 'e-mail',
          title: `${mail.subject} → ${to}`,
          state,
          text: part('text/plain') ?? '',
          ...(part('text/html') !== undefined && { html: part('text/html')! }),
          buttons: ['queued', 'processed'].includes(state)
            ? [
                { caption: 'Deliver', to: 'deliver' },
                { caption: 'Bounce', to: 'fail' },
              ]
            : [],
        };
      }),
    conformance: {
      calls: {
        send: { method: 'POST', path: '/v3/mail/send' },
        testConnection: { method: 'GET', path: '/v3/scopes' },
      },
      wrongCredentials: { apiKey: 'SG.not-the-key' },
      callbacks: { signed: true, goodForMs: 25 * 3_600_000 },
      messaging: { channel: 'email', to: 'ann@client.example', refused: 'no address' },
    },
  };
};

const BOUNCE = (to: string) => ({ type: 'bounce', status: '5.1.1', reason: `550 5.1.1 <${to}>: user unknown` });

const signed = (body: string, now: number): SandboxMessage => {
  const timestamp = String(Math.floor(now / 1000));
  return {
    headers: {
      'content-type': 'application/json',
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(timestamp + body), SIGNING_KEY).toString(
        'base64',
      ),
    },
    body,
  };
};
