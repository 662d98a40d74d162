import type { Socket } from 'socket.io';
import type { ApiDeps } from '../deps.ts';
import { problem, toProblem } from '../kit/errors.ts';
import { counting, perActor } from '../kit/rate-limit.ts';
import { Wish } from './channels.ts';
import { closeWebSocket } from './close-web-socket.ts';
import type { Listeners } from './listeners.ts';

const WISHES = perActor('20/m');
/** Whoever is seen twice in a row to listen to nothing has no use for the connection. */
const UNSEATED_MS = 30_000;
/** "Unsupported data" (RFC 6455 §7.4.1). */
const UNSUPPORTED = 1003;

/** What an app may say on its connection: `subscribe` and `unsubscribe`. */
export const converse = ({ log }: ApiDeps, listeners: Listeners, socket: Socket): void => {
  const wishes = counting(WISHES);
  let wasSeated = true;
  const looking = setInterval(() => {
    const isSeated = listeners.isSeated(socket);
    if (!isSeated && !wasSeated) socket.conn.close();
    wasSeated = isSeated;
  }, UNSEATED_MS).unref();

  const subscribe = async (wish: Wish): Promise<void> => {
    try {
      if (wishes('').over > 0)
        throw problem(429, 'too_many_requests', 'Too many subscriptions. Try again in a minute.');
      const seat = await listeners.join(socket, wish);
      socket.emit('subscription_succeeded', seat.name);
      if (wish.since !== undefined) await listeners.replay(socket, seat, new Date(wish.since));
    } catch (error) {
      const { status } = toProblem(error);
      if (status >= 500) log.warn({ err: error }, 'an app cannot be told what happens');
      socket.emit('subscription_error', wish.channel, status);
    }
  };

  // One after the other: who subscribes and thinks better of it is not left with a seat.
  let last = Promise.resolve();
  const inTurn = (work: () => void | Promise<void>) => void (last = last.then(work));
  socket.on('subscribe', (sent: unknown) => {
    const wish = Wish.safeParse(sent);
    if (wish.success) inTurn(() => subscribe(wish.data));
    else refuse(socket);
  });
  socket.on('unsubscribe', (sent: unknown) => {
    const wish = Wish.pick({ channel: true }).safeParse(sent);
    if (wish.success) inTurn(() => listeners.leave(socket, wish.data.channel));
    else refuse(socket);
  });
  socket.onAny((name: unknown) => {
    if (name !== 'subscribe' && name !== 'unsubscribe') refuse(socket);
  });
  socket.on('disconnect', () => {
    clearInterval(looking);
    listeners.gone(socket);
    // A connection without a conversation is of no use, and nothing here would look at it again.
    socket.conn.close();
  });
};

/** Nothing we understand. */
const refuse = (socket: Socket): void => {
  if (!closeWebSocket(socket.conn, UNSUPPORTED)) socket.disconnect(true);
};
