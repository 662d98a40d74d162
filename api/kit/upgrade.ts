import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import type { Logger } from 'pino';
import type { Mount } from './app.ts';
import { toProblem } from './errors.ts';
import type { Gate } from './gate.ts';
import { plainAnswer } from './plain-answer.ts';

/** Requests that become WebSockets. */
export interface Upgrade {
  /** Others are answered as if they had not asked: clients offer all kinds of protocols, and go on without. */
  wants: (req: IncomingMessage) => boolean;
  take: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

interface UpgradeParts {
  app: Express;
  gate: Gate;
  log: Logger;
  mounts: readonly Mount[];
}

/** Brings them to the mount of their path; Express never sees them. */
export const createUpgrade = ({ app, gate, log, mounts }: UpgradeParts): Upgrade => {
  const mountOf = ({ url = '' }: IncomingMessage): Mount | undefined =>
    mounts.find(
      ({ path, webSocket }) => webSocket && url.startsWith(path) && /^\/?(?:\?|$)/.test(url.slice(path.length)),
    );
  const pass = async (req: Request, socket: Duplex, head: Buffer): Promise<void> => {
    await gate.pass(req);
    mountOf(req)!.webSocket!(req, socket, head);
  };
  return {
    wants: (req) => req.headers.upgrade?.toLowerCase() === 'websocket' && mountOf(req) !== undefined,
    take: (req, socket, head) => {
      socket.on('error', () => socket.destroy());
      // As Express does: whose address it is, behind which proxies, is asked in one way.
      Object.setPrototypeOf(req, app.request as object);
      pass(req as Request, socket, head).catch((error: unknown) => {
        const why = toProblem(error);
        if (why.status >= 500) log.error({ err: error }, 'a connection could not be opened');
        socket.write(plainAnswer(why));
        // Who keeps his side open would keep ours.
        (socket as Socket).destroySoon();
      });
    },
  };
};
