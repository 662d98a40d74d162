import { Router } from 'express';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { SandboxModule } from '../../kit/sandbox.ts';

const ACCOUNT = { user: 'sandbox', password: 'sandbox-password' };
const SENDER = 'no-reply@broker.example';
const LARGEST = 1024 * 1024;
const KEPT = 500;

interface Mail {
  id: string;
  to: string;
  content: Email;
}

/** A mail server for one sender. It speaks SMTP on a port of its own, next to the sandbox server's. */
export const createSandbox = (): SandboxModule => {
  let mails: Mail[] = [];
  let next = 1;
  /** Of the server that this module started. */
  let own: { origin: string; port: number } | undefined;

  return {
    id: 'smtp',
    defaultConfig: (origin) => {
      const { hostname, port } = new URL(origin);
      return {
        host: hostname,
        port: origin === own?.origin ? own.port : Number(port) + 1,
        security: 'none',
        ...ACCOUNT,
        from: SENDER,
        fromName: 'Sandbox Broker',
      };
    },
    mount: () => Router(),
    async listen(_desk, { origin, host, port }) {
      const server = mailServer((to, content) => {
        mails = [...mails, { id: String(next++), to, content }].slice(-KEPT);
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      // A client that breaks off is not the server's trouble.
      server.on('error', () => undefined);
      own = { origin, port: (server.server.address() as AddressInfo).port };
      return { port: own.port, close: () => new Promise((resolve) => server.close(() => resolve())) };
    },
    reset: () => {
      mails = [];
    },
    numberFrom: (since) => {
      next += since;
    },
    advance: () => {
      throw new Error('nobody hears of a mail again');
    },
    books: () => [],
    things: () =>
      mails.toReversed().map(({ id, to, content: { subject, text, html } }) => ({
        id,
        kind: 'e-mail',
        title: `${subject ?? ''} → ${to}`,
        state: 'accepted',
        ...(text !== undefined && { text }),
        ...(html !== undefined && { html }),
        buttons: [],
      })),
    conformance: {
      // No HTTP, so no faults from outside; its own are the addresses and subjects below.
      calls: { send: null, testConnection: null },
      wrongCredentials: { password: 'not the password' },
      messaging: { channel: 'email', to: 'ann@client.example', refused: 'perm@client.example' },
    },
  };
};

const reply = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });

/** Recipients `perm@…`, `temp@…` and `relay@…` and the subjects `drop`, `quota` and `silent` are answered as their names say. */
const mailServer = (take: (to: string, content: Email) => void): SMTPServer =>
  new SMTPServer({
    name: 'mail.broker.example',
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    allowInsecureAuth: true,
    size: LARGEST,
    closeTimeout: 200,
    onAuth: ({ username, password }, _session, done) => {
      if (username === ACCOUNT.user && password === ACCOUNT.password) done(null, { user: username });
      else done(reply(535, '5.7.8 Authentication credentials invalid'));
    },
    onMailFrom: ({ address }, _session, done) =>
      done(address === SENDER ? null : reply(553, '5.7.1 Sender address not owned by user')),
    onRcptTo: ({ address: written }, _session, done) => {
      // Many answer in a spelling of their own.
      const address = written.toLowerCase();
      if (address.startsWith('perm@')) done(reply(550, `5.1.1 <${address}>: Recipient address rejected`));
      else if (address.startsWith('temp@')) done(reply(451, `4.7.1 <${address}>: Recipient address greylisted`));
      else if (address.startsWith('relay@')) done(reply(554, `5.7.1 <${address}>: Relay access denied`));
      else done();
    },
    onData: callbackify(async (stream: SMTPServerDataStream, session: SMTPServerSession) => {
      const bytes = await buffer(stream);
      if (stream.sizeExceeded) throw reply(552, '5.3.4 Message too big');
      const content = await PostalMime.parse(bytes);
      if (content.subject === 'drop') throw reply(421, '4.3.2 Service shutting down');
      if (content.subject === 'quota') throw reply(550, '5.4.5 Daily user sending limit exceeded');
      for (const { address } of session.envelope.rcptTo) take(address, content);
      return content.subject === 'silent' ? new Promise<never>(() => undefined) : '2.0.0 Ok: queued';
    }),
  });
