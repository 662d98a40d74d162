import { z } from 'zod';
import { passwordIs } from '../../../db/passwords.ts';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { atPresentCost } from '../../../db/repositories/password-hashes.ts';
import { factorsOf } from '../../../db/repositories/factors.ts';
import { forgiveTry, knock } from '../../../db/repositories/sign-in-guard.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { assertHuman, captchaForm, CaptchaShown } from '../captcha.ts';
import { keptDevice, networkOf } from '../device.ts';
import { noteAuthorization } from '../note-authorization.ts';
import { isEmail } from '../read-form.ts';
import { defineStep } from '../step.ts';
import { keptClient, type LockedClient, PROOFS_OF_CLIENT } from '../still-welcome.ts';

const Sent = z.strictObject({
  email: z.string().max(254),
  password: z.string().max(1_024),
  device_fingerprint: z.string().max(8_192),
  recaptchaResponse: z.string().max(8_192).nullable().optional(),
});

const Asks = z
  .object({
    recaptcha: CaptchaShown,
    is_qr_available: z.boolean().meta({ description: 'Whether a phone may sign a browser in by a QR code.' }),
    is_password_recovery_available: z.literal(true),
  })
  .meta({ id: 'LoginAsked', description: 'Send `{uuid, email, password, device_fingerprint}` to POST /my/signin.' });

/** E-mail and password. Answers the same, and as fast, for an e-mail that nobody has. */
export const login = defineStep<Record<string, never>, z.output<typeof Sent>>({
  kind: 'login',
  types: ['authorization'],
  settings: z.strictObject({}),
  gives: () => ['client', 'email', 'phone'],
  workflow: () => 'login',
  asks: Asks,
  form: async (asked): Promise<z.input<typeof Asks>> => ({
    recaptcha: await captchaForm(asked),
    is_qr_available: await brokerSetting(asked.db, 'mobile.qrSignIn'),
    is_password_recovery_available: true,
  }),
  sent: Sent,
  check: async (asked, { email: said, password, device_fingerprint: fingerprint, recaptchaResponse }) => {
    const { db, ring, ip } = asked;
    const keep = keptDevice(ring, fingerprint, asked);
    await assertHuman(asked, recaptchaResponse, 'login');
    // No client has other than plain letters there, and they lower differently here and in the database: all of those are nobody's, under one mark.
    const email = isEmail(said.trim()) ? said.trim() : '';
    const asking = { side: 'client', email, network: networkOf(ip) } as const;
    const wait = await knock(db, ring, asking);
    const failed = (reason: string) =>
      noteAuthorization(db, { email, status: 'failure', reason, ip, userAgent: keep.device.userAgent });
    if (wait > 0) {
      await failed('blocked');
      throw new HubFailure(
        'Rejected',
        'too_many_attempts',
        `Too many attempts. Try again in ${Math.ceil(wait / 60)} minutes.`,
        { retryAfter: wait },
      );
    }
    const { rows } = await db.query<Omit<LockedClient, 'email'> & { clientId: number }>(
      `select client_id as "clientId", password_hash as hash, status, must_reset_password as "mustReset", ${PROOFS_OF_CLIENT} as proofs
         from client c where lower(email) = lower($1) and status <> 'deleted'`,
      [email],
    );
    const client = rows[0];
    if (!(await passwordIs(password, client?.hash)) || !client) {
      await failed('bad_credentials');
      throw new HubFailure('Rejected', 'bad_credentials', 'Incorrect email or password.', { field: 'password' });
    }
    await forgiveTry(db, ring, asking);
    if (client.status !== 'active') {
      await failed('inactive');
      throw new HubFailure('Rejected', 'restricted', 'Your profile is not active.', { because: 'client_status' });
    }
    const hash = await atPresentCost(db, { table: 'client', id: client.clientId, hash: client.hash! }, password);
    const factors = await factorsOf(db, client.clientId);
    return {
      keep: { ...keep, ...keptClient(ring, { ...client, hash }), factors },
      facts: {
        clientId: client.clientId,
        factor: factors.length > 1 ? 'choose' : (factors[0] ?? 'none'),
        mustReset: client.mustReset,
      },
    };
  },
});
