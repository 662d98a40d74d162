import type { Socket } from 'socket.io';
import { eventsSince, type RealtimeEvent } from '../../db/repositories/realtime-events.ts';
import type { ApiDeps } from '../deps.ts';
import { problem, toProblem } from '../kit/errors.ts';
import { type Seat, type Wish, seatFor } from './channels.ts';
import { messagesOf } from './messages.ts';
import { createTail } from './tail.ts';

/** Of one client, in one process. */
const MOST_SOCKETS = 5;
/** An app that does not fetch what it is told is let go: it comes back and asks for what it missed. */
const MOST_UNFETCHED = 1_000;
/** How soon one who must not listen any more notices, while nothing happens. */
const LOOK_EVERY_MS = 2_000;

/** Who listens to what in this process, and how they are told. */
export const createListeners = (deps: ApiDeps) => {
  const { pool, log } = deps;
  const all = new Map<string, Map<Socket, Seat>>();

  const leave = (socket: Socket, key: string): void => {
    const seats = all.get(key);
    seats?.delete(socket);
    if (seats?.size === 0) all.delete(key);
  };

  /** A sign-out or a ban ends it with a word; an access token that has run out wants a new one. */
  const assertStill = async (socket: Socket, { key, name, stillMay }: Seat): Promise<boolean> => {
    try {
      await stillMay();
      return true;
    } catch (error) {
      const { status, details } = toProblem(error);
      // Not known is no reason to end it.
      if (status >= 500) return true;
      leave(socket, key);
      if (details.some(({ reason }) => reason === 'unauthenticated'))
        socket.emit('signed_out', name, { reason: 'signed_out' });
      socket.emit('subscription_error', name, status);
      return false;
    }
  };

  const tellOne = async (socket: Socket, seat: Seat, events: readonly RealtimeEvent[]): Promise<void> => {
    if (events.length === 0 || !(await assertStill(socket, seat))) return;
    for (const messages of await messagesOf(deps, events))
      for (const { name, payload } of messages) socket.emit(name, seat.name, payload);
  };

  /** Read once, however many listen. */
  const tell = async (events: RealtimeEvent[]): Promise<void> => {
    const heard = events.filter(({ channel }) => all.has(channel));
    const said = await messagesOf(deps, heard);
    for (const [i, { channel }] of heard.entries()) {
      for (const [socket, seat] of all.get(channel) ?? []) {
        if (!(await assertStill(socket, seat))) continue;
        for (const { name, payload } of said[i]!) socket.emit(name, seat.name, payload);
        // What it did not fetch so far it would not fetch before the end either.
        if (unfetched(socket) > MOST_UNFETCHED) socket.conn.close(true);
      }
    }
  };

  const tail = createTail({ pool, log, isWanted: () => all.size > 0, tell });

  const look = async (): Promise<void> => {
    for (const seats of [...all.values()]) for (const [socket, seat] of [...seats]) await assertStill(socket, seat);
  };
  const looking = setInterval(() => void look(), LOOK_EVERY_MS).unref();

  return {
    /** Takes a seat; throws the problem why not. From its end on nothing that is committed is missed. */
    join: async (socket: Socket, wish: Wish): Promise<Seat> => {
      const seat = await seatFor(deps, wish);
      // Gone meanwhile: nobody would ever give the seat back.
      if (!socket.connected) throw problem(400, 'validation', 'The connection is over.');
      const seats = all.get(seat.key) ?? new Map<Socket, Seat>();
      if (!seats.has(socket) && seats.size >= MOST_SOCKETS)
        throw problem(429, 'too_many_requests', `At most ${MOST_SOCKETS} connections may listen to one channel.`);
      // Taken first: whoever reads on does so as long as seats are taken.
      all.set(seat.key, seats.set(socket, seat));
      try {
        await tail.listen();
      } catch (error) {
        leave(socket, seat.key);
        throw error;
      }
      return seat;
    },
    /** What it missed, once more. */
    replay: async (socket: Socket, seat: Seat, since: Date): Promise<void> =>
      tellOne(socket, seat, await eventsSince(pool, seat.key, since)),
    leave: (socket: Socket, name: string): void => {
      for (const [key, seats] of [...all]) if (seats.get(socket)?.name === name) leave(socket, key);
    },
    gone: (socket: Socket): void => {
      for (const key of [...all.keys()]) leave(socket, key);
    },
    isSeated: (socket: Socket): boolean => [...all.values()].some((seats) => seats.has(socket)),
    close: (): void => clearInterval(looking),
  };
};

const unfetched = (socket: Socket): number => (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
