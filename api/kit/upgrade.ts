import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import type { Logger } from 'pino';
import type { Mount } from './app.ts';
import { problem, toProblem } from './errors.ts';
import type { Gate } from './gate.ts';
import { plainAnswer } from './plain-answer.ts';

export type Upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

interface UpgradeParts {
  app: Express;
  gate: Gate;
  log: Logger;
  mounts: readonly Mount[];
}

/** Brings requests that want to become something else than HTTP to the mount of their path; Express never sees them. */
export const createUpgrade = ({ app, gate, log, mounts }: UpgradeParts): Upgrade => {
  const pass = async (req: Request, socket: Duplex, head: Buffer): Promise<void> => {
    const mount = mounts.find(({ path, upgrade }) => upgrade && `${req.path}/`.startsWith(`${path}/`));
    if (!mount) throw problem(404, 'unknown_route', 'There is no such method.');
    await gate(req);
    mount.upgrade!(req, socket, head);
  };
  return (req, socket, head) => {
    const gone = () => socket.destroy();
    socket.on('error', gone);
    // As Express does: whose address it is, behind which proxies, is asked in one way.
    Object.setPrototypeOf(req, app.request as object);
    pass(req as Request, socket, head).catch((error: unknown) => {
      const why = toProblem(error);
      if (why.status >= 500) log.error({ err: error }, 'a connection could not be opened');
      socket.end(plainAnswer(why));
    });
  };
};
