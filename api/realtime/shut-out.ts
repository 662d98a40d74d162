import type { Server as Engine, Socket as EngineSocket } from 'engine.io';
import type { Request } from 'express';
import type { ApiDeps } from '../deps.ts';
import { type AddressPolicy, letsIn } from '../kit/address-policies.ts';
import { closeWebSocket } from './close-web-socket.ts';

const LOOK_EVERY_MS = 1_000;
/** "Policy violation" (RFC 6455 §7.4.1). */
const POLICY_VIOLATION = 1008;

/**
 * Ends connections from addresses that the black and white lists let in no more: a connection passes the gate once, and lists change later. They are
 * looked at for the whole process, and connections only when something in them is another than before.
 */
export const shutOut = ({ gate }: Pick<ApiDeps, 'gate'>, engine: Engine) => {
  const origins = new WeakMap<object, { address: string; path: string }>();
  let judged: readonly AddressPolicy[] | undefined;

  const judge = (lists: readonly AddressPolicy[], connection: EngineSocket): void => {
    const origin = origins.get((connection as unknown as { request: object }).request);
    if (!origin || letsIn(lists, origin.address, origin.path)) return;
    // The next poll meets the gate, and is told there.
    if (!closeWebSocket(connection, POLICY_VIOLATION, 'address_denied')) connection.close(true);
  };
  const look = async (): Promise<void> => {
    const open = Object.values((engine as unknown as { clients: Record<string, EngineSocket> }).clients);
    if (open.length === 0) return;
    const lists = await gate.lists();
    if (lists !== judged) for (const connection of open) judge(lists, connection);
    judged = lists;
  };
  // Lists that cannot be read are no reason to end anything.
  const looking = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS).unref();
  // Whoever was on his way in when they changed.
  engine.on('connection', (connection: EngineSocket) => {
    gate.lists().then(
      (lists) => judge(lists, connection),
      () => undefined,
    );
  });

  return {
    /** Called with the request a connection is begun by. */
    note: (req: Request): void => {
      // A mount's router takes its own path off.
      const path = `${(req.baseUrl as string | undefined) ?? ''}${req.path}`;
      origins.set(req, { address: req.ip ?? '', path });
    },
    close: (): void => clearInterval(looking),
  };
};
