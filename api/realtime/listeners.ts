import type { Socket } from 'socket.io';
import { eventsSince, type RealtimeEvent } from '../../db/repositories/realtime-events.ts';
import type { ApiDeps } from '../deps.ts';
import { problem, toProblem } from '../kit/errors.ts';
import { type Seat, type Wish, seatFor } from './channels.ts';
import { type Message, messagesOf } from './messages.ts';
import { createTail } from './tail.ts';

/** Of one client, in one process. */
const MOST_SOCKETS = 5;
/** An app that does not fetch what it is told is let go: it comes back and asks for what it missed. */
const MOST_UNFETCHED = 1_000;
/** How soon one whose token has run out hears of it, while nothing happens. */
const LOOK_EVERY_MS = 2_000;

export type Listeners = ReturnType<typeof createListeners>;

/** Who listens to what in this process, and how they are told. */
export const createListeners = (deps: ApiDeps) => {
  const { pool, log } = deps;
  const byChannel = new Map<string, Map<Socket, Seat>>();
  const bySocket = new Map<Socket, Map<string, Seat>>();

  const sit = (socket: Socket, seat: Seat): void => {
    byChannel.set(seat.key, (byChannel.get(seat.key) ?? new Map<Socket, Seat>()).set(socket, seat));
    bySocket.set(socket, (bySocket.get(socket) ?? new Map<string, Seat>()).set(seat.key, seat));
  };
  const leave = (socket: Socket, { key }: Seat): void => {
    remove(byChannel, key, socket);
    remove(bySocket, socket, key);
  };

  /** A sign-out or a ban ends it with a word; an access token that has run out wants a new one. */
  const assertStill = async (socket: Socket, seat: Seat): Promise<boolean> => {
    try {
      await seat.stillMay();
      return true;
    } catch (error) {
      const { status, details } = toProblem(error);
      // Not known is no reason to end it.
      if (status >= 500) return true;
      // Said already, or he has sat down anew meanwhile: two 401 would have an app renew its tokens twice.
      if (bySocket.get(socket)?.get(seat.key) !== seat) return false;
      leave(socket, seat);
      if (details.some(({ reason }) => reason === 'unauthenticated'))
        socket.emit('signed_out', seat.name, { reason: 'signed_out' });
      socket.emit('subscription_error', seat.name, status);
      return false;
    }
  };

  const say = async (socket: Socket, seat: Seat, messages: readonly Message[]): Promise<void> => {
    if (!(await assertStill(socket, seat))) return;
    for (const { name, payload } of messages) socket.emit(name, seat.name, payload);
    // What it did not fetch so far it would not fetch before the end either.
    if (unfetched(socket) > MOST_UNFETCHED) socket.conn.close(true);
  };

  /** Read once, however many listen. */
  const tell = async (events: RealtimeEvent[]): Promise<void> => {
    const heard = events.filter(({ channel }) => byChannel.has(channel));
    for (const { kind, channel } of heard)
      // Word of it may come sooner this way than by the other.
      if (kind === 'rights') deps.access.forgetActor({ kind: 'client', id: Number(channel.slice('client:'.length)) });
    const said = await messagesOf(deps, heard);
    for (const [i, { channel }] of heard.entries())
      for (const [socket, seat] of byChannel.get(channel) ?? []) await say(socket, seat, said[i]!);
  };

  const tail = createTail({ pool, log, isWanted: () => byChannel.size > 0, tell });

  const looking = setInterval(() => {
    const now = Date.now();
    for (const [socket, seats] of bySocket)
      for (const seat of seats.values()) if (seat.until <= now) void assertStill(socket, seat);
  }, LOOK_EVERY_MS).unref();

  return {
    /** Takes a seat; throws the problem why not. From its end on nothing that is committed is missed. */
    join: async (socket: Socket, wish: Wish): Promise<Seat> => {
      const seat = await seatFor(deps, wish);
      // Gone meanwhile: nobody would ever give the seat back.
      if (!socket.connected) throw problem(400, 'validation', 'The connection is over.');
      const seats = byChannel.get(seat.key);
      if (seats && !seats.has(socket) && seats.size >= MOST_SOCKETS)
        throw problem(429, 'too_many_requests', `At most ${MOST_SOCKETS} connections may listen to one channel.`);
      // Taken first: whoever reads on does so as long as seats are taken.
      sit(socket, seat);
      try {
        await tail.listen();
      } catch (error) {
        leave(socket, seat);
        throw error;
      }
      return seat;
    },
    /** What it missed, once more. Throws, and takes the seat back, when that cannot be read. */
    replay: async (socket: Socket, seat: Seat, since: Date): Promise<void> => {
      try {
        const missed = await eventsSince(pool, seat.key, since);
        for (const messages of await messagesOf(deps, missed)) await say(socket, seat, messages);
      } catch (error) {
        leave(socket, seat);
        throw error;
      }
    },
    leave: (socket: Socket, name: string): void => {
      for (const seat of bySocket.get(socket)?.values() ?? []) if (seat.name === name) leave(socket, seat);
    },
    gone: (socket: Socket): void => {
      for (const seat of bySocket.get(socket)?.values() ?? []) leave(socket, seat);
    },
    isSeated: (socket: Socket): boolean => bySocket.has(socket),
    close: (): void => clearInterval(looking),
  };
};

const remove = <A, B>(all: Map<A, Map<B, Seat>>, whose: A, which: B): void => {
  const some = all.get(whose);
  some?.delete(which);
  if (some?.size === 0) all.delete(whose);
};

const unfetched = (socket: Socket): number => (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
