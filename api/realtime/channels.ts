import { decodeJwt } from 'jose';
import { z } from 'zod';
import { findChannel, isQrWord } from '../../db/repositories/qr-channels.ts';
import type { ApiDeps } from '../deps.ts';
import { problem } from '../kit/errors.ts';

/** What an app sends to be told: `42["subscribe",{…}]` (objects-front-office §6). */
export const Wish = z.object({
  channel: z.string().max(100),
  /** Beside the bare channel `private-frontend_users`, which some documents name. */
  clientId: z.int().positive().optional(),
  auth: z.object({ headers: z.record(z.string(), z.string().max(8_192)).default({}) }).default({ headers: {} }),
  /** From when on it wants to hear what it missed. */
  since: z.iso.datetime({ offset: true }).optional(),
});
export type Wish = z.infer<typeof Wish>;

/** Who listens to what. `stillMay` throws once he must not any more. */
export interface Seat {
  /** As events are kept: 'client:7', 'qr:{uuid}'. */
  key: string;
  /** As the app calls it, and wants to hear it called. */
  name: string;
  /** When it ends by itself: milliseconds since the epoch. */
  until: number;
  stillMay: () => Promise<void>;
}

/** Throws 401 without a good token, 403 for another client's channel or without the secret of a QR code's, 404 for one that there is not. */
export const seatFor = async (deps: ApiDeps, { channel, clientId, auth }: Wish): Promise<Seat> => {
  const headers = new Map(Object.entries(auth.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const [known, ofClient, qr] = CHANNEL.exec(channel) ?? [];
  if (known === undefined) throw problem(404, 'not_found', 'There is no such channel.', 'channel');
  if (qr !== undefined) return qrSeat(deps, channel, qr, headers.get('channelsecret'));
  const wanted = ofClient === undefined ? clientId : Number(ofClient);
  const token = headers.get('authorization');
  const stillMay = () => assertIs(deps, wanted, token);
  await stillMay();
  const { exp = 0 } = decodeJwt(token!.split(' ').at(-1)!);
  return { key: `client:${wanted}`, name: channel, until: exp * 1000, stillMay };
};

const CHANNEL = /^(?:private-frontend_users(?:\.([1-9]\d{0,9}))?|qr\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))$/;

/** Remembered for a moment, and forgotten at once by a sign-out or a ban. */
const assertIs = async ({ access }: ApiDeps, clientId: number | undefined, token: string | undefined) => {
  const actor = await access.identify(token);
  if (actor.kind !== 'client' || actor.id !== clientId)
    throw problem(403, 'forbidden', 'This channel is of another client.', 'channel');
};

/** Whoever photographs the code knows its channel; the secret is only in the browser that shows it. */
const qrSeat = async ({ pool, ring }: ApiDeps, name: string, id: string, secret: string | undefined): Promise<Seat> => {
  const found = secret !== undefined && isQrWord(ring, id, 'secret', secret) && (await findChannel(pool, id));
  if (!found) throw expired();
  const until = found.expiresAt.getTime();
  const stillMay = async () => {
    if (until <= Date.now()) throw expired();
  };
  return { key: `qr:${id}`, name, until, stillMay };
};

const expired = () => problem(403, 'qr_expired', 'The QR code has expired, or is not of this browser.', 'channel');
