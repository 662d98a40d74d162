import { randomUUID } from 'node:crypto';
import { toDataURL } from 'qrcode';
import { z } from 'zod';
import { isMarkOf, keptDevice, markOf } from '../../activities/wizards/device.ts';
import { noteAuthorization } from '../../activities/wizards/note-authorization.ts';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { noteDevice } from '../../db/repositories/devices.ts';
import {
  authorizeChannel,
  findChannel,
  insertChannel,
  isQrWord,
  qrWord,
  useChannel,
} from '../../db/repositories/qr-channels.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { ApiDeps } from '../deps.ts';
import { problem } from '../kit/errors.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { isoTime, text, time } from '../kit/shapes.ts';
import { SignedIn } from './answer-shapes.ts';
import { signedIn } from './answers.ts';
import { callerOf } from './caller.ts';
import { disabled } from './refusals.ts';
import type { WizardHub } from './wizard-hub.ts';

const PREFIX = 'qr.';
const Channel = z
  .string()
  .regex(
    /^qr\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'must be a channel such as qr.36f59381-5b54-48bd-a0c7-3b908c476732',
  )
  .transform((channel) => channel.slice(PREFIX.length))
  .meta({ override: ({ jsonSchema }) => void Object.assign(jsonSchema, { type: 'string' }) });

const common = { tags: ['Sign-in of clients'] as [string], errors: [403, 404] };

/** A client signs in to a browser by the phone on which he is signed in: the browser shows a QR code, the phone reads it and says yes. */
export const qrSignInProcedures = (wizards: WizardHub, { pool, ring, tokens }: ApiDeps): Procedure[] => {
  const assertOffered = async (): Promise<void> => {
    await wizards.defaultDefinition('authorization');
    if (!(await brokerSetting(pool, 'mobile.qrSignIn'))) throw disabled();
  };

  return [
    procedure('GET /my/signin/qrcodes', {
      ...common,
      summary: 'A QR code to sign in with',
      description:
        'The code says `channel`; it is for this browser and a few minutes. `secret` is not in it: the browser waits with it for the phone, `GET /my/signin/qrcodes/{channel}`.',
      access: 'public',
      limit: perActor('60/m'),
      answer: z
        .object({
          channel: z.string(),
          qr: z.string().meta({ description: 'A picture as data: URL.' }),
          expiresAt: time(),
          secret: z.uuid(),
        })
        .meta({ id: 'QrChannel' }),
      handle: async (call) => {
        await assertOffered();
        const id = randomUUID();
        const minutes = await brokerSetting(pool, 'mobile.qrCodeLifetime');
        const expiresAt = await insertChannel(pool, id, markOf(ring, callerOf(call).userAgent), minutes);
        const channel = `${PREFIX}${id}`;
        return {
          channel,
          qr: await toDataURL(channel),
          expiresAt: isoTime(expiresAt),
          secret: qrWord(ring, id, 'secret'),
        };
      },
    }),

    procedure('GET /my/signin/qrcodes/{channel}', {
      ...common,
      summary: 'Whether a phone has said yes',
      description:
        'With the header `channelSecret`, every second or two. `event` is null until then, `qr_authorized` with the `token` afterwards.',
      access: 'public',
      limit: perActor('1200/m'),
      params: z.object({ channel: Channel }),
      answer: z
        .object({ event: z.literal('qr_authorized').nullable(), token: z.uuid().nullable(), expiresAt: time() })
        .meta({ id: 'QrNews' }),
      handle: async ({ params: { channel: id }, req }) => {
        const secret = req.headers['channelsecret'];
        const found = await findChannel(pool, id);
        if (!found || typeof secret !== 'string' || !isQrWord(ring, id, 'secret', secret)) throw expired();
        const isAuthorized = found.clientId !== null;
        return {
          event: isAuthorized ? ('qr_authorized' as const) : null,
          token: isAuthorized ? qrWord(ring, id, 'token') : null,
          expiresAt: isoTime(found.expiresAt),
        };
      },
    }),

    procedure('POST /my/signin/tokens', {
      ...common,
      summary: 'The phone says yes',
      description:
        'By the app in which the client is signed in, once he has said that it is his browser. The same again has the same answer.',
      access: 'client',
      limit: perActor('30/m'),
      errors: [404, 409],
      body: z.strictObject({ channel: Channel }),
      answer: z.object({ token: z.uuid() }).meta({ id: 'QrToken' }),
      handle: ({ actor, body: { channel: id }, requestId }) =>
        inTransaction(pool, async (db) => {
          const found = await authorizeChannel(db, id, { clientId: actor.id, family: actor.family });
          if (!found) throw expired();
          if (found.clientId !== actor.id)
            throw problem(409, 'already_done', 'This code was read by somebody else.', 'channel');
          const client = `client:${actor.id}`;
          await recordAudit(db, { actor: client, action: 'clients.qr-authorize', object: client, requestId });
          return { token: qrWord(ring, id, 'token') };
        }),
    }),

    procedure('POST /my/signin/qrcodes', {
      ...common,
      summary: 'Sign in with a QR code that a phone has read',
      description: 'In the browser that asked for it, once.',
      access: 'public',
      limit: perActor('60/m'),
      body: z.strictObject({ channel: Channel, token: z.uuid('must be a UUID'), device_fingerprint: text(8_192) }),
      answer: SignedIn,
      handle: async (call) => {
        await assertOffered();
        const { channel: id, token, device_fingerprint: fingerprint } = call.body;
        const { ip, userAgent } = callerOf(call);
        const { device } = keptDevice(ring, fingerprint, { ip, userAgent });
        const pair = await inTransaction(pool, async (db) => {
          const found = await findChannel(db, id, 'for update');
          const isHere = found && isMarkOf(ring, found.agentMark, userAgent) && isQrWord(ring, id, 'token', token);
          if (!isHere || found.clientId === null) throw expired();
          const { clientId } = found;
          // Held from here on: a new password comes before all of this, or after it and ends it.
          const { rows } = await db.query<{ mayEnter: boolean }>(
            `update client set logged_at = now() where client_id = $1 returning status = 'active' and not must_reset_password as "mayEnter"`,
            [clientId],
          );
          const deviceMark = Buffer.from(device.deviceMark, 'base64');
          // Before the phone's token, as whoever deletes a device does.
          await noteDevice(db, { ...device, clientId, deviceMark });
          const used = await useChannel(db, id);
          if (!used) throw expired();
          if (!rows[0]?.mayEnter)
            throw new HubFailure('Rejected', 'restricted', 'Your profile is not active.', { because: 'client_status' });
          // Neither password nor code was shown here: what wrong ones closed stays closed, and the place is nobody's own.
          await noteAuthorization(db, { clientId, status: 'success', reason: null, ip, userAgent: device.userAgent });
          return tokens.openOn(
            db,
            { kind: 'client', id: clientId },
            {
              deviceMark,
              agentMark: Buffer.from(device.agentMark, 'base64'),
            },
            used.beganAt,
          );
        });
        return signedIn(id, pair);
      },
    }),
  ];
};

const expired = () =>
  new HubFailure('NotFound', 'qr_expired', 'The QR code has expired. Ask for another.', { field: 'channel' });
